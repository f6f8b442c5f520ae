"""Knows which vLLM servers run in this process and who uses them; does not know what they are asked."""

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .server import VLLMServer

MODEL, ADAPTER = "model", "adapter"
"""What requests call the two on a shared server."""


@dataclass(frozen=True)
class ServerWish:
    """A server as its users want it: two who want the same share one.

    Attributes:
        model: Folder of the model.
        adapter: Folder of a LoRA adapter for it, or None.
        python: An interpreter with vLLM, or None.
        options: Further words for vLLM's command line.
    """

    model: Path
    adapter: Path | None = None
    python: str | None = None
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What requests call it."""
        return MODEL if self.adapter is None else ADAPTER


@dataclass
class _Shared:
    server: VLLMServer
    users: int = 0


@dataclass
class _Servers:
    lock: Any = field(default_factory=threading.RLock)  # the garbage collector may give back within a borrow
    running: dict[ServerWish, _Shared] = field(default_factory=dict)


_SERVERS = _Servers()


def borrow(wanted: ServerWish) -> VLLMServer:
    """Return a running server; it is started for its first user, which takes about a minute.

    Raises:
        InputError: If model or adapter cannot be used.
        SetupError: If it does not start.
    """
    with _SERVERS.lock:
        shared = _SERVERS.running.get(wanted)
        if shared is None:
            adapters = {} if wanted.adapter is None else {ADAPTER: wanted.adapter}
            server = VLLMServer(wanted.model, adapters, name=MODEL, python=wanted.python, options=wanted.options)
            shared = _SERVERS.running[wanted] = _Shared(server)
        shared.users += 1
    try:
        shared.server.start()  # whoever comes second waits here
    except BaseException:
        give_back(wanted)
        raise
    return shared.server


def give_back(wanted: ServerWish) -> None:
    """Say that one user is done; the server ends with its last one."""
    with _SERVERS.lock:
        shared = _SERVERS.running[wanted]
        shared.users -= 1
        if shared.users == 0:
            del _SERVERS.running[wanted]
            shared.server.stop()
