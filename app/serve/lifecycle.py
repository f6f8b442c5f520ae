"""Knows how a service runs until a signal, and how it then ends without losing a request; not what it does."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Callable

from ..console import Console, duration
from ..uvicorn_server import Server, signals
from .routes import Service


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


async def _run(
    service: Service, listener: socket.socket, grace: float, ready: Callable[[], None], console: Console
) -> None:
    intake, began = service.intake, time.monotonic()
    server, asked_to_stop = Server(intake, ready), asyncio.Event()

    def stop() -> None:
        if asked_to_stop.is_set():
            console.say(f"stopped at once: {_requests(intake.unanswered)} unanswered")
            os._exit(1)
        asked_to_stop.set()
        intake.stopping = True
        if intake.in_flight:
            console.say(f"stopping: {_requests(intake.in_flight)} to finish (a second signal stops at once)")

    with signals(stop):
        running = asyncio.create_task(server.serve(sockets=[listener]))
        waiting = asyncio.create_task(asked_to_stop.wait())
        await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(intake.idle(), grace)
        service.batcher.stop()
        server.should_exit = True
        await running
    lost = intake.unanswered  # only now: a reply may have gone out while the server ended
    fate = f"{lost:,} unanswered after {duration(grace)} of grace" if lost else "none lost"
    left = f"{intake.abandoned:,} left by their clients, " if intake.abandoned else ""
    took = duration(time.monotonic() - began)
    console.say(f"stopped after {took}: {_requests(intake.accepted - intake.abandoned - lost)} answered, {left}{fate}")
    if lost:
        os._exit(1)


def _requests(count: int) -> str:
    return "1 request" if count == 1 else f"{count:,} requests"
