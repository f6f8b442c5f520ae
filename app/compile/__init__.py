"""What `accord compile` does."""

from .drafts import show_drafts
from .dry_run import forecast_task
from .run import compile_task, run_job, show_report, show_utilization

__all__ = [
    "compile_task",
    "forecast_task",
    "run_job",
    "show_drafts",
    "show_report",
    "show_utilization",
]
