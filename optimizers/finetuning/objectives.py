"""Knows what a training row is for each objective of fine-tuning; does not know how a model is trained."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any, Literal, NamedTuple

import dspy
import numpy as np

from ...data import InputError, Label, SetupError
from ...programs import Order, Rater, encode_prompt, encode_reply
from ..compiler import item_id
from ..training_jobs import Row, make_aim
from .preferences import Preference

Objective = Literal["trace", "label", "label_all", "label_first", "regression", "preference", "trace_shuffled"]

ABLATIONS: frozenset[str] = frozenset({"trace_shuffled"})
"""Objectives that are trained to be compared with; the gate chooses none of them while there is another."""

ORDERS: Mapping[Objective, Order] = {
    "trace": "rationale_label",
    "label": "label",
    "label_all": "label",
    "label_first": "label_rationale",
    "regression": "rationale_label",
    "preference": "rationale_label",
    "trace_shuffled": "rationale_label",
}
"""What the rater of each objective writes.

``trace`` writes the rationale and then the label, on items that have a rationale and fit into the model's context with
it. ``label`` writes the label alone, on exactly the same items: the difference between the two is what the rationales
are worth. ``label_all`` writes the label alone, on all items: what plain fine-tuning reaches with every label there is.
``label_first`` writes the label and then the rationale, on the items of ``trace``: the rationale can teach, and costs
nothing where only the label is read.
``regression`` writes what ``trace`` writes, and its loss also pulls the expected label to the human one (see `Aim`).
``preference`` writes it too, and learns it beside a reply of the teacher that missed the label (see `preferences`).
``trace_shuffled`` writes it as well, and has learned it with the rationales of other items of the same label (see
`shuffled`): the difference to ``trace`` is what it is worth that a rationale speaks of its own item. An item of
``trace`` that does not fit with its new rationale is left out.
"""


class Rows(NamedTuple):
    """The rows of one objective, and what became of the examples that gave none.

    Attributes:
        rows: What is learned.
        too_long: Ids of the items that exceed the model's context.
        examples: What the rows were made of, one for each.
        weightless: Examples that fit and weigh 0.
    """

    rows: tuple[Row, ...]
    too_long: tuple[str, ...]
    examples: tuple[dspy.Example, ...] = ()
    weightless: int = 0


def traced(examples: Sequence[dspy.Example]) -> list[dspy.Example]:
    """Return the examples that have a rationale."""
    return [example for example in examples if str(example.get("rationale") or "").strip()]


def examples_for(objective: Objective, examples: Sequence[dspy.Example]) -> list[dspy.Example]:
    """Return the examples that an objective trains on."""
    return list(examples) if objective == "label_all" else traced(examples)


def make_rows(
    rater: Rater,
    examples: Sequence[dspy.Example],
    tokenizer: Any,
    *,
    context: int,
    weighted: bool = False,
    regression_weight: float | None = None,
) -> Rows:
    """Render examples as training rows with the very adapter and tokenizer that render requests at deployment.

    Args:
        rater: The rater to be trained, with its guideline and the order of its reply.
        examples: Fields, label and (where the rater writes one) rationale.
        tokenizer: The base model's.
        context: The most tokens a row may have; longer ones are left out and named, never cut.
        weighted: Whether an example's ``weight`` (1 where it has none) weighs its row.
        regression_weight: Gives rows an aim with this weight; None gives none.

    Raises:
        SetupError: If the tokenizer has no token that ends a reply or cannot tell the levels apart, the scale has no
            levels with values where there is an aim, or all weights are 0.
        InputError: If a weight is not a number from 0 on.
    """
    rows: list[tuple[Row, dspy.Example]] = []
    too_long: list[str] = []
    for example in examples:
        rationale = str(example.get("rationale") or "")
        completion = _completion(rater, rationale, example["label"], tokenizer)
        prompt = encode_prompt(tokenizer, rater.prompt({name: example[name] for name in rater.fields}))
        if len(prompt) + len(completion) > context:
            too_long.append(item_id(rater, example))
            continue
        aim = None
        if regression_weight is not None:
            aim = make_aim(rater, rationale, example["label"], tokenizer, regression_weight)
        weight = _weight(example, rater) if weighted else 1.0
        rows.append((Row(tuple(prompt), completion, weight, aim), example))
    return _balanced(rows, too_long)


def make_pair_rows(
    rater: Rater, pairs: Sequence[Preference], tokenizer: Any, *, context: int, weighted: bool = False
) -> Rows:
    """Render pairs of replies as rows with a completion and a rejected one; see `make_rows`.

    A pair weighs what its better reply does.
    """
    rows: list[tuple[Row, dspy.Example]] = []
    too_long: list[str] = []
    for pair in pairs:
        prompt = encode_prompt(tokenizer, rater.prompt({name: pair.example[name] for name in rater.fields}))
        chosen = _completion(rater, pair.example["rationale"], pair.example["label"], tokenizer)
        rejected = _completion(rater, pair.rejected.rationale, pair.rejected_label, tokenizer)
        if len(prompt) + max(len(chosen), len(rejected)) > context:
            too_long.append(pair.item_id)
            continue
        weight = _weight(pair.example, rater) if weighted else 1.0
        rows.append((Row(tuple(prompt), chosen, weight, rejected=rejected), pair.example))
    return _balanced(rows, too_long)


def _completion(rater: Rater, rationale: str, label: Label, tokenizer: Any) -> tuple[int, ...]:
    """Return the ids of a reply and the one that ends it."""
    if tokenizer.eos_token_id is None:
        cure = "Use a base model whose tokenizer has an eos_token."
        raise SetupError("the base model's tokenizer cannot end a reply", place="FineTune", cure=cure)
    return (*encode_reply(tokenizer, rater.reply(rationale, label)), tokenizer.eos_token_id)


def _weight(example: dspy.Example, rater: Rater) -> float:
    weight = example.get("weight", 1.0)
    if isinstance(weight, bool) or not isinstance(weight, Real) or not math.isfinite(weight) or weight < 0:
        shown = " ".join(str(example[rater.fields[0]]).split())[:40]
        cure = "Give a number from 0 on, or FineTune(weighted=False)."
        raise InputError(f"its weight is {weight!r}", place=f"trainset, {shown!r}", cure=cure)
    return float(weight)


def _balanced(given: Sequence[tuple[Row, dspy.Example]], too_long: Sequence[str]) -> Rows:
    """Return the rows with weights that are 1 on average over completion tokens: a common factor changes nothing.

    Rows without weight go. The average is taken over all rows and not over a batch: a batch of doubtful traces is to
    move the weights less than a batch of sure ones.
    """
    kept = [(row, example) for row, example in given if row.weight > 0]
    if given and not kept:
        cure = "Give some example a weight above 0, or FineTune(weighted=False)."
        raise SetupError("all examples weigh 0", place="FineTune", cure=cure)
    rows = [row for row, _ in kept]
    weights = [1.0] * len(rows)
    if len({row.weight for row in rows}) > 1:
        tokens = sum(len(row.completion) for row in rows)
        factor = tokens / math.fsum(row.weight * len(row.completion) for row in rows)
        # Rounded, so that the factor's last digit does not make another job of the same weights.
        weights = [round(row.weight * factor, 12) for row in rows]
    return Rows(
        tuple(replace(row, weight=weight) for row, weight in zip(rows, weights, strict=True)),
        tuple(too_long),
        tuple(example for _, example in kept),
        len(given) - len(kept),
    )


class Shuffled(NamedTuple):
    """Examples with the rationale of another item of their label, and how many kept their own for want of another."""

    examples: tuple[dspy.Example, ...]
    kept: int


def shuffled(examples: Sequence[dspy.Example], *, seed: int) -> Shuffled:
    """Exchange the rationales of examples within each label, so that every one comes from another item.

    A rater that learns from these sees as many words that lead to as many labels, but none that speak of the item: what
    true traces do better than they is what the thinking about the item is worth. The items of a label are put in a
    random circle and each takes the rationale of the next, so no item keeps its own unless it is alone.

    Args:
        examples: With ``label`` and ``rationale``; they stay as they are, and in their order.
        seed: Of the circles.
    """
    by_label: dict[Hashable, list[int]] = {}
    for place, example in enumerate(examples):
        by_label.setdefault(example["label"], []).append(place)
    dice = np.random.default_rng(seed)
    given = list(examples)
    for places in by_label.values():
        circle = dice.permutation(places).tolist()
        for place, following in zip(circle, [*circle[1:], circle[0]], strict=True):
            given[place] = examples[place].copy(rationale=examples[following]["rationale"])
    return Shuffled(tuple(given), sum(len(places) == 1 for places in by_label.values()))
