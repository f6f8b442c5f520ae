"""Knows how labels and traces become fine-tuned weights, and which of several objectives wins; not how to train.

The objectives are those of Zhang et al., "Through the Judge's Eyes" (arXiv 2510.25860): rationale and label on the
items with an accepted trace, and the ablation without rationales; beside them the label alone on every item, the label
before the rationale, and the regression of Chiang et al., "TRACT" (arXiv 2503.04381).
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, get_args, runtime_checkable

import dspy

from ..data import Corpus, Journal, Label, SetupError, agreement
from ..data.baselines import constant
from ..programs import Candidate, LocalEngine, Progress, Rater, Scoring, local_lm, need, rate, resolve_model
from .base import Compiler, check_examples
from .dev import choose, dev_corpus
from .objectives import Objective
from .preferences import Preferences, preferences
from .traces import Traces
from .training_job import ADAPTER, Parameters, TrainingResult, read_result, write_job
from .training_plan import Plan, make_plans
from .training_process import run_jobs
from .workspace import Workspace

_PLACE = "FineTune"


@runtime_checkable
class _PartlyExplained(Protocol):
    """What `Traces` has beyond a sequence of examples with rationales."""

    def unexplained(self) -> list[dspy.Example]: ...


class FineTune(Compiler):
    """Trains a LoRA adapter for each objective and returns the rater that agrees best with people on dev.

    Objectives (see `objectives.ORDERS`): ``trace`` writes the rationale, then the label, on the items that have a
    rationale; ``label`` writes the label alone on the same items; ``label_all`` writes the label alone on all items;
    ``label_first`` writes the label, then the rationale, on the items of ``trace``; ``regression`` writes what
    ``trace`` writes and also pulls the expected label to the human one (see `Aim`); ``preference`` learns the traces
    beside draws of the same items that missed the label (see `preferences`), and needs `Traces` as its trainset. An
    objective whose rows another one already has, or that has none, is skipped, and the provenance says why.

    Every candidate rates as the student scores (see `Scoring`); that of ``regression`` is measured twice, by what it
    writes (``regression``) and by the expected label (``regression_expected``).

    Training runs in a process of its own, with TRL and PEFT. With a workspace a kill loses at most one epoch.

    Args:
        base: The model to train: None (the student's own local model), ``local`` or ``local/<folder>``.
        objectives: What to train, in the order in which ties are resolved.
        lora_rank: Rank of the adapter's matrices, on every linear layer but the last.
        lora_alpha: The adapter's product is scaled by ``lora_alpha / lora_rank``.
        epochs: Passes over the rows.
        learning_rate: Of AdamW at its peak.
        batch_size: Rows in a step.
        regression_weight: What the squared error of an item's expected label counts beside the cross-entropy of a
            token, on a scale from 1 to 5 (others are brought to its span); 0 leaves the cross-entropy.
        margin: Steps by which the labels of a pair of ``preference`` differ at least.
        weighted: Whether the examples' ``weight`` reaches the loss; only the ratios of the weights matter. Off by
            default: a blind trace weighs the teacher's confidence, which says how surely its item is hit, not how much
            its rationale is worth, and nothing measured so far says that it pays. Switch it on for hinted traces.
        seed: Of the adapters' start and the order of the rows.
        workspace: Where jobs, checkpoints and adapters are kept and found again. None takes a temporary folder, which
            lives as long as one of the candidates; save the rater to keep it.
        journal: Where dev ratings are kept and found again.
        progress: Called with (done, total, note) through training and rating.
    """

    def __init__(
        self,
        base: str | None = None,
        *,
        objectives: Sequence[Objective] = ("trace", "label", "label_all"),
        lora_rank: int = 16,
        lora_alpha: int = 32,
        epochs: int = 2,
        learning_rate: float = 5e-4,
        batch_size: int = 8,
        regression_weight: float = 1.0,
        margin: float = 2.0,
        weighted: bool = False,
        seed: int = 0,
        workspace: str | Path | None = None,
        journal: Journal | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Keep the policy; nothing is trained yet.

        Raises:
            SetupError: If an objective is unknown or given twice, or a number cannot be trained with.
        """
        super().__init__()
        known = get_args(Objective)
        wrong = [name for name in objectives if name not in known]
        if wrong or not objectives or len(set(objectives)) < len(objectives):
            what = f"unknown objective {wrong[0]!r}" if wrong else f"objectives={tuple(objectives)!r}"
            raise SetupError(what, place=_PLACE, cure=f"Give some of {', '.join(known)}, each once.")
        if not (math.isfinite(regression_weight) and regression_weight >= 0):
            what = f"regression_weight={regression_weight!r}"
            raise SetupError(what, place=_PLACE, cure="Give a number from 0 on, e.g. 1.0.")
        self.base = base
        self.objectives: tuple[Objective, ...] = tuple(objectives)
        self.parameters = Parameters(lora_rank, lora_alpha, epochs, learning_rate, batch_size, seed)
        self.regression_weight = float(regression_weight)
        self.margin = margin
        self.weighted = weighted
        self.workspace = None if workspace is None else Path(workspace)
        self.journal = journal
        self.progress = progress

    def compile(
        self, student: Any, *, trainset: Sequence[Any], valset: Sequence[Any] | None = None, teacher: Any = None
    ) -> Rater:
        """Train every objective, rate the dev items with each, and return the rater with the best alpha.

        Args:
            student: The rater to start from: its scale, fields and guideline; left unchanged.
            trainset: Traces, or labelled examples of which some may have a ``rationale``. Items that `Traces` could
                not explain count as examples without one.
            valset: Labelled examples that the objectives are compared on; required.
            teacher: Not used: nothing is drawn here.

        Returns:
            The chosen rater. ``candidates`` has all that were trained, best first; ``provenance`` what it was made of
            and which objectives were skipped.

        Raises:
            SetupError: If the extra ``train`` is missing, there is no valset or it shares items with the trainset, the
                base is no local model, nothing can be trained, or training fails.
            InputError: If an example does not fit the student.
        """
        need("trl", "train", "to fine-tune a model")
        need("peft", "train", "to fine-tune a model")
        given = [*trainset, *trainset.unexplained()] if isinstance(trainset, _PartlyExplained) else trainset
        examples = check_examples(student, given, "trainset")
        dev = dev_corpus(student, examples, valset)
        base = self._base(student)
        pairs = None
        if "preference" in self.objectives and isinstance(trainset, Traces):
            pairs = preferences(trainset, margin=self.margin)
        workspace = Workspace(self.workspace)
        plans, skipped = make_plans(
            student,
            examples,
            self.objectives,
            base,
            self.parameters,
            workspace.path,
            weighted=self.weighted,
            regression_weight=self.regression_weight,
            pairs=() if pairs is None else pairs,
        )
        results = self._train(plans, workspace)
        fill = constant([example["label"] for example in examples], student.scale)
        measure = _Measure(base, workspace, dev, fill, pairs)
        ranked = choose(
            [
                self._measure(plan, result, scoring, measure)
                for plan, result in results
                for scoring in _scorings(plan, student)
            ]
        )
        best = ranked[0].rater
        best.candidates = ranked
        best.provenance = {
            "compiler": _PLACE,
            "base": base.model_id,
            "guideline": student.guideline.hash,
            "items": ranked[0].items,
            **ranked[0].details,
            "skipped": skipped,
            "dev": {"corpus": dev.hash, "items": len(dev), "alpha": ranked[0].dev.metrics["alpha"].value},
        }
        return best

    def _base(self, student: Rater) -> LocalEngine:
        """Return the engine of the model that is trained."""
        lm = student.lm if self.base is None else resolve_model(self.base)
        if not isinstance(lm.engine, LocalEngine):
            cure = "Give base='local' (the embedded model) or base='local/<folder>'."
            raise SetupError(
                f"{lm.model!r} does not run in this process, so it cannot be trained", place=_PLACE, cure=cure
            )
        if lm.engine.adapter is not None:
            cure = "Compile the rater it was made from, or name a base."
            raise SetupError("the student's model is fine-tuned already", place=_PLACE, cure=cure)
        return lm.engine

    def _train(self, plans: Sequence[Plan], workspace: Workspace) -> list[tuple[Plan, TrainingResult]]:
        """Train what is not trained yet; return every plan with its result."""
        wanted = [plan for plan in plans if read_result(plan.folder, plan.job) is None]
        for plan in wanted:
            write_job(plan.folder, plan.job, plan.rows)
        if wanted:
            try:
                run_jobs({plan.objective: plan.folder for plan in wanted}, workspace.log, self.progress)
            except SetupError:
                workspace.keep()  # the message names the log
                raise
        trained: list[tuple[Plan, TrainingResult]] = []
        for plan in plans:
            result = read_result(plan.folder, plan.job)
            if result is None:
                workspace.keep()
                cure = f"Run again; the log: {workspace.log}."
                raise SetupError(f"training {plan.objective!r} left no result", place=_PLACE, cure=cure)
            trained.append((plan, result))
        return trained

    def _measure(self, plan: Plan, result: TrainingResult, scoring: Scoring, by: "_Measure") -> Candidate:
        """Rate the dev items with one trained rater and return the record of it."""
        name = _name(plan, scoring)
        report = self.progress
        named = None if report is None else lambda done, total, _: report(done, total, f"rating dev: {name}")
        rater = _trained(plan, scoring, by)
        ratings = rate(rater, by.dev, seed=self.parameters.seed, journal=self.journal, progress=named)
        found = agreement(ratings.labels, by.dev.golds(), by.dev.scale, groups=by.dev.groups(), fill=by.fill)
        own: dict[str, Any] = {}
        if plan.objective == "regression":
            own = {"regression_weight": self.regression_weight}
        elif plan.objective == "preference" and by.pairs is not None:
            own = {"margin": by.pairs.margin, "pairs": len(by.pairs), "without_pair": dict(by.pairs.lacks)}
        details = {
            "objective": plan.objective,
            "scoring": scoring.to_dict(),
            "parameters": asdict(plan.job.parameters),
            **own,
            "weighted": self.weighted,
            "rows": len(plan.rows),
            "too_long": plan.too_long,
            "losses": _by_epoch(result.losses, self.parameters.epochs),
            "seconds": result.seconds,
            "tokens": result.tokens,
            "unparsed": dict(ratings.unparsed),
        }
        # The rater that is handed out has an engine of its own, so that the weights used here do not stay in memory.
        return Candidate(name, _trained(plan, scoring, by), found, len(plan.rows), details=details)


@dataclass(frozen=True)
class _Measure:
    """What all candidates are measured with."""

    base: LocalEngine
    workspace: Workspace
    dev: Corpus
    fill: Label
    pairs: Preferences | None


class _TrainedEngine(LocalEngine):
    """A local engine that keeps the workspace in which its adapter lies."""

    workspace: Workspace | None = None


def _scorings(plan: Plan, student: Rater) -> list[Scoring]:
    """Return the ways in which a trained rater is measured."""
    if plan.objective != "regression":
        return [student.scoring]
    return [Scoring("mode"), Scoring("expected", student.scoring.samples)]


def _name(plan: Plan, scoring: Scoring) -> str:
    return "regression_expected" if plan.objective == "regression" and scoring.rule == "expected" else plan.objective


def _trained(plan: Plan, scoring: Scoring, by: _Measure) -> Rater:
    """Return the plan's rater with the weights that were trained for it."""
    engine = _TrainedEngine(
        by.base.path, adapter=plan.folder / ADAPTER, name=by.base.name, max_batch_rows=by.base.max_batch_rows
    )
    engine.workspace = by.workspace
    return plan.rater.variant(lm=local_lm(engine, max_tokens=plan.max_tokens), scoring=scoring)


def _by_epoch(losses: Sequence[float], epochs: int) -> list[float]:
    """Return the mean loss of each epoch."""
    steps = len(losses) // epochs
    return [round(sum(losses[start : start + steps]) / steps, 6) for start in range(0, steps * epochs, steps)]
