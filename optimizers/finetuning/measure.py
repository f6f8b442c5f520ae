"""Knows how trained weights become a rater and its record on dev; does not know how they were trained or which wins."""

from dataclasses import asdict, dataclass
from typing import Any

from ...data import Corpus, Journal, Label, agreement
from ...programs import Candidate, LocalEngine, Progress, Rater, Scoring, format_readings, local_lm, rate
from ..training_jobs import WEIGHTS, TrainingResult
from .planner import Plan
from .run_plans import Trained
from .workspace import Workspace


@dataclass(frozen=True)
class MeasuredCandidate:
    """A candidate, and what it said of the dev items in their order."""

    candidate: Candidate
    labels: tuple[Label | None, ...]


@dataclass(frozen=True)
class Measure:
    """What all candidates are measured with.

    Attributes:
        base: The engine of the model that was trained.
        workspace: Where its weights lie.
        dev: The items.
        fill: The label that stands in for an unreadable rating.
        seed: Of the ratings.
        journal: Where ratings are kept and found again.
        progress: Called as rating goes on.
    """

    base: LocalEngine
    workspace: Workspace
    dev: Corpus
    fill: Label
    seed: int
    journal: Journal | None
    progress: Progress | None

    def __call__(self, trained: Trained, student: Rater) -> list[MeasuredCandidate]:
        """Rate the dev items in each way in which the trained rater is read, and return the records."""
        return [self._measured(trained, scoring) for scoring in _scorings(trained.plan, student)]

    def _measured(self, trained: Trained, scoring: Scoring) -> MeasuredCandidate:
        plan, result = trained
        name = f"{plan.name}_expected" if _by_regression(plan) and scoring.rule == "expected" else plan.name
        report = self.progress
        named = None if report is None else lambda done, total, _: report(done, total, f"rating dev: {name}")
        rater = self.rater(plan, scoring)
        ratings = rate(rater, self.dev, seed=self.seed, journal=self.journal, progress=named)
        dev = self.dev
        found = agreement(
            ratings.labels, dev.golds(), dev.scale, groups=dev.groups(), fill=self.fill, scores=ratings.scores
        )
        details: dict[str, Any] = {
            "objective": plan.objective,
            "scoring": scoring.to_dict(),
            "parameters": asdict(plan.job.parameters),
            **plan.details,
            "rows": len(plan.rows),
            "too_long": list(plan.too_long),
            "losses": _by_epoch(result, plan.job.parameters.epochs),
            **_stopped(result),
            "micro_batch": result.micro_batch,
            "seconds": result.seconds,
            "tokens": result.tokens,
            "number_format": {"trained": plan.job.dtype, "readings": format_readings(rater)},
            "unparsed": dict(ratings.unparsed),
            "dev_too_long": [one.item_id for one in ratings if one.error.startswith("context_length")],
        }
        # The rater that is handed out has an engine of its own, so that the weights used here do not stay in memory.
        candidate = Candidate(name, self.rater(plan, scoring), found, len(plan.rows), details=details)
        return MeasuredCandidate(candidate, tuple(ratings.labels))

    def rater(self, plan: Plan, scoring: Scoring) -> Rater:
        """Return the plan's rater with the weights that were trained for it, in an engine of its own."""
        whole = plan.job.output == WEIGHTS
        engine = _TrainedEngine(
            plan.weights if whole else self.base.path,
            adapter=None if whole else plan.weights,
            name=self.base.name,
            max_batch_rows=self.base.max_batch_rows,
            carried=whole,
            dtype=self.base.dtype,
        )
        engine.workspace = self.workspace
        return plan.rater.variant(lm=local_lm(engine, max_tokens=plan.max_tokens), scoring=scoring)


class _TrainedEngine(LocalEngine):
    """A local engine that keeps the workspace in which its weights lie."""

    workspace: Workspace | None = None


def _by_regression(plan: Plan) -> bool:
    return plan.objective == "regression"


def _scorings(plan: Plan, student: Rater) -> list[Scoring]:
    """Return the ways in which a trained rater is measured."""
    if not _by_regression(plan):
        return [student.scoring]
    return [Scoring("mode"), Scoring("expected", student.scoring.samples)]


def _by_epoch(result: TrainingResult, epochs: int) -> list[float]:
    """Return the mean loss of each epoch; where dev rows were measured, their losses tell how many there were."""
    epochs = len(result.dev_losses) if result.dev_losses else epochs
    losses, steps = result.losses, len(result.losses) // epochs
    return [round(sum(losses[start : start + steps]) / steps, 6) for start in range(0, steps * epochs, steps)]


def _stopped(result: TrainingResult) -> dict[str, Any]:
    """Return what the dev rows said, where there were any."""
    return {"dev_losses": list(result.dev_losses), "best_epoch": result.best_epoch} if result.dev_losses else {}
