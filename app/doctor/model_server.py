"""Knows how to ask an OpenAI-compatible server which models it has, and why it does not say; asks it nothing else."""

import asyncio
import json
import os
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from .models import without_secrets
from .record import Line, LineState, counted

SECONDS = 5.0
"""How long a server may take."""

_MOST_BYTES = 4_000_000
_SHOWN = 6
_KEY = "OPENAI_API_KEY"
_CHECK = "check the address: it mostly ends in /v1"
_START = "start the server, or check the address"


def checked_address(api_base: str) -> str:
    """Return a server's address without its last slash.

    Raises:
        SetupError: If it is none.
    """
    from ...data import SetupError
    from ...programs.openai_client import checked_base

    try:
        return checked_base(api_base)
    except SetupError as error:
        cure = f"Give the address alone, e.g. http://127.0.0.1:8000/v1; a key belongs into {_KEY}."
        raise SetupError(error.what, place="--api-base", cure=cure) from None


def server(address: str) -> Line:
    """Say which models a server has, or why it cannot be reached.

    It is asked with the key that Accord would use, ``OPENAI_API_KEY``. What it says of itself is not shown but for the
    names of its models: servers repeat keys.

    Args:
        address: Its checked address.
    """
    key = os.environ.get(_KEY, "").strip()
    state, said, cure, models = asyncio.run(_asked(address, key))
    figures = {"address": address, "models": models, "key": _KEY if key else None}
    return Line("server", state, f"{address} {said}", cure, figures=figures)


_Answer = tuple[LineState, str, str | None, list[str]]


async def _asked(address: str, key: str) -> _Answer:
    import aiohttp

    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
    limit = aiohttp.ClientTimeout(total=SECONDS)
    try:
        async with (
            aiohttp.ClientSession(headers=headers, timeout=limit, cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(f"{address}/models", allow_redirects=False, proxy=_proxy(address)) as response,
        ):
            if response.status != 200:
                return _refused(response.status, key)
            body = b""
            async for piece in response.content.iter_chunked(65_536):
                body += piece
                if len(body) > _MOST_BYTES:
                    return "wrong", f"lists more than {_MOST_BYTES // 10**6} MB of models", _CHECK, []
            return _listed(body)
    except TimeoutError:
        return "wrong", f"does not answer within {SECONDS:g} s", _START, []
    except aiohttp.ClientConnectorDNSError:
        return "wrong", "is on no host that is known here", "check the address and the network", []
    except aiohttp.ClientConnectorCertificateError:
        return "wrong", "has a certificate that is not trusted here", "export SSL_CERT_FILE=/its/authority.pem", []
    except aiohttp.ClientProxyConnectionError:
        return "wrong", "is behind a proxy that does not answer", "export NO_PROXY=its.host, or mend the proxy", []
    except aiohttp.ClientConnectorError as error:
        reason = os.strerror(error.errno).lower() if error.errno else "no connection"
        return "wrong", f"cannot be reached: {reason}", _START, []
    except (aiohttp.ClientError, OSError) as error:
        return "wrong", f"does not speak HTTP as it should ({type(error).__name__})", _CHECK, []


def _refused(status: int, key: str) -> _Answer:
    """Say what a status other than 200 means here."""
    if status in (401, 403):
        said = f"refuses the key in {_KEY}" if key else "asks for a key"
        return "wrong", f"{said} (HTTP {status})", f"export {_KEY}='the server's key'", []
    if 300 <= status < 400:
        return "wrong", f"sends requests elsewhere (HTTP {status})", "give the address that it sends them to", []
    if status in (404, 405, 410):
        return "wrong", f"has no list of models (HTTP {status} for /models)", _CHECK, []
    if status in (429, 503):
        return "wrong", f"is there and busy (HTTP {status})", "run again later", []
    return "wrong", f"answers HTTP {status}", "look at the server's log", []


def _listed(body: bytes) -> _Answer:
    """Read the reply of a server that answered."""
    try:
        listed: Any = json.loads(body)["data"]
        models = [without_secrets(str(one["id"])) for one in listed]
    except (ValueError, LookupError, TypeError):
        return "wrong", "answers, but not as an OpenAI-compatible server does", _CHECK, []
    if not models:
        return "wrong", "is there and has no model", "have the server load a model", []
    more = f" and {len(models) - _SHOWN:,} more" if len(models) > _SHOWN else ""
    return "ok", f"has {counted(len(models), 'model')}: {', '.join(models[:_SHOWN])}{more}", None, models


def _proxy(address: str) -> str | None:
    """Return the proxy for an address: as for raters, none on this machine, else what the environment names."""
    url = urlsplit(address)
    host = url.hostname or ""
    if host in ("127.0.0.1", "localhost", "::1") or urllib.request.proxy_bypass(host):
        return None
    return urllib.request.getproxies().get(url.scheme)
