"""Knows how one request goes to an OpenAI-compatible server and what came of it; not when to send or to try again."""

import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from yarl import URL

from ...data import SetupError
from ..adapter import Completion, Prompt
from .request import ChatForm, request_body
from .response import Malformed, ServerError, read_completions, read_error
from .retry import Failure, failure_of, retry_after_of


@dataclass(frozen=True)
class Address:
    """Where requests go, and with which key; `repr` does not show the key."""

    base: str
    model: str
    key: str | None = field(default=None, repr=False)

    @property
    def place(self) -> str:
        """What errors name: no key, no path."""
        url = URL(self.base)
        return f"model {self.model!r} at {url.host}:{url.port}"

    def hide(self, text: str) -> str:
        """Return a text without the key: servers like to repeat it."""
        return text.replace(self.key, "***") if self.key else text


class ChatClient:
    """One server's connections, for ``async with`` in one event loop. Knows which form of requests the server takes.

    Args:
        address: Where to and with which key.
        form: How requests are written to begin with.
        timeout: Seconds for one request.

    Attributes:
        form: How requests are written now.
        met: Whether the server ever gave a reply of any kind.
    """

    def __init__(self, address: Address, form: ChatForm, *, timeout: float) -> None:
        """Remember the parts."""
        self.address = address
        self.form = form
        self.met = False
        self._served = False
        self._timeout = timeout
        self._url = URL(f"{address.base}/chat/completions")

    async def __aenter__(self) -> "ChatClient":
        """Open the pool of connections."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self.address.key is not None:
            headers["Authorization"] = f"Bearer {self.address.key}"
        self._proxy = _proxy_of(self._url)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300),  # how many at a time is the gate's decision
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=min(self._timeout, 20.0)),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._session.close()

    async def send(
        self, prompt: Prompt, heads: "Heads", *, choices: int, seed: int | None
    ) -> "tuple[Completion, ...] | Failure | Rewrite":
        """Send one request: its completions (at least one), why there are none, or that it has to be written anew."""
        form = self.form
        seed = seed if form.seeds else None
        body = request_body(heads.head(self.address.model, form), prompt, choices=choices, seed=seed)
        try:
            async with self._session.post(self._url, data=body, allow_redirects=False, proxy=self._proxy) as response:
                reply = await response.read()
        except TimeoutError:
            return Failure("overloaded", f"no answer within {self._timeout:g} s")
        except aiohttp.ClientConnectorError as error:
            return Failure("unreachable", self.address.hide(str(error)))
        except (aiohttp.ClientError, OSError) as error:
            return Failure("broken", self.address.hide(f"{type(error).__name__}: {error}"))
        self.met = True
        if response.status == 200:
            try:
                found = read_completions(reply, choices)
            except Malformed as error:
                return Failure("malformed", self.address.hide(str(error)))
            if not isinstance(found, ServerError):
                self._served = True
                if len(found) < choices:  # the server has a limit of its own: ask for no more from now on
                    self.form = self.form.merged(ChatForm(most=len(found)))
                return found
            status = int(found.code) if found.code.isdigit() else 502
        else:
            found, status = read_error(reply), response.status
        # Some models answer a wish for log-probabilities with 403, as if the key were wrong.
        if status in (400, 422) or (status == 403 and "logprob" in found.said.lower()):
            cured = form.cured(
                said=found.said,
                param=found.param,
                choices=choices,
                seeded=seed is not None,
                alternatives=heads.alternatives(form),
            )
            if cured is not None:
                self.form = self.form.merged(cured)
                return REWRITE
        asked_for = retry_after_of(response.headers, time.time())
        failure = failure_of(status, found, served=self._served, retry_after=asked_for)
        return Failure(failure.kind, self.address.hide(failure.said), failure.cure, failure.retry_after)


@dataclass(frozen=True)
class Rewrite:
    """The server refused the form of a request, not its content: send it again in the client's new form."""


REWRITE = Rewrite()


class Heads:
    """What all requests of a run have in common, written once for each form.

    Args:
        fields: What goes into each request beside model, messages, n and seed.
    """

    def __init__(self, fields: Mapping[str, Any]) -> None:
        """Remember the fields."""
        self._fields = fields
        self._written: dict[ChatForm, str] = {}

    def alternatives(self, form: ChatForm) -> int | None:
        """Return how many alternatives of a token requests ask for, None where they ask for no log-probabilities."""
        if "logprobs" not in self._fields or not form.alternatives:
            return None
        return min(self._fields.get("top_logprobs", 0), form.alternatives)

    def head(self, model: str, form: ChatForm) -> str:
        """Return the beginning of a request."""
        written = self._written.get(form)
        if written is None:
            written = self._written[form] = form.head(model, self._fields)
        return written


def checked_base(api_base: str) -> str:
    """Return an API's address without its last slash, after a look at what people write instead.

    Raises:
        SetupError: If it is no address, or has a key or a query in it.
    """
    place, cure = "api_base", "Give an address such as http://127.0.0.1:8000/v1."
    written = api_base.strip()
    try:
        url = URL(written)
    except ValueError:
        raise SetupError("is no address", place=place, cure=cure) from None
    if url.scheme not in ("http", "https") or not url.host:
        raise SetupError("does not begin with http:// or https:// and a host", place=place, cure=cure)
    if url.user is not None or url.password is not None or url.query_string or url.fragment:
        cure = "Give the address alone, and a key as api_key= or in the environment."
        raise SetupError("has more in it than an address (a user, a password or a query)", place=place, cure=cure)
    return written.rstrip("/").removesuffix("/chat/completions")


def _proxy_of(url: URL) -> str | None:
    """Return the proxy that the environment names for an address; looked up once, because it is slow."""
    host = "" if url.host is None else url.host
    if host in ("127.0.0.1", "localhost", "::1") or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(url.scheme)
