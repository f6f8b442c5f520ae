"""Knows how labels and traces become fine-tuned weights, and which of several objectives wins; not how to train.

The objectives are those of Zhang et al., "Through the Judge's Eyes" (arXiv 2510.25860): rationale and label on the
items with an accepted trace, and the ablation without rationales; beside them the label alone on every item, the label
before the rationale, the regression of Chiang et al., "TRACT" (arXiv 2503.04381), and the preference pairs of
"Self-Rationalization" (arXiv 2410.05495).
"""

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, get_args, runtime_checkable

import dspy

from ..data import Corpus, Journal, SetupError
from ..data.baselines import constant
from ..programs import Progress, Rater, base_of, check_writes_labels, need
from .compiler import Compiler, check_examples
from .finetuning import (
    ABLATIONS,
    SELF_TRAINED,
    WORTH_TOKENS,
    Measure,
    MeasuredCandidate,
    Objective,
    Plan,
    Planner,
    Plans,
    Rounds,
    TimedJob,
    Workspace,
    check_labels_differ,
    expectation,
    first_round,
    own_items,
    preferences,
    told_of_rounds,
    traces_paid,
    train_plans,
    trained_base,
    write_jobs,
)
from .gate import choose, dev_corpus
from .traces import Traces
from .training_jobs import JOB, LEARNING_RATES, Launcher, Parameters, read_result

logger = logging.getLogger(__name__)

_PLACE = "FineTune"


@runtime_checkable
class _PartlyExplained(Protocol):
    """What `Traces` has beyond a sequence of examples with rationales."""

    def unexplained(self) -> list[dspy.Example]: ...


class FineTune(Compiler):
    """Trains weights for each objective and returns the rater that agrees best with people on dev.

    Objectives (see `objectives.ORDERS`): ``trace`` writes the rationale, then the label, on the items that have a
    rationale and fit with it; ``label`` writes the label alone on the same items; ``label_all`` writes it on all items;
    ``label_first`` writes the label, then the rationale, on the items of ``trace``; ``regression`` writes what
    ``trace`` writes and also pulls the expected label to the human one (see `Aim`); ``preference`` learns the traces
    beside draws of the same items that missed the label (see `preferences`), and needs `Traces` as its trainset;
    ``trace_shuffled`` is ``trace`` with rationales of other items of the same label, an ablation that the gate chooses
    only where there is nothing else. An objective whose rows another one already has, that has none, or whose rows all
    have one label, is skipped, and the provenance says why.

    Every candidate rates as the student scores (see `Scoring`); that of ``regression`` is measured twice, by what it
    writes (``regression``) and by the expected label (``regression_expected``). With `rounds` above 1, ``trace``,
    ``regression`` and ``preference`` go on from the replies of their own raters (see
    `accord.optimizers.finetuning.self_training`), and every round is a candidate of its own: ``trace_round2``.

    The base may be any causal model. One without a chat template reads the turns of a request one after the other, with
    an empty line after each, in training as at deployment; the form of a reply is what it learns.

    Training runs in a process of its own, with TRL and PEFT. With a workspace a kill loses at most one epoch.

    Args:
        base: The model to train: None (the student's own local model), ``local``, ``local/<folder>``, or an LM of one.
        objectives: What to train, in the order in which ties are resolved.
        rounds: Rounds of self-training; 1 is none.
        own_samples: Replies that the rater draws of each item for a further round of ``preference``.
        method: ``lora`` trains an adapter; ``qlora`` the same over a base in 4 bits, where bitsandbytes is there;
            ``full`` trains all weights, which the rater then carries with it.
        lora_rank: Rank of the adapter's matrices, on every linear layer but the last.
        lora_alpha: The adapter's product is scaled by ``lora_alpha / lora_rank``.
        epochs: Passes over the rows, at most.
        learning_rate: Of AdamW at its peak; None is 5e-4 for an adapter and 2e-5 for all weights.
        batch_size: Rows in a step.
        micro_batch: Rows of a step held in memory at once; None starts with all.
        patience: Epochs without a lower loss on the valset after which training ends; the best epoch's weights are
            kept. An objective with rationales needs some in the valset, ``preference`` cannot stop early, and a
            candidate's details say on what it was decided. None trains all epochs.
        regression_weight: What the squared error of an item's expected label counts beside the cross-entropy of a
            token, on a scale from 1 to 5 (others are brought to its span); 0 leaves the cross-entropy.
        margin: Steps by which the labels of a pair of ``preference`` differ at least.
        weighted: Whether the examples' ``weight`` reaches the loss, also that of a pair's better reply; only the ratios
            of the weights matter, and what weighs 0 is left out (``weightless`` counts it). Off by default: a blind
            trace weighs the teacher's confidence, which says how surely its item is hit, not how much its rationale is
            worth, and nothing measured so far says that it pays. Switch it on for hinted traces.
        seed: Of the adapters' start, the order of the rows, the shuffled rationales and own replies.
        launcher: ``process`` trains in one process; ``accelerate`` through ``accelerate launch``, for several GPUs.
        accelerate_config: The configuration that ``accelerate launch`` is given, a file or a shipped one (`Launcher`).
        workspace: Where jobs, checkpoints and weights are kept and found again. None takes a temporary folder, which
            lives as long as one of the candidates; save the rater to keep it.
        journal: Where dev ratings and own replies are kept and found again.
        progress: Called with (done, total, note) through training, drawing and rating.
    """

    def __init__(
        self,
        base: str | dspy.LM | None = None,
        *,
        objectives: Sequence[Objective] = ("trace", "label", "label_all"),
        rounds: int = 1,
        own_samples: int = 8,
        method: Literal["lora", "qlora", "full"] = "lora",
        lora_rank: int = 16,
        lora_alpha: int = 32,
        epochs: int = 2,
        learning_rate: float | None = None,
        batch_size: int = 8,
        micro_batch: int | None = None,
        patience: int | None = None,
        regression_weight: float = 1.0,
        margin: float = 2.0,
        weighted: bool = False,
        seed: int = 0,
        launcher: Literal["process", "accelerate"] = "process",
        accelerate_config: str | Path | None = None,
        workspace: str | Path | None = None,
        journal: Journal | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Keep the policy; nothing is trained yet.

        Raises:
            SetupError: If an objective is unknown or given twice, a number cannot be trained with, there is nothing to
                repeat in further rounds, or the launcher is unknown or misses its configuration.
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
        if isinstance(margin, str) or not (math.isfinite(margin) and margin > 0):
            raise SetupError(f"margin={margin!r}", place=_PLACE, cure="Give a number above 0, e.g. 2.")
        for name, number in {"rounds": rounds, "own_samples": own_samples}.items():
            if not isinstance(number, int) or isinstance(number, bool) or number < 1:
                raise SetupError(f"{name}={number!r}", place=_PLACE, cure="Give a whole number from 1 on.")
        if rounds > 1 and not set(objectives) & set(SELF_TRAINED):
            cure = f"Give one of {', '.join(SELF_TRAINED)} among the objectives, or rounds=1."
            raise SetupError(f"rounds={rounds}, and no objective has a second one", place=_PLACE, cure=cure)
        if rounds > 1 and "preference" in objectives and own_samples < 2:
            raise SetupError("own_samples=1", place=_PLACE, cure="Give 2 or more: a pair takes two replies.")
        self.base = base
        self.objectives: tuple[Objective, ...] = tuple(objectives)
        self.rounds = rounds
        self.own_samples = own_samples
        self.parameters = Parameters(
            lora_rank,
            lora_alpha,
            epochs,
            LEARNING_RATES.get(method, LEARNING_RATES["lora"]) if learning_rate is None else learning_rate,
            batch_size,
            seed,
            method=method,
            micro_batch=micro_batch,
            patience=patience,
        )
        self.regression_weight = float(regression_weight)
        self.margin = margin
        self.weighted = weighted
        self.launcher = Launcher(launcher, accelerate_config)
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
            teacher: Not used: nothing is drawn from anyone but the raters that are trained here.

        Returns:
            The chosen rater. ``candidates`` has all that were trained, best first, each with what it was made of and
            what did not fit (``too_long`` names the items, ``dev_too_long`` those of the valset that the rater could
            not rate for that); ``provenance`` has the same of the chosen one, which objectives were skipped, what each
            further round lacked, and whether traces paid.

        Raises:
            SetupError: If the extra ``train`` is missing, there is no valset or it shares items with the trainset, all
                labels of one of the two are the same, the base is no local model or cannot write the scale's levels,
                nothing can be trained, or training fails.
            InputError: If an example does not fit the student; with further rounds, if two are one item.
        """
        workspace = Workspace(self.workspace)
        ready = self._ready(student, trainset, valset, workspace.path)
        items = own_items(student, ready.examples, self.journal) if self.rounds > 1 else []
        fill = constant([example["label"] for example in ready.examples], student.scale)
        seed = self.parameters.seed
        measure = Measure(ready.planner.base, workspace, ready.dev, fill, seed, self.journal, self.progress)
        more = Rounds(ready.planner, measure, items, self.own_samples, self.margin, seed, self.journal, self.progress)
        plans, skipped = ready.first
        self._say_how_long(plans, ready)
        measured: list[MeasuredCandidate] = []
        for number in range(1, self.rounds + 1):
            if number > 1:
                plans, ended = more.after(plans)
                skipped = {**skipped, **ended}
            for trained in train_plans(plans, workspace, self.launcher, self.progress):
                measured += measure(trained, student)
        ranked = choose([one.candidate for one in measured], last=ABLATIONS)
        best = ranked[0].rater
        best.candidates = ranked
        best.provenance = {
            "compiler": _PLACE,
            "base": ready.planner.base.model_id,
            "base_model": base_of(ready.planner.base).to_dict(),
            "guideline": student.guideline.hash,
            "items": ranked[0].items,
            **ranked[0].details,
            "skipped": skipped,
            "rounds": told_of_rounds(ranked),
            "traces_paid": traces_paid(measured, ready.dev, fill, seed),
            "dev": {"corpus": ready.dev.hash, "items": len(ready.dev), "alpha": ranked[0].dev.metrics["alpha"].value},
        }
        return best

    def command(self, student: Any, *, trainset: Sequence[Any], valset: Sequence[Any] | None = None) -> tuple[str, ...]:
        """Write the training jobs into the workspace and return the command that `compile` would train them with.

        Run it by hand where the GPUs are, or to see what is going on; `compile` with the same arguments then finds the
        weights. Jobs of further rounds follow from the weights of the first one, and are not among them.

        Args:
            student: As for `compile`.
            trainset: As for `compile`.
            valset: As for `compile`.

        Returns:
            Program and arguments; empty where everything is trained already.

        Raises:
            SetupError: As for `compile`; also without a workspace, for the jobs would go with a temporary one.
            InputError: As for `compile`.
        """
        if self.workspace is None:
            cure = "Give FineTune(workspace=...)."
            raise SetupError("the jobs of a command need a folder that stays", place=_PLACE, cure=cure)
        plans = self._ready(student, trainset, valset, Workspace(self.workspace).path).first.plans
        jobs = [plan.folder / JOB for plan in write_jobs(plans)]
        return tuple(self.launcher.command(jobs)) if jobs else ()

    def _say_how_long(self, plans: Sequence[Plan], ready: "_Ready") -> None:
        """Log about how long training takes here, where it takes long enough to be worth finding out."""
        new = [plan for plan in plans if read_result(plan.folder, plan.job) is None]
        jobs = [TimedJob(plan.rows, plan.job.parameters.epochs, plan.job.parameters.batch_size) for plan in new]
        if sum(job.epochs * row.tokens for job in jobs for row in job.rows) < WORTH_TOKENS:
            return
        base = ready.planner.base
        logger.info(expectation(jobs, len(ready.dev), base.measured_speed(), base.number_format.name))

    def _ready(self, student: Any, trainset: Sequence[Any], valset: Sequence[Any] | None, workspace: Path) -> "_Ready":
        """Check what was handed in and plan the first round."""
        if isinstance(student, Rater):
            check_writes_labels(student.guideline, _PLACE, "to be trained on")
        need("trl", "train", "to fine-tune a model")
        need("peft", "train", "to fine-tune a model")
        given = [*trainset, *trainset.unexplained()] if isinstance(trainset, _PartlyExplained) else trainset
        examples = check_examples(student, given, "trainset")
        dev = dev_corpus(student, examples, valset)
        base = trained_base(student, self.base)
        dev_examples = check_examples(student, valset, "valset")
        check_labels_differ(student, examples, "trainset")
        check_labels_differ(student, dev_examples, "valset")
        planner = Planner(
            student,
            base,
            self.parameters,
            workspace,
            weighted=self.weighted,
            regression_weight=self.regression_weight,
            valset=dev_examples,
        )
        pairs = None
        if "preference" in self.objectives and isinstance(trainset, Traces):
            pairs = preferences(trainset, margin=self.margin)
        return _Ready(examples, dev, planner, first_round(planner, self.objectives, examples, pairs))


@dataclass(frozen=True)
class _Ready:
    """What is checked and planned before anything is trained."""

    examples: list[dspy.Example]
    dev: Corpus
    planner: Planner
    first: Plans
