"""Knows how plans get trained: which ones still have to be, and that all are in the end; does not know what for."""

from collections.abc import Sequence
from typing import NamedTuple

from ...data import SetupError
from ...programs import Progress
from ..training_jobs import Launcher, TrainingResult, read_result, run_jobs, write_job
from .planner import Plan
from .workspace import Workspace


class Trained(NamedTuple):
    """A plan and what its training came to."""

    plan: Plan
    result: TrainingResult


def write_jobs(plans: Sequence[Plan]) -> list[Plan]:
    """Write the orders of the plans that are not trained yet, and return those plans."""
    wanted = [plan for plan in plans if read_result(plan.folder, plan.job) is None]
    for plan in wanted:
        write_job(plan.folder, plan.job, plan.rows, plan.dev_rows)
    return wanted


def train_plans(
    plans: Sequence[Plan], workspace: Workspace, launcher: Launcher, progress: Progress | None
) -> list[Trained]:
    """Train what is not trained yet, in one process; return every plan with its result.

    Raises:
        SetupError: If training fails or leaves no result; a temporary workspace then stays, for the message names its
            log.
    """
    wanted = write_jobs(plans)
    if wanted:
        try:
            run_jobs({plan.name: plan.folder for plan in wanted}, workspace.log, progress, launcher)
        except SetupError:
            workspace.keep()
            raise
    trained: list[Trained] = []
    for plan in plans:
        result = read_result(plan.folder, plan.job)
        if result is None:
            workspace.keep()
            cure = f"Run again; the log: {workspace.log}."
            raise SetupError(f"training {plan.name!r} left no result", place="FineTune", cure=cure)
        trained.append(Trained(plan, result))
    return trained
