"""Knows how to make small training jobs for a tiny model, and to run them as the program they are for."""

import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from subprocess import Popen
from typing import Any

from accord.optimizers.training_jobs.job import JOB, Parameters, TrainingJob, read_result, rows_hash, write_job
from accord.optimizers.training_jobs.rows import Row
from accord.programs import weights_hash

PARAMETERS = Parameters(lora_rank=2, lora_alpha=4, epochs=2, learning_rate=1e-3, batch_size=4, seed=0)
START = tuple(range(20, 40))


def some_rows(count: int, *, first: int = 50) -> list[Row]:
    """Return rows whose prompts begin alike and whose completions are 3 and 2 tokens long in turn."""
    return [
        Row((*START, 40 + number % 9, 41 + number * number % 7), (first + number % 5, 60, 3)[number % 2 :])
        for number in range(count)
    ]


def some_pairs(count: int) -> list[Row]:
    """Return pairs of a better and a worse reply of unlike lengths."""
    return [
        replace(row, rejected=(70, 71 + number % 2, 72, 3)[number % 3 :]) for number, row in enumerate(some_rows(count))
    ]


def make_job(
    folder: Path,
    base: Path,
    rows: Sequence[Row],
    dev_rows: Sequence[Row] = (),
    *,
    start: Path | None = None,
    **parameters: Any,
) -> TrainingJob:
    """Write a job into a folder and return it."""
    job = TrainingJob(
        str(base),
        weights_hash(base),
        rows_hash(rows),
        replace(PARAMETERS, **parameters),
        dev_hash=rows_hash(dev_rows) if dev_rows else None,
        start=None if start is None else str(start),
        start_hash=None if start is None else weights_hash(start),
    )
    write_job(folder, job, rows, dev_rows)
    return job


def trained(folder: Path, job: TrainingJob) -> Any:
    """Return the result of a job that must be finished."""
    result = read_result(folder, job)
    assert result is not None
    return result


def training_command(folder: Path, *options: str) -> list[str]:
    """Return the command that trains the job in a folder."""
    return [sys.executable, "-m", "accord.optimizers.trainer", str(folder / JOB), *options]


def wait_for_line(path: Path, count: int, process: "Popen[bytes]") -> None:
    """Return when a process has written that many lines; raise if it ends before."""
    while process.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.005)
    raise RuntimeError(f"the process ended with {process.returncode} before line {count}")
