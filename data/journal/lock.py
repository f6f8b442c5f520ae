"""Knows how one process at a time holds a journal, or another file; does not know what is in it."""

import os
from contextlib import suppress
from pathlib import Path

from ..errors import SetupError

_WAIT = "Wait until it ends, or use another run directory."

_NUMBER_AT = 1
"""Byte from which the holder's number stands. The first is what is locked, and on Windows nobody else can read it."""


class Lock:
    """A file that this process holds; the system gives it back when the process ends, however it ends.

    Args:
        descriptor: What holds it, open and locked.
    """

    def __init__(self, descriptor: int) -> None:
        """Take the descriptor over."""
        self._descriptor: int | None = descriptor
        self._holder = os.getpid()

    def release(self) -> None:
        """Give the lock back; a second call does nothing."""
        from filelock import unlock_descriptor

        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        try:
            if os.getpid() == self._holder:  # what a forked process closes stays locked for the one it came from
                unlock_descriptor(descriptor)
        finally:
            os.close(descriptor)


def take_lock(path: Path, cure: str = _WAIT) -> Lock:
    """Lock ``<journal>.lock`` for this process.

    Args:
        path: The file that is locked.
        cure: What to do where another process holds it.

    Raises:
        SetupError: If another holds it, the folder cannot be written, or its disk has no locks.
    """
    from filelock import lock_descriptor  # takes a quarter of the time of this room, which help need not wait for

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        cure = "Name a folder that exists and can be written."
        raise SetupError(f"cannot be written ({error.strerror})", place=str(path), cure=cure) from error
    try:
        taken = lock_descriptor(descriptor, blocking=False)
    except OSError as error:
        os.close(descriptor)
        cure = "Name a folder on a disk of this machine."
        raise SetupError(f"cannot be locked ({error.strerror})", place=str(path), cure=cure) from error
    if not taken:
        holder = _read_number(descriptor)
        os.close(descriptor)
        by = f"process {holder}" if holder else "another process"
        raise SetupError(f"is in use by {by}", place=str(path), cure=cure)
    with suppress(OSError):  # on a full disk the lock holds, and a second process is refused without our number
        os.ftruncate(descriptor, 0)
        os.write(descriptor, b" " * _NUMBER_AT + str(os.getpid()).encode())
    return Lock(descriptor)


def _read_number(descriptor: int) -> str:
    """Return the holder's process id as it wrote it, '' where it could not or may not be read."""
    with suppress(OSError):
        os.lseek(descriptor, _NUMBER_AT, os.SEEK_SET)
        return os.read(descriptor, 32).decode(errors="replace").strip()
    return ""
