"""Knows how to say what a task's traces would cost before they are paid for; does not know how that is estimated."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...data import Journal
from ...optimizers import Budget, Forecast, RejectionSampling
from ..console import Console
from ..task import job_of

if TYPE_CHECKING:
    from ..task import Task


def forecast_task(
    task: "Task", *, run: Path, pilot: int, console: Console, limits: Mapping[str, float | None] | None = None
) -> Forecast:
    """Draw for a few train items and print what all of them would cost, with an interval.

    The pilot is paid for. It is recorded in the run's journal, where the compile that follows finds it.

    Args:
        task: The task.
        run: The run directory; gets journal.sqlite and forecast.json.
        pilot: Items to draw for.
        console: Where progress and sentences go.
        limits: What of the task's budget is set otherwise: usd, tokens, calls, minutes. It holds for the pilot too.

    Raises:
        InputError: If the data or the task cannot be used; before any model is asked.
        SetupError: If models are missing, or another process works in the run directory.
    """
    job = job_of(task, "guideline", limits={} if limits is None else limits)
    with Journal(run / "journal.sqlite") as journal, console.stage("drawing for a pilot") as progress:
        sampler = RejectionSampling(journal=journal, progress=progress, **job.sampler)
        found = sampler.forecast(job.student, trainset=job.splits.train.examples(), teacher=job.teacher, pilot=pilot)
    for sentence in [*found.sentences(), *_over(found, job.sampler["budget"])]:
        console.print(f"{sentence[0].upper()}{sentence[1:]}.")
    document = json.dumps(found.to_dict(), indent=2, allow_nan=False)
    (run / "forecast.json").write_text(document + "\n", encoding="utf-8")
    return found


def _over(found: Forecast, budget: Budget) -> list[str]:
    """Name the limits that would end the run early."""
    left = found.remaining
    said: list[str] = []
    for name, most, wanted in (
        ("dollars", budget.usd, left.usd),
        ("tokens", budget.tokens, left.tokens),
        ("calls", budget.calls, left.calls),
    ):
        if most is not None and wanted is not None and wanted.value is not None and wanted.value > most:
            said.append(f"the budget would end the run early: it allows {most:,g} {name}")
    return said
