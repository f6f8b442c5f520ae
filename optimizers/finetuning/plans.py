"""Knows which objectives are worth training on given examples; does not know their rows, and does not train."""

from collections.abc import Sequence
from typing import NamedTuple

import dspy

from ...data import SetupError
from .objectives import Objective
from .planner import Plan, Planner
from .preferences import Preferences


class Plans(NamedTuple):
    """What is to be trained, and why the other objectives are not."""

    plans: tuple[Plan, ...]
    skipped: dict[str, str]


def first_round(
    planner: Planner,
    objectives: Sequence[Objective],
    examples: Sequence[dspy.Example],
    pairs: Preferences | None,
) -> Plans:
    """Plan each objective, leaving out those without rows or with the rows of an earlier one.

    Args:
        planner: Makes the plans.
        objectives: Which objectives are wanted.
        examples: All examples, with and without rationale.
        pairs: What ``preference`` is trained on; None where there are no draws to make pairs of.

    Raises:
        SetupError: If no objective is left, or one does not suit the scale or the tokenizer.
        InputError: If an example's weight is none.
    """
    plans: list[Plan] = []
    skipped: dict[str, str] = {}
    for objective in objectives:
        made = _of_pairs(planner, pairs) if objective == "preference" else planner.of_examples(objective, examples)
        if not isinstance(made, Plan):
            skipped[objective] = made
            continue
        twin = next((plan.objective for plan in plans if plan.rows == made.rows), None)
        if twin is None:
            plans.append(made)
        else:
            skipped[objective] = f"it has the same rows as {twin!r}"
    if not plans:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in skipped.items())
        cure = (
            "Give traces (RejectionSampling.infer) of items with different labels, or objectives=('label_all',); where "
            "rows are longer than the context, shorter items or a base model with a longer one."
        )
        raise SetupError(f"there is nothing to train on ({reasons})", place="FineTune", cure=cure)
    return Plans(tuple(plans), skipped)


def _of_pairs(planner: Planner, pairs: Preferences | None) -> Plan | str:
    if pairs is None:
        return planner.of_pairs(())
    details = {"margin": pairs.margin, "pairs": len(pairs), "without_pair": dict(pairs.lacks)}
    return planner.of_pairs(pairs, details=details)
