"""Knows how to keep a server no longer than its owner lives; does not know what the server does.

A program of its own, which needs nothing but the standard library: ``python vllm_keeper.py COMMAND ...``. It runs the
command in a session of its own and ends it, with everything the command has started, when standard input closes (the
owner is done, or dead, however it died) or on SIGTERM. Its exit code is that of the command.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

GRACE = 10.0
"""Seconds that the command has to end by itself."""

_LEFT_BEHIND = 3.0
"""Seconds that what the command started has after it ended."""

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_POLL = 0.02


def main(command: Sequence[str]) -> int:
    """Run the command until it or standard input ends; return its exit code."""
    linux = sys.platform == "linux"
    if linux:  # whatever the command leaves behind becomes a child of this process, in whatever session it is
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    group = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_end_with_keeper if linux else None
    ).pid
    signal.signal(signal.SIGTERM, lambda *_: _signal_group(group, signal.SIGTERM))
    ended = threading.Event()
    threading.Thread(target=_end_with_input, args=(group, ended), daemon=True).start()
    status = 0
    with contextlib.suppress(ChildProcessError):
        while True:
            child, status = os.waitpid(-1, 0)
            if child == group:
                break
    ended.set()
    _end_the_rest(group)
    return os.waitstatus_to_exitcode(status) & 0xFF


def _end_with_keeper() -> None:
    """Have the kernel end the command if this process is killed: nobody else would."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _end_with_input(group: int, ended: threading.Event) -> None:
    """End the command once standard input closes, by force if it takes too long."""
    while os.read(0, 1):
        pass
    _signal_group(group, signal.SIGTERM)
    if not ended.wait(GRACE):
        _signal_group(group, signal.SIGKILL)


def _end_the_rest(group: int) -> None:
    """Wait for all that the command started, and end by force what does not end with it."""
    _signal_all(group, signal.SIGTERM)
    deadline = time.monotonic() + _LEFT_BEHIND
    with contextlib.suppress(ChildProcessError):  # raised when there is nobody left
        while True:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                if time.monotonic() > deadline:
                    _signal_all(group, signal.SIGKILL)
                time.sleep(_POLL)


def _signal_all(group: int, number: int) -> None:
    """Signal the group and those who left it."""
    _signal_group(group, number)
    for child in _children():
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)


def _children() -> list[int]:
    """Return this process's children, those it inherited among them; none where the system does not say."""
    try:
        return [int(word) for word in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def _signal_group(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
