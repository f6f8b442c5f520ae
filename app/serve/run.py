"""Knows what has to be there before a rater is served: port, token, extra, rater and model; not how it is served."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from ...data import SetupError
from ...programs import Patience, Rater, VLLMEngine, need
from ..console import Console
from ..listening import LOOPBACK, bracketed, listen, token_from
from ..rater_options import ModelChoice, load_rater

_PATIENCE = Patience(attempts=8, seconds=30.0)
"""With the server that has the rater's model: somebody is waiting."""


@dataclass(frozen=True)
class Serving:
    """How a rater is served.

    Attributes:
        host: The address to listen at.
        port: The port; 0 takes a free one.
        token_env: The environment variable that has the token, or None for no token.
        choice: The rater's model.
        grace: Seconds to finish what was accepted when the server is to stop.
        items: The most items of one request.
        bytes: The longest body.
        queue: Items that may wait.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token_env: str | None = None
    choice: ModelChoice = ModelChoice()
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
    token = None if serving.token_env is None else token_from(serving.token_env)
    with contextlib.closing(listen(serving.host, serving.port)) as listener:
        rater = load_rater(folder, Rater.load, serving.choice, patience=_PATIENCE)
        from .lifecycle import run_service
        from .routes import RequestLimits, make_service  # needs the extra

        name = folder.resolve().name
        limits = RequestLimits(serving.items, serving.bytes, serving.queue)
        service = make_service(rater, name, limits=limits, token=token)
        with console.stage("loading the model"):
            if isinstance(rater.lm.engine, VLLMEngine):
                rater.lm.engine.open()
            service.answering.warm_up()
        if token is None and serving.host not in LOOPBACK:
            console.say(f"Without --token-env, whoever reaches {serving.host} can use this rater.")
        say = f"serving {name} on http://{bracketed(serving.host)}:{listener.getsockname()[1]}"
        run_service(service, listener, serving.grace, lambda: console.print(say, wrap=False), console)
