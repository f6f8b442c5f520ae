"""Knows how training jobs are done one after the other, each once and by one program at a time; knows no models.

This is a program of its own: ``python -m accord.optimizers.trainer FOLDER/job.json [FOLDER2/job.json ...]``, which
``accelerate launch`` may start several times to train together. A job that is finished is not trained again, one that
was killed goes on from its last whole checkpoint, and one that ran out of memory goes on with fewer rows held at once.
"""

import argparse
import contextlib
import os
import shutil
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from filelock import lock_descriptor

from ...data import AccordError
from ...programs import need, weights_hash
from ..training_jobs import (
    CHECKPOINTS,
    DONE,
    MEMORY,
    SAID,
    Held,
    TrainingResult,
    first_held,
    nothing_fits,
    ran_out,
    read_dev_rows,
    read_job,
    read_result,
    write_held,
    write_result,
)
from .distributed import Ranks, ranks

_SAVE_SECONDS = 300.0
"""What a kill loses at most of a long epoch. Writing a small adapter takes less than a second, a large model some."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train the jobs named on the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m accord.optimizers.trainer", description=__doc__)
    parser.add_argument("jobs", nargs="+", type=Path, help="a job.json")
    parser.add_argument("--tied", action="store_true", help="end when standard input closes")
    parser.add_argument(
        "--save-seconds", type=float, default=_SAVE_SECONDS, help="between checkpoints within an epoch; 0: every step"
    )
    chosen = parser.parse_args(arguments)
    if chosen.tied:
        threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        for path in chosen.jobs:
            train(path, save_seconds=chosen.save_seconds)
    except AccordError as error:
        _say(str(error))
        return 2
    except Exception as error:
        traceback.print_exc()
        _say(f"{type(error).__name__}: {error}".splitlines()[0])
        return 1
    return 0


def train(path: Path, *, save_seconds: float = _SAVE_SECONDS) -> TrainingResult:
    """Train one job, unless it is finished, and return its result.

    Another program that trains in the same folder is waited for. Processes that were started together must all call
    this; the first of them writes.

    Args:
        path: The ``job.json``.
        save_seconds: Seconds between checkpoints within an epoch, beside those at its end.

    Raises:
        InputError: If the job is damaged, has no rows, or rows of another tokenizer.
        SetupError: If a package is missing, the base model is damaged or not the one of the job, the adapter to start
            from does not fit it, or not even one row fits into memory.
    """
    together = ranks()
    job, rows = read_job(path)
    dev_rows = read_dev_rows(path, job)
    folder = path.parent
    with _alone_in(folder, together):
        result = together.agree(read_result(folder, job) if together.first else None)
        if result is not None:
            return result
        if "LOCAL_RANK" not in os.environ:  # not under a launcher: TRL refuses one process with several GPUs
            os.environ["CUDA_VISIBLE_DEVICES"] = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
        for package in ("torch", "transformers", "accelerate", "datasets", "peft", "trl"):
            need(package, "train", "to fine-tune")
        from .attempt import fit_model  # imports transformers' trainer, which takes seconds
        from .load_weights import check_weights
        from .trainers import Attempt

        began = time.monotonic()
        if together.first:
            (folder / DONE).unlink(missing_ok=True)
            check_weights(job)
        held = together.agree(first_held(job, folder, together.count))
        attempt = Attempt(job, rows, dev_rows, folder, held.micro_batch, together, save_seconds)
        while True:
            try:
                if together.first:
                    write_held(folder, held)
                fitted = fit_model(replace(attempt, micro_batch=held.micro_batch))
                break
            except Exception as error:
                if not ran_out(error):
                    raise
                held = _fewer(held, folder, error)
                if not together.alone:  # all must begin anew: whoever started them does so again
                    raise
            need("accelerate.utils.memory", "train", "to fine-tune").clear_device_cache(garbage_collection=True)
        result = TrainingResult(
            job=job.hash,
            adapter=weights_hash(folder / job.output) if together.first else "",
            losses=fitted.losses,
            seconds=round(time.monotonic() - began, 3),
            tokens=fitted.epochs * sum(row.tokens for row in rows),
            micro_batch=held.micro_batch,
            dev_losses=fitted.dev_losses,
            best_epoch=fitted.best_epoch,
        )
        result = together.agree(result)
        if together.first:
            write_result(folder, result)
            shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
            (folder / MEMORY).unlink(missing_ok=True)
        return result


def _fewer(held: Held, folder: Path, error: Exception) -> Held:
    """Return and write down how many rows are held next.

    Raises:
        SetupError: If it was only one that did not fit.
    """
    fewer = held.fewer
    if fewer is None:
        raise nothing_fits(folder) from None
    write_held(folder, fewer)
    first = f"{error}".splitlines()[0] if f"{error}" else type(error).__name__
    _say(f"memory ran out with {held.micro_batch} rows held at once, next are {fewer.micro_batch} ({first})")
    return fewer


@contextlib.contextmanager
def _alone_in(folder: Path, together: Ranks) -> Iterator[None]:
    """Keep other programs out of a folder; of processes that train together the first one does."""
    if not together.first:
        yield
        return
    with (folder / ".lock").open("ab") as lock:  # not "wb", which shortens what another program holds
        lock_descriptor(lock.fileno())
        yield


def _say(text: str) -> None:
    sys.stderr.write(f"{SAID}{text}\n")


def _end_with_input() -> None:
    """End this process when whoever started it is gone: nobody would read the result."""
    while os.read(0, 1):  # not through sys.stdin: its lock would be held when the interpreter ends
        pass
    os._exit(3)


if __name__ == "__main__":
    sys.exit(main())
