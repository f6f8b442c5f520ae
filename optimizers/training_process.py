"""Knows how to start the training process, follow it and say why it failed; does not know what it trains."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ..data import SetupError
from ..programs import Progress
from .training_job import JOB, PROGRESS

_POLL_SECONDS = 0.2
_TAIL_LINES = 5


def run_jobs(folders: Mapping[str, Path], log: Path, progress: Progress | None = None) -> None:
    """Train the jobs one after the other in one process of their own (its imports take as long as a small job).

    The process inherits the environment, so ``HF_HUB_OFFLINE`` and thread settings mean there what they mean here; it
    ends when this process does. Nothing it prints comes to this process's output.

    Args:
        folders: Name of each job and its folder.
        log: File that what the process prints is appended to.
        progress: Called with (step, steps, note) as training goes on.

    Raises:
        SetupError: If the process fails, with the last lines of its log.
    """
    command = [sys.executable, "-m", "accord.optimizers.training", "--tied"]
    command += [str(folder / JOB) for folder in folders.values()]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        start = stream.tell()
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stream, stderr=stream)
        try:
            _follow(process, folders, progress)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()
    if process.returncode != 0:
        cure = f"The whole log: {log}."
        what = f"training ended with {process.returncode}: {_tail(log, start)}"
        raise SetupError(what, place="FineTune", cure=cure)


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
                    progress(at["step"], at["steps"], f"training {name}, loss {at['loss']:.3f}")
        if process.poll() is not None:
            return


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


def _tail(log: Path, start: int) -> str:
    with log.open("rb") as stream:
        stream.seek(start)
        lines = [line.strip() for line in stream.read().decode(errors="replace").splitlines() if line.strip()]
    return " | ".join(lines[-_TAIL_LINES:]) if lines else "it printed nothing"
