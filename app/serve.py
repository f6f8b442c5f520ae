"""Knows what has to be there before a rater is served: port, token, extra, rater and model; not how it is served."""

import contextlib
import errno
import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..data import SetupError
from ..programs import Patience, Rater, VLLMEngine, need, on_vllm, resolve_model
from .console import Console

Engine = Literal["saved", "vllm"]
"""What runs a rater's model: what it was saved with, or vLLM."""

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
        engine: ``vllm`` puts the rater's model on a vLLM server of its own, which ends with this one.
        grace: Seconds to finish what was accepted when the server is to stop.
        items: The most items of one request.
        bytes: The longest body.
        queue: Items that may wait.
        base: Where the rater's base model is, if it was moved.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token_env: str | None = None
    model: str | None = None
    api_base: str | None = None
    engine: Engine = "saved"
    grace: float = 30.0
    items: int = 256
    bytes: int = 2**20
    queue: int = 2048
    base: Path | None = None


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
        rater = _load(folder, serving)
        if serving.engine == "vllm":
            rater = on_vllm(rater)
        from .service import Limits, make_service  # needs the extra
        from .service_run import run_service

        name = folder.resolve().name
        limits = Limits(serving.items, serving.bytes, serving.queue)
        service = make_service(rater, name, limits=limits, token=token)
        with console.stage("loading the model"):
            if isinstance(rater.lm.engine, VLLMEngine):
                rater.lm.engine.open()
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


def _load(folder: Path, serving: Serving) -> Rater:
    """Load a rater, with another model or with its own on a server, where that is wanted.

    What asks another model needs neither the rater's base model nor the extra that runs one.
    """
    saved = _saved_model(folder)
    if not saved or (serving.model is None and serving.api_base is None):
        rater = Rater.load(folder, base=serving.base)
        if rater.own_lm is None:
            raise _without_model(saved.get("server"), str(folder))
        return rater
    name = next((name for name in (serving.model, saved.get("server"), saved["name"]) if name is not None), None)
    if name is None:
        raise _without_model(None, str(folder))
    if serving.api_base is None:
        return Rater.load(folder, lm=resolve_model(name), base=serving.base)
    if name == "local" or name.startswith("local/") or (serving.model is None and "weights" in saved):
        cure = "Leave --api-base out, or give --model with the model's name on the server."
        raise SetupError(f"the model {name!r} runs in this process", place=str(folder), cure=cure)
    limit = saved.get("max_tokens", saved.get("options", {}).get("max_tokens"))
    options: dict[str, Any] = {} if limit is None else {"max_tokens": limit}
    lm = resolve_model(name, api_base=serving.api_base, patience=_PATIENCE, **options)
    return Rater.load(folder, lm=lm, base=serving.base)


def _without_model(server: str | None, place: str) -> SetupError:
    if server is None:
        cure = "Give --model NAME, and --api-base URL where it is on a server of your own."
        return SetupError("the rater was saved without a model", place=place, cure=cure)
    what = f"the rater's model {server!r} is on a server whose address is not saved"
    return SetupError(what, place=place, cure="Give it with --api-base URL.")


def _saved_model(folder: Path) -> dict[str, Any]:
    """Return what is saved of the rater's model; nothing where it cannot be read, which `Rater.load` will explain."""
    try:
        return dict(json.loads((folder / "rater.json").read_text(encoding="utf-8"))["model"])
    except (KeyError, OSError, TypeError, ValueError):
        return {}


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
