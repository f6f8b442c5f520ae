"""Knows which requests may reach the review page, and what browsers may do with its answers; not what is on it."""

import hashlib
import hmac
import logging
import secrets
import traceback
from collections.abc import Callable, Mapping, MutableMapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from ..listening import LOOPBACK
from ..serve import Refused, failed

logger = logging.getLogger(__name__)

SIGN_IN = "/sign-in"
COOKIE = "accord_review"
LONGEST_BODY = 64 * 1024
"""Bytes of a request."""

_Scope = MutableMapping[str, Any]

Refuse = Callable[[_Scope, Refused], Response]
"""Makes the answer to a request that is refused."""


class ReviewGuard:
    """An ASGI application around another one, which sees only requests of its own pages by people who may.

    A page that only this machine reaches answers to the names of this machine alone: another site's name that was made
    to lead here (DNS rebinding) is refused. What is written must come from the page itself, by its Origin. With a
    token, everything but signing in needs it, as a bearer token or as the cookie that signing in sets.

    Args:
        app: The application inside.
        refuse: Makes the answer to what is refused.
        local: Whether only this machine reaches it.
        token: The token, or None.
    """

    def __init__(self, app: Any, refuse: Refuse, *, local: bool, token: str | None) -> None:
        """Remember the rules."""
        self._app = app
        self._refuse = refuse
        self._local = local
        self._token = token

    @property
    def cookie(self) -> str:
        """What the cookie of somebody who signed in holds: it stays the same when the server is started again."""
        key = "" if self._token is None else self._token
        return hmac.new(key.encode(), b"accord review", hashlib.sha256).hexdigest()

    def opens(self, token: str) -> bool:
        """Tell whether a token is the right one."""
        return self._token is not None and hmac.compare_digest(token.strip().encode(), self._token.encode())

    async def __call__(self, scope: _Scope, receive: Any, send: Any) -> None:
        """Answer one request, or let the application do it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["nonce"] = secrets.token_urlsafe(16)
        begun = False

        async def guarded(event: MutableMapping[str, Any]) -> None:
            nonlocal begun
            if event["type"] == "http.response.start":
                begun = True
                event = {**event, "headers": [*event.get("headers", []), *_headers(scope["nonce"])]}
            await send(event)

        try:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            self._check(scope, headers)
            if self._token is None or scope["path"] == SIGN_IN or self._signed_in(headers):
                await self._app(scope, receive, guarded)
            elif scope["method"] in ("GET", "HEAD"):
                await RedirectResponse(SIGN_IN, status_code=303)(scope, receive, guarded)
            else:
                message = "You are not signed in. Load the page again; what you wrote stays in it."
                raise Refused(401, "unauthorized", message, headers={"WWW-Authenticate": "Bearer"})
        except Refused as refused:
            await self._refuse(scope, refused)(scope, receive, guarded)
        except Exception as error:
            # Where it happened, not what was said: messages may hold the text of an item.
            where = "".join(traceback.format_tb(error.__traceback__))
            logger.error("a request to the review page failed: %s\n%s", type(error).__name__, where)
            if not begun:
                await self._refuse(scope, failed(error))(scope, receive, guarded)

    def _check(self, scope: _Scope, headers: Mapping[str, str]) -> None:
        host = headers.get("host", "")
        if self._local and _name(host) not in LOOPBACK:
            names = ", ".join(LOOPBACK[:2])
            raise Refused(421, "wrong_host", f"This page answers to {names} only, not to {_name(host)[:60]!r}.")
        if scope["method"] in ("GET", "HEAD"):
            return
        origin = headers.get("origin", "")
        if not origin or urlsplit(origin).netloc.lower() != host.lower():
            raise Refused(403, "wrong_origin", "What is saved here must come from this page itself.")
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdigit()):
            raise Refused(411, "no_length", "The request does not say how long it is.", headers={"Connection": "close"})
        if int(length) > LONGEST_BODY:
            what = f"That is more than {LONGEST_BODY:,} bytes. Write less."
            raise Refused(413, "body_too_large", what, headers={"Connection": "close"})

    def _signed_in(self, headers: Mapping[str, str]) -> bool:
        kind, _, token = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self.opens(token)
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(found.value.encode(), self.cookie.encode())


def _name(host: str) -> str:
    """Return the name in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _headers(nonce: str) -> list[tuple[bytes, bytes]]:
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return [
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"same-origin"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"cache-control", b"no-store"),
    ]
