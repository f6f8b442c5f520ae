"""The task file."""

from .job import VERSIONS, WORKSPACE, Job, JobTarget, job_of
from .task import Task

__all__ = [
    "VERSIONS",
    "WORKSPACE",
    "Job",
    "JobTarget",
    "Task",
    "job_of",
]
