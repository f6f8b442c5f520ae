"""Knows what has to be there before a rater is served: port, token, extra, rater and model; not how it is served."""

import contextlib
import errno
import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..data import SetupError
from ..programs import Patience, Rater, need, resolve_model
from .console import Console

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PATIENCE = Patience(attempts=8, seconds=30.0)
"""With the server that has the rater's model: somebody is waiting."""


@dataclass(frozen=True)
class Serving:
    """How a rater is served.

    Attributes:
        host: The address to listen at.
        port: The port; 0 takes a free one.
        token_env: The environment variable that has the token, or None for no token.
        model: The model to use instead of the saved one, or None.
        api_base: The address of the OpenAI-compatible server that has the model, or None for the model's own.
        grace: Seconds to finish what was accepted when the server is to stop.
        items: The most items of one request.
        bytes: The longest body.
        queue: Items that may wait.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token_env: str | None = None
    model: str | None = None
    api_base: str | None = None
    grace: float = 30.0
    items: int = 256
    bytes: int = 2**20
    queue: int = 2048


def serve_rater(folder: Path, serving: Serving, console: Console) -> None:
    """Serve until SIGINT or SIGTERM; then finish what was accepted.

    One line on stdout says where, once requests are taken. While the server stops, it refuses new requests with 503; a
    second signal, or the end of `Serving.grace`, ends the process with 1 and requests unanswered.

    Args:
        folder: The rater's directory.
        serving: Where and how.
        console: Where to say what is going on.

    Raises:
        InputError: If the rater cannot be loaded.
        SetupError: If the port is taken, the token's variable is not set, or an extra or the model is missing.
    """
    for module in ("fastapi", "uvicorn", "prometheus_client"):
        need(module, "serve", "to serve a rater")
    if serving.queue < serving.items:
        cure = f"Give --queue {serving.items} or more, or a smaller --max-items."
        raise SetupError(f"--queue {serving.queue} is less than one request may hold", place="serve", cure=cure)
    token = None if serving.token_env is None else _token(serving.token_env)
    with contextlib.closing(_listen(serving.host, serving.port)) as listener:
        rater = _load(folder, serving.model, serving.api_base)
        from .service import Limits, make_service  # needs the extra
        from .service_run import run_service

        name = folder.resolve().name
        limits = Limits(serving.items, serving.bytes, serving.queue)
        service = make_service(rater, name, limits=limits, token=token)
        with console.stage("loading the model"):
            service.answering.warm_up()
        if token is None and serving.host not in _LOOPBACK:
            console.say(f"Without --token-env, whoever reaches {serving.host} can use this rater.")
        say = f"serving {name} on http://{_bracketed(serving.host)}:{listener.getsockname()[1]}"
        run_service(service, listener, serving.grace, lambda: console.print(say, wrap=False), console)


def _token(variable: str) -> str:
    """Return the token that an environment variable has."""
    token = os.environ.get(variable, "").strip()
    if not token:
        cure = "Set it to the token that clients must send; it is not given on the command line, where others see it."
        raise SetupError("the environment variable is not set or empty", place=f"--token-env {variable}", cure=cure)
    if not token.isascii() or not token.isprintable() or " " in token:
        cure = "Use printable ASCII characters without blanks."
        raise SetupError("the token cannot be sent in a header", place=f"--token-env {variable}", cure=cure)
    return token


def _listen(host: str, port: int) -> socket.socket:
    """Take a port; connections are refused until the service runs."""
    place, listener = f"{_bracketed(host)}:{port}", None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        if os.name == "posix":  # elsewhere it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        if listener is not None:
            listener.close()
        if isinstance(error, socket.gaierror):
            cure = "Give an address of this machine, such as 127.0.0.1."
            raise SetupError("there is no such address", place=f"--host {host}", cure=cure) from None
        cures = {
            errno.EADDRINUSE: "Give another with --port, or --port 0 for a free one.",
            errno.EACCES: "Ports below 1024 are reserved: give a higher one with --port.",
            errno.EADDRNOTAVAIL: "Give an address of this machine with --host, such as 127.0.0.1.",
        }
        known = error.errno in cures
        what = "the port is taken" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        cure = cures[error.errno] if known and error.errno is not None else "Give another with --port or --host."
        raise SetupError(what, place=place, cure=cure) from None
    return listener


def _load(folder: Path, model: str | None, api_base: str | None) -> Rater:
    """Load a rater, with another model or with its own on a server, where that is wanted."""
    rater = Rater.load(folder)
    lm, place = rater.own_lm, str(folder)
    saved = _server_model(folder) if lm is None else lm.model
    name = saved if model is None else model
    if name is None:
        cure = "Give --model NAME, and --api-base URL where it is on a server of your own."
        raise SetupError("the rater was saved without a model", place=place, cure=cure)
    if api_base is None:
        if lm is None and model is None:
            what = f"the rater's model {name!r} is on a server whose address is not saved"
            raise SetupError(what, place=place, cure="Give it with --api-base URL.")
        if model is not None:
            rater.set_lm(resolve_model(model))
        return rater
    if name == "local" or name.startswith("local/"):
        cure = "Leave --api-base out, or give --model with the model's name on the server."
        raise SetupError(f"the model {name!r} runs in this process", place=place, cure=cure)
    limit = None if lm is None else lm.kwargs.get("max_tokens")
    options: dict[str, Any] = {} if limit is None else {"max_tokens": limit}
    rater.set_lm(resolve_model(name, api_base=api_base, patience=_PATIENCE, **options))
    return rater


def _server_model(folder: Path) -> str | None:
    """Return the name of the model on a server that a rater was saved with; the address is not saved."""
    record = json.loads((folder / "rater.json").read_text(encoding="utf-8"))
    return record["model"].get("server")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
