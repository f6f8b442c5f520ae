"""Knows how to start the training process, follow it and say why it failed; does not know what it trains."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ...data import SetupError
from ...programs import Progress
from .job import DONE, JOB, PROGRESS, SAID
from .launcher import Launcher
from .micro_batch import Held, nothing_fits, read_held, write_held

_POLL_SECONDS = 0.2
_TAIL_LINES = 5

_KILLED = -9
"""What a process returns that SIGKILL ended. Windows does not know that name, and ends none when memory runs out."""

_ONE_WAS_KILLED = "Signal 9 (SIGKILL)"
"""What torch's launcher writes when one of its processes was killed."""


def run_jobs(
    folders: Mapping[str, Path], log: Path, progress: Progress | None = None, launcher: Launcher | None = None
) -> None:
    """Train the jobs one after the other in a process of their own (its imports take as long as a small job).

    The process inherits the environment, so ``HF_HUB_OFFLINE`` and thread settings mean there what they mean here; it
    ends when this process does. Nothing it prints comes to this process's output.

    A process that ran out of memory, or that is killed, as the kernel does when memory runs out, is started again
    with fewer rows held at once, until not even one fits. The steps and their losses stay the same.

    Args:
        folders: Name of each job and its folder.
        log: File that what the process prints is appended to.
        progress: Called with (step, steps, note) as training goes on.
        launcher: What starts the process; a single one by default.

    Raises:
        SetupError: If the process fails, with its own words or the last lines of its log.
    """
    by = Launcher() if launcher is None else launcher
    command = [*by.command([folder / JOB for folder in folders.values()]), "--tied"]
    log.parent.mkdir(parents=True, exist_ok=True)
    while True:
        before = _held(folders)
        with log.open("ab") as stream:
            start = stream.tell()
            returned = _run(command, stream.fileno(), folders, progress)
        if returned == 0:
            return
        printed = _printed(log, start)
        killed = returned == _KILLED or _ONE_WAS_KILLED in printed
        if killed and _hold_fewer(folders, log):
            continue
        if not killed and _held(folders) != before:  # the process itself made it fewer, and others must begin anew
            continue
        cure = f"The whole log: {log}."
        raise SetupError(f"training ended with {returned}: {_reason(printed)}", place="FineTune", cure=cure)


def _run(command: list[str], log: int, folders: Mapping[str, Path], progress: Progress | None) -> int:
    """Run a command until it ends or this process is interrupted; return its exit code."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log)
    try:
        _follow(process, folders, progress)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()  # which ends the processes that a launcher started
    return process.returncode


def _held(folders: Mapping[str, Path]) -> dict[str, tuple[int, ...]]:
    """Return what proved too many rows in each folder."""
    held = {name: read_held(folder) for name, folder in folders.items()}
    return {name: found.too_many for name, found in held.items() if found is not None and found.too_many}


def _hold_fewer(folders: Mapping[str, Path], log: Path) -> bool:
    """Have the job that was killed hold fewer rows; say whether one had begun.

    Raises:
        SetupError: If it held only one.
    """
    begun: list[tuple[Path, Held]] = []
    for folder in folders.values():
        held = read_held(folder)
        if held is not None and not (folder / DONE).exists():
            begun.append((folder, held))
    if not begun:
        return False
    folder, held = begun[0]
    fewer = held.fewer
    if fewer is None:
        raise nothing_fits(folder)
    write_held(folder, fewer)
    with log.open("a", encoding="utf-8") as stream:
        what = f"killed with {held.micro_batch} rows held at once, as when memory runs out"
        stream.write(f"{SAID}{what}; next are {fewer.micro_batch}\n")
    return True


def _follow(process: subprocess.Popen[bytes], folders: Mapping[str, Path], progress: Progress | None) -> None:
    told: dict[str, str] = {}
    while True:
        try:
            process.wait(timeout=None if progress is None else _POLL_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        if progress is not None:
            for name, folder in folders.items():
                line = _last_line(folder / PROGRESS)
                if line and line != told.get(name):
                    told[name] = line
                    at = json.loads(line)
                    progress(at["step"], at["steps"], f"training {name}, {_loss(at)}")
        if process.poll() is not None:
            return


def _loss(at: Mapping[str, float]) -> str:
    loss = f"loss {at['loss']:.3f}"
    return f"{loss}, dev loss {at['dev_loss']:.3f}" if "dev_loss" in at else loss


def _last_line(path: Path) -> str:
    """Return the last whole line of a file that another process appends to, '' where there is none."""
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - 1000))
            lines = stream.read().split(b"\n")
    except FileNotFoundError:
        return ""
    return lines[-2].decode() if len(lines) > 1 else ""


def _printed(log: Path, start: int) -> str:
    with log.open("rb") as stream:
        stream.seek(start)
        return stream.read().decode(errors="replace")


def _reason(printed: str) -> str:
    """Return what the training process said last, or else the last lines that anything printed."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    said = [line.removeprefix(SAID) for line in lines if line.startswith(SAID)]
    if said:
        return said[-1]
    return " | ".join(lines[-_TAIL_LINES:]) if lines else "it printed nothing"
