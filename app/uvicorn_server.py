"""Knows how uvicorn serves an application here, and how signals reach whoever runs it; not what is served."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_KEPT_ALIVE = 75
"""Seconds that an idle connection is kept: longer than clients keep theirs, so that it is they who close it and no
request is sent into a connection that is being closed."""
_LAST_WORDS = 2
"""Seconds for replies that are still on their way when everything else has ended."""


class Server(uvicorn.Server):
    """uvicorn without its way with signals, which ends the process by the signal and not with 0.

    Args:
        app: The ASGI application; it logs what goes wrong itself, without the texts of items.
        ready: Called once requests are taken.
    """

    def __init__(self, app: Any, ready: Callable[[], None]) -> None:
        """Set uvicorn up."""
        config = uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEPT_ALIVE,
            timeout_graceful_shutdown=_LAST_WORDS,
        )
        super().__init__(config)
        self._ready = ready

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self._ready()


@contextlib.contextmanager
def signals(stop: Callable[[], None]) -> Iterator[None]:
    """Have the running loop call a function at each SIGINT and SIGTERM."""
    loop = asyncio.get_running_loop()

    def heard(*_: Any) -> None:
        loop.call_soon_threadsafe(stop)

    before = {one: signal.signal(one, heard) for one in _SIGNALS}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
