"""Knows how many rows a process holds at once and which fewer ones to try when memory runs out; not what holds them.

A step has the same rows and the same loss however few of them are held at once, so memory that runs out is answered
by a smaller micro-batch and not by another training.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ...data import SetupError
from ...data.files import write_text_whole
from .job import MEMORY, TrainingJob

_ALLOCATION_FAILED = (
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "Cannot allocate memory",
    "std::bad_alloc",
)
"""What libraries below torch say in a RuntimeError; accelerate knows what torch itself says."""


@dataclass(frozen=True)
class Held:
    """What ``memory.json`` says.

    Attributes:
        micro_batch: Rows that a process held at once in the last attempt, or holds in the next one.
        too_many: Numbers of rows with which memory ran out, ascending.
    """

    micro_batch: int
    too_many: tuple[int, ...] = ()

    @property
    def fewer(self) -> "Held | None":
        """What to try when memory ran out with this: the next smaller divisor; None where one row was too many."""
        below = [rows for rows in range(1, self.micro_batch) if self.micro_batch % rows == 0]
        if not below:
            return None
        return Held(below[-1], tuple(sorted({*self.too_many, self.micro_batch})))


def first_held(job: TrainingJob, folder: Path, processes: int) -> Held:
    """Return how many rows each of some processes holds at once.

    That is a divisor of its share of a step, at most what the job asks for and what earlier attempts left.

    Raises:
        SetupError: If a step cannot be shared out evenly.
    """
    share, rest = divmod(job.parameters.batch_size, processes)
    if rest:
        what = f"batch_size={job.parameters.batch_size} cannot be shared by {processes} processes"
        raise SetupError(what, place="FineTune", cure=f"Give a multiple of {processes}.")
    before = read_held(folder)
    limits = [share, job.parameters.micro_batch, None if before is None else before.micro_batch]
    limit = min(rows for rows in limits if rows is not None)
    fitting = max(rows for rows in range(1, limit + 1) if share % rows == 0)
    return Held(fitting, () if before is None else before.too_many)


def read_held(folder: Path) -> Held | None:
    """Return what the last attempt in a folder held, None where there was none."""
    try:
        found = json.loads((folder / MEMORY).read_text(encoding="utf-8"))
        return Held(int(found["micro_batch"]), tuple(found["too_many"]))
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None


def write_held(folder: Path, held: Held) -> None:
    """Write what the next attempt holds; where several processes do, they write the same."""
    write_text_whole(folder / MEMORY, json.dumps(asdict(held)) + "\n")


def ran_out(error: BaseException) -> bool:
    """Say whether an error means that memory ran out, of the machine or of an accelerator."""
    from accelerate.utils.memory import should_reduce_batch_size  # imports torch, which takes seconds

    if isinstance(error, MemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    return should_reduce_batch_size(error) or any(words in str(error) for words in _ALLOCATION_FAILED)


def nothing_fits(folder: Path) -> SetupError:
    """Return the error of a job whose single rows are too much."""
    cure = "Use a smaller base model, method='qlora' or shorter items, or free memory and run again."
    return SetupError("memory ran out with one row at a time", place=str(folder), cure=cure)
