"""Knows what has to be there before a run is reviewed: port, token, extra, traces; not what the page does."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data import Choices, SetupError
from ...programs import need
from ..console import Console
from ..listening import LOOPBACK, bracketed, listen, token_from
from .apply_choices import CHOICES_FILE


@dataclass(frozen=True)
class Reviewing:
    """How a run is reviewed.

    Attributes:
        host: The address to listen at.
        port: The port; 0 takes a free one.
        token_env: The environment variable that has the token, or None for no token.
        reviewer: Whose page is opened first, or None to ask for a name.
    """

    host: str = "127.0.0.1"
    port: int = 8001
    token_env: str | None = None
    reviewer: str | None = None


def review_run(run: Path, reviewing: Reviewing, console: Console) -> None:
    """Serve the review page of a run until SIGINT or SIGTERM.

    One line on stdout says where, once requests are taken. Choices are in ``review.sqlite`` in the run directory, each
    before it is acknowledged, so there is nothing to finish when the server stops.

    Args:
        run: The run directory.
        reviewing: Where and for whom.
        console: Where to say what is going on.

    Raises:
        InputError: If the run has nothing to review, or the name is none.
        SetupError: If the port is taken, another server has the run, the token is missing, or the extra is.
    """
    for module in ("fastapi", "uvicorn"):
        need(module, "serve", "to review a run")
    local = reviewing.host in LOOPBACK
    if not local and reviewing.token_env is None:
        cure = "Give --token-env NAME, the environment variable that has the token people sign in with."
        raise SetupError("others could read and change the review", place=f"--host {reviewing.host}", cure=cure)
    token = None if reviewing.token_env is None else token_from(reviewing.token_env)
    from .desk import ReviewDesk, checked_name  # needs the extra
    from .material import read_material
    from .routes import make_review

    reviewer = None if reviewing.reviewer is None else checked_name(reviewing.reviewer)
    read_material(run)  # before a file is made beside it
    with (
        Choices(run / CHOICES_FILE) as choices,
        contextlib.closing(listen(reviewing.host, reviewing.port)) as listener,
    ):
        desk = ReviewDesk(run, choices)
        page = make_review(desk, local=local, token=token, reviewer=reviewer)
        address = f"http://{bracketed(reviewing.host)}:{listener.getsockname()[1]}"
        asyncio.run(_serve(page, listener, lambda: console.print(f"reviewing {run} on {address}", wrap=False)))
        standing = len(choices.standing())
    said = "1 choice" if standing == 1 else f"{standing:,} choices"
    console.say(f"stopped: {said} in {run / CHOICES_FILE}; 'accord compile' on this run uses them")


async def _serve(page: Any, listener: socket.socket, ready: Callable[[], None]) -> None:
    from ..uvicorn_server import Server, signals

    server = Server(page, ready)

    def stop() -> None:
        server.should_exit = True

    with signals(stop):
        await server.serve(sockets=[listener])
