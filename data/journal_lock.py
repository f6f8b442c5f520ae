"""Knows how one process at a time holds a journal, or another file; does not know what is in it."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from .errors import SetupError

_WAIT = "Wait until it ends, or use another run directory."


def take_lock(path: Path, cure: str = _WAIT) -> int:
    """Lock ``<journal>.lock`` for this process; the system gives the lock back when the process ends.

    Args:
        path: The file that is locked.
        cure: What to do where another process holds it.

    Returns:
        The descriptor that holds the lock; closing it gives the lock back.

    Raises:
        SetupError: If another holds it, or the folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        cure = "Name a folder that exists and can be written."
        raise SetupError(f"cannot be written ({error.strerror})", place=str(path), cure=cure) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(descriptor, 32).decode(errors="replace").strip()
        os.close(descriptor)
        by = f"process {holder}" if holder else "another process"
        raise SetupError(f"is in use by {by}", place=str(path), cure=cure) from None
    with suppress(OSError):  # on a full disk the lock holds, and a second process is refused without our number
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
    return descriptor
