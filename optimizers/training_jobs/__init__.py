"""The order of a training job, shared by the process that gives it and the one that trains."""

from .hyperparameters import LEARNING_RATES, Method, Parameters
from .job import (
    ADAPTER,
    CHECKPOINTS,
    DONE,
    JOB,
    MEMORY,
    PROGRESS,
    ROWS,
    SAID,
    WEIGHTS,
    TrainingJob,
    TrainingResult,
    read_dev_rows,
    read_job,
    read_result,
    rows_hash,
    write_job,
    write_result,
)
from .launcher import Launcher
from .micro_batch import Held, first_held, nothing_fits, ran_out, write_held
from .process import run_jobs
from .regression_targets import Aim, make_aim
from .rows import IGNORED, Row, shared_prefix

__all__ = [
    "ADAPTER",
    "CHECKPOINTS",
    "DONE",
    "IGNORED",
    "JOB",
    "LEARNING_RATES",
    "MEMORY",
    "PROGRESS",
    "ROWS",
    "SAID",
    "WEIGHTS",
    "Aim",
    "Held",
    "Launcher",
    "Method",
    "Parameters",
    "Row",
    "TrainingJob",
    "TrainingResult",
    "first_held",
    "make_aim",
    "nothing_fits",
    "ran_out",
    "read_dev_rows",
    "read_job",
    "read_result",
    "rows_hash",
    "run_jobs",
    "shared_prefix",
    "write_held",
    "write_job",
    "write_result",
]
