"""Knows how a service runs until a signal, and how it then ends without losing a request; not what it does."""

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from .console import Console, duration
from .service import Service

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_KEPT_ALIVE = 75
"""Seconds that an idle connection is kept: longer than clients keep theirs, so that it is they who close it and no
request is sent into a connection that is being closed."""
_LAST_WORDS = 2
"""Seconds for replies that are still on their way when everything else has ended."""


def run_service(
    service: Service, listener: socket.socket, grace: float, ready: Callable[[], None], console: Console
) -> None:
    """Serve until SIGINT or SIGTERM, then refuse new requests and finish those that were accepted.

    Returns when every accepted request was answered. Otherwise, after the grace or a second signal, the process ends
    with 1: a model at work in another thread cannot be called back.

    Args:
        service: What is served.
        listener: A bound socket.
        grace: Seconds to finish.
        ready: Called once requests are taken.
        console: Where to say how it ends.
    """
    asyncio.run(_run(service, listener, grace, ready, console))


class _Server(uvicorn.Server):
    """uvicorn without its way with signals, which ends the process by the signal and not with 0."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


async def _run(
    service: Service, listener: socket.socket, grace: float, ready: Callable[[], None], console: Console
) -> None:
    intake, began = service.intake, time.monotonic()
    config = uvicorn.Config(
        intake,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",  # what goes wrong is logged by the intake, without the texts of items
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEPT_ALIVE,
        timeout_graceful_shutdown=_LAST_WORDS,
    )
    server, asked_to_stop = _Server(config, ready), asyncio.Event()

    def stop() -> None:
        if asked_to_stop.is_set():
            console.say(f"stopped at once: {_requests(intake.in_flight)} unanswered")
            os._exit(1)
        asked_to_stop.set()
        intake.stopping = True
        if intake.in_flight:
            console.say(f"stopping: {_requests(intake.in_flight)} to finish (a second signal stops at once)")

    with _signals(stop):
        running = asyncio.create_task(server.serve(sockets=[listener]))
        waiting = asyncio.create_task(asked_to_stop.wait())
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(intake.idle(), grace)
        lost = intake.in_flight
        service.batcher.stop()
        server.should_exit = True
        await running
    fate = f"{lost:,} unanswered after {duration(grace)} of grace" if lost else "none lost"
    left = f"{intake.abandoned:,} left by their clients, " if intake.abandoned else ""
    took = duration(time.monotonic() - began)
    console.say(f"stopped after {took}: {_requests(intake.accepted - intake.abandoned - lost)} answered, {left}{fate}")
    if lost:
        os._exit(1)


@contextlib.contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    """Have the loop call a function at each signal."""
    loop = asyncio.get_running_loop()

    def heard(*_: Any) -> None:
        loop.call_soon_threadsafe(stop)

    before = {one: signal.signal(one, heard) for one in _SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count:,} requests"
