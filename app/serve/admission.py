"""Knows which requests are let in (token, size, kind, not while stopping), counts their answers; not what they ask."""

import asyncio
import hmac
import logging
import time
import traceback
from collections.abc import Collection, MutableMapping
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from .errors import UNAVAILABLE, Refused, draining, failed, not_json_type, slow_body, too_long, unauthorized
from .metrics import Metrics

logger = logging.getLogger(__name__)

_Scope = MutableMapping[str, Any]

OPEN = "/healthz"
"""The route that needs no token and answers while the server stops."""

_DISCARDED = 16 * 2**20
"""Bytes beyond the limit that are read and thrown away: a client that is still sending would not see the refusal."""
_BODY_SECONDS = 30.0
_GONE = 499
"""What is counted where the client left; the status that nginx gave to this."""


class ClientGone(Exception):
    """The client has closed the connection; nobody waits for an answer."""


class Intake:
    """An ASGI application around another one, which sees only requests that may come in, with their bodies whole.

    Args:
        app: The application inside.
        metrics: Where requests are counted.
        routes: The known paths; others are counted together.
        max_bytes: The longest body.
        token: The bearer token that requests must carry, or None.

    Attributes:
        stopping: Whether new requests are refused.
        accepted: Requests that came in.
        answered: Of these, how many got their answer; those whose client left are neither answered nor lost.
        abandoned: Of these, how many were left by their client.
        dropped: Of these, how many were refused in the end, because the rater was stopped before it came to them.
    """

    def __init__(
        self, app: Any, metrics: Metrics, *, routes: Collection[str], max_bytes: int, token: str | None = None
    ) -> None:
        """Remember the rules."""
        self.stopping = False
        self.accepted = 0
        self.answered = 0
        self.abandoned = 0
        self.dropped = 0
        self._app = app
        self._metrics = metrics
        self._routes = frozenset(routes)
        self._max_bytes = max_bytes
        self._token = None if token is None else token.encode()
        self._idle = asyncio.Event()
        self._idle.set()

    @property
    def in_flight(self) -> int:
        """Requests that came in and are being answered."""
        return self.unanswered - self.dropped

    @property
    def unanswered(self) -> int:
        """Requests that came in and have no answer, whether or not they still wait for one."""
        return self.accepted - self.answered - self.abandoned

    async def idle(self) -> None:
        """Wait until nothing is being answered."""
        await self._idle.wait()

    async def __call__(self, scope: _Scope, receive: Any, send: Any) -> None:
        """Answer one request, or let the application do it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route = scope["path"] if scope["path"] in self._routes else "other"
        began, reply = time.monotonic(), _Reply(send, self)
        self._metrics.came()
        try:
            body = await self._body(scope, receive)
            await self._answer(scope, _replayed(body, receive), reply)
        except Refused as refused:
            await reply.refuse(refused, scope, receive)
        except ClientGone:
            reply.status = _GONE
        except Exception as error:
            # Where it happened, not what was said: messages may hold the text of an item.
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("a request to %s failed: %s\n%s", route, type(error).__name__, where)
            await reply.refuse(failed(error), scope, receive)
        finally:
            self._metrics.went(route, reply.status, time.monotonic() - began)

    async def _answer(self, scope: _Scope, receive: Any, reply: "_Reply") -> None:
        """Let the application answer, and count what becomes of the request."""
        if scope["path"] == OPEN:
            await self._app(scope, receive, reply)
            return
        self.accepted += 1
        self._idle.clear()
        try:
            await self._app(scope, receive, reply)
            if reply.status == UNAVAILABLE:
                self.dropped += 1
            else:
                self.answered += 1
        except ClientGone:
            self.abandoned += 1
            raise
        except Exception:
            self.answered += 1  # with the server's fault as the answer
            raise
        finally:
            if not self.in_flight:
                self._idle.set()

    def _refusal(self, scope: _Scope, headers: Headers) -> Refused | None:
        """Return why a request may not come in, as far as its head tells."""
        if scope["path"] == OPEN:
            return None
        given = headers.get("authorization", "")
        if self._token is not None and not _bears(given, self._token):
            return unauthorized(given)
        if self.stopping:
            return draining()
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if scope["method"] == "POST" and scope["path"] in self._routes and not _is_json(kind):
            return not_json_type(kind)
        return None

    async def _body(self, scope: _Scope, receive: Any) -> bytes:
        """Read a body, at most so many bytes; what is too long is thrown away up to a limit, so that clients listen."""
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        written = headers.get("content-length", "")
        declared = int(written) if written.isascii() and written.isdigit() else 0
        limit, body = self._max_bytes, bytearray()
        length, more = 0, scope["method"] not in ("GET", "HEAD")
        if more and declared > limit and ("expect" in headers or declared > limit + _DISCARDED):
            raise too_long(limit)
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                while more and length <= limit + _DISCARDED:
                    event = await receive()
                    if event["type"] == "http.disconnect":
                        raise ClientGone
                    chunk = event.get("body", b"")
                    length += len(chunk)
                    if refusal is None and length <= limit:
                        body += chunk
                    more = event.get("more_body", False)
        except TimeoutError:
            raise slow_body(_BODY_SECONDS) from None
        if refusal is not None:
            raise refusal
        if length > limit:
            raise too_long(limit)
        return bytes(body)


def _replayed(body: bytes, receive: Any) -> Any:
    """Return what gives a body that was read once more, and then what follows it."""
    events = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Any:
        return events.pop() if events else await receive()

    return replay


class _Reply:
    """What goes back to the client: remembers its status, and closes connections while the server stops."""

    def __init__(self, send: Any, intake: Intake) -> None:
        self.status = 500
        self._send = send
        self._intake = intake
        self._begun = False

    async def __call__(self, event: MutableMapping[str, Any]) -> None:
        if event["type"] == "http.response.start":
            self.status = event["status"]
            self._begun = True
            if self._intake.stopping:
                others = [pair for pair in event.get("headers", []) if pair[0] != b"connection"]
                event = {**event, "headers": [*others, (b"connection", b"close")]}
        await self._send(event)

    async def refuse(self, refused: Refused, scope: _Scope, receive: Any) -> None:
        """Send a refusal, unless an answer has begun."""
        if not self._begun:
            await as_json(refused)(scope, receive, self)


def as_json(refused: Refused) -> JSONResponse:
    """Return the reply that a refusal is."""
    return JSONResponse(refused.refusal.model_dump(), refused.status, refused.headers)


def _bears(given: str, token: bytes) -> bool:
    """Tell whether an Authorization header has the token; its scheme may be written in any case (RFC 9110, 11.1)."""
    scheme, _, credentials = given.partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(credentials.strip(" ").encode("latin-1"), token)


def _is_json(kind: str) -> bool:
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))
