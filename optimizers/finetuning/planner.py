"""Knows what one objective's training is: rows, order and folder, or why there is none; does not train."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dspy

from ...programs import LocalEngine, Rater, context_length, read_tokenizer, training_format, weights_hash
from ..training_jobs import WEIGHTS, Parameters, Row, TrainingJob, rows_hash
from .base_model import check_levels_written
from .objectives import ORDERS, Objective, Rows, examples_for, make_pair_rows, make_rows, shuffled, traced
from .preferences import Preference

_SHORTEST_LIMIT = 16
_NO_PAIRS = "no item has an accepted draw and one that is off by the margin (it needs Traces, with all their draws)"


@dataclass(frozen=True)
class Plan:
    """One objective to be trained.

    Attributes:
        objective: Which.
        rater: The rater it is for, without its trained model.
        rows: What it is trained on.
        too_long: Ids of the items left out because their rows exceed the model's context, or would with a rationale
            where the objective is kept to the items of ``trace``.
        job: The order for the training process.
        folder: Where it is trained.
        context: The most tokens of prompt and reply together that the model holds.
        dev_rows: What tells when to stop early; none where training goes on to its end.
        round: 1, or the round of self-training that it belongs to.
        details: Plain data on what its rows are made of, for the candidate's record.
    """

    objective: Objective
    rater: Rater
    rows: tuple[Row, ...]
    too_long: tuple[str, ...]
    job: TrainingJob
    folder: Path
    context: int
    dev_rows: tuple[Row, ...] = ()
    round: int = 1
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What the candidate is called: the objective, and its round from the second on."""
        return self.objective if self.round == 1 else f"{self.objective}_round{self.round}"

    @property
    def weights(self) -> Path:
        """Where the trained weights are found: an adapter, or a whole model."""
        return self.folder / self.job.output

    @property
    def max_tokens(self) -> int:
        """A limit on the trained rater's replies: twice the longest reply it was shown, where the context has room.

        A reply that goes beyond is going round in circles, and would hold up the batch it is in. What is allowed for
        the reply is taken from the prompt: of the room that the longest of both leave, the reply gets half at most, so
        that prompts somewhat longer than those that were trained on still fit.
        """
        longest = max(len(row.completion) for row in self.rows)
        left = self.context - longest - max(len(row.prompt) for row in self.rows)
        return longest + min(max(longest, _SHORTEST_LIMIT - longest), max(left // 2, 0))


class Planner:
    """Makes the plans of one compile: with its student, its base model and its parameters.

    Args:
        student: The rater that is compiled.
        base: The engine of the model that is trained.
        parameters: How.
        workspace: Where the jobs' folders are; each is named by objective and content.
        weighted: Whether examples' weights reach the loss.
        regression_weight: What the squared error of ``regression`` counts beside the cross-entropy of a token.
        valset: The dev examples; those that an objective could train on tell when to stop early.
    """

    def __init__(
        self,
        student: Rater,
        base: LocalEngine,
        parameters: Parameters,
        workspace: Path,
        *,
        weighted: bool,
        regression_weight: float,
        valset: Sequence[dspy.Example],
    ) -> None:
        """Read the base model's tokenizer and configuration."""
        self.student = student
        self.parameters = parameters
        self.base = base
        self._workspace = workspace
        self._weighted = weighted
        self._regression_weight = regression_weight
        self._valset = valset
        self._tokenizer = read_tokenizer(base.path)
        self._context = context_length(base.path)
        self._base_hash = weights_hash(base.path)
        self._fitted: tuple[Sequence[dspy.Example], Rows] | None = None
        check_levels_written(student, self._tokenizer)

    def of_examples(
        self,
        objective: Objective,
        examples: Sequence[dspy.Example],
        *,
        round: int = 1,
        details: Mapping[str, Any] | None = None,
    ) -> Plan | str:
        """Plan an objective that learns one reply to each item; return why there is nothing to train on otherwise.

        Args:
            objective: Any but ``preference``.
            examples: All examples, with and without rationale.
            round: Of self-training; the rows of later ones are not weighted, for nobody has weighed them.
            details: More on what the rows are made of.

        Raises:
            SetupError: If the objective does not suit the scale or the tokenizer.
            InputError: If an example's weight is none.
        """
        chosen, left_out = self._chosen(objective, examples)
        if not chosen and not left_out:
            return "no item has a rationale"
        given, told = self._given(objective, chosen)
        rater = self._rater(objective)
        weighted = self._weighted and round == 1
        rows = self._rows(objective, rater, given, weighted=weighted)
        rows = rows._replace(too_long=(*left_out, *rows.too_long))
        told = {**_weighing(weighted, rows), **told, **({} if details is None else details)}
        if objective == "regression":
            told["regression_weight"] = self._regression_weight
        return self._plan(objective, rater, rows, round=round, details=told)

    def of_pairs(
        self,
        pairs: Sequence[Preference],
        *,
        round: int = 1,
        after: Plan | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> Plan | str:
        """Plan ``preference``; return why there is nothing to train on otherwise.

        Args:
            pairs: Better and worse replies.
            round: Of self-training; the pairs of later ones are not weighted.
            after: A trained plan whose weights training goes on from and is held against; None is the base model.
            details: More on what the rows are made of.

        Raises:
            InputError: If an example's weight is none.
        """
        if not pairs:
            return _NO_PAIRS
        rater = self._rater("preference")
        weighted = self._weighted and round == 1
        rows = make_pair_rows(rater, pairs, self._tokenizer, context=self._context, weighted=weighted)
        told = {**_weighing(weighted, rows), **({} if details is None else details)}
        return self._plan("preference", rater, rows, round=round, details=told, after=after)

    def _chosen(
        self, objective: Objective, examples: Sequence[dspy.Example]
    ) -> tuple[Sequence[dspy.Example], tuple[str, ...]]:
        """Return what an objective trains on, and the ids of the items that do not fit with their rationale.

        What ``trace`` is compared with is kept to its items, also where it could do with a shorter reply.
        """
        if objective == "label_all":
            return examples_for(objective, examples), ()
        if self._fitted is None or self._fitted[0] is not examples:  # the objectives of a round share their examples
            self._fitted = examples, self._rows("trace", self._rater("trace"), traced(examples), weighted=False)
        fitted = self._fitted[1]
        return fitted.examples, fitted.too_long

    def _given(
        self, objective: Objective, chosen: Sequence[dspy.Example]
    ) -> tuple[Sequence[dspy.Example], dict[str, Any]]:
        """Return the chosen examples as the objective shows them, and what there is to say of that."""
        if objective != "trace_shuffled":
            return chosen, {}
        mixed = shuffled(chosen, seed=self.parameters.seed)
        return mixed.examples, {"kept_their_own": mixed.kept}

    def _rater(self, objective: Objective) -> Rater:
        return self.student.variant(order=ORDERS[objective])

    def _rows(self, objective: Objective, rater: Rater, chosen: Sequence[dspy.Example], *, weighted: bool) -> Rows:
        pull = self._regression_weight if objective == "regression" else None
        return make_rows(
            rater, chosen, self._tokenizer, context=self._context, weighted=weighted, regression_weight=pull
        )

    def _plan(
        self,
        objective: Objective,
        rater: Rater,
        rows: Rows,
        *,
        round: int,
        details: Mapping[str, Any] | None,
        after: Plan | None = None,
    ) -> Plan | str:
        if not rows.rows:
            named = ", ".join(map(repr, rows.too_long[:3])) + (", ..." if len(rows.too_long) > 3 else "")
            counted = "" if objective == "label_all" else ", with their rationales,"
            return f"all {len(rows.too_long)} rows{counted} have more than {self._context} tokens ({named})"
        labels = {example["label"] for example in rows.examples}
        if len(labels) == 1:  # it would be learned whatever the items say
            return f"all {len(rows.rows)} rows have the label {self.student.scale.write(labels.pop())!r}"
        told = {} if details is None else dict(details)
        parameters, dev_rows = self.parameters, ()
        if parameters.patience is not None:
            dev_rows, told["early_stopping"] = self._dev_rows(objective, rater)
            parameters = parameters if dev_rows else replace(parameters, patience=None)
        job = TrainingJob(
            str(self.base.path),
            self._base_hash,
            rows_hash(rows.rows),
            parameters,
            dev_hash=rows_hash(dev_rows) if dev_rows else None,
            dtype=training_format(self.base.number_format.name),
        )
        if after is not None:
            job = _going_on(job, after)
        plan = Plan(
            objective, rater, rows.rows, rows.too_long, job, self._workspace, self._context, dev_rows, round, told
        )
        return replace(plan, folder=self._workspace / f"{plan.name}-{job.hash[:12]}")

    def _dev_rows(self, objective: Objective, rater: Rater) -> tuple[tuple[Row, ...], str]:
        """Return the rows that tell when to stop early, and in words which they are or why there are none."""
        if objective == "preference":
            return (), "none: the valset has no pairs of replies"
        # A label needs no rationale beside it: `label` is kept to the items of `trace` in what it learns alone.
        chosen = examples_for("label_all" if rater.order == "label" else objective, self._valset)
        if not chosen:
            return (), "none: no example of the valset has a rationale"
        rows = self._rows(objective, rater, self._given(objective, chosen)[0], weighted=False).rows
        return rows, f"by the loss on {len(rows)} of {len(self._valset)} dev examples"


def _weighing(weighted: bool, rows: Rows) -> dict[str, Any]:
    """Return what there is to say of the rows' weights."""
    return {"weighted": True, "weightless": rows.weightless} if weighted else {"weighted": False}


def _going_on(job: TrainingJob, after: Plan) -> TrainingJob:
    """Return the job that starts from the weights of a trained plan; a whole model is simply another base."""
    found = str(after.weights), weights_hash(after.weights)
    if after.job.output == WEIGHTS:
        return replace(job, base=found[0], base_hash=found[1])
    return replace(job, start=found[0], start_hash=found[1])
