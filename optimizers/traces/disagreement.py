"""Knows how to say how far several labels of one item are apart; does not know which of them is right."""

from collections.abc import Sequence

from ...data import Interval, Label, Scale

UNKNOWN = "unknown"
UNANIMOUS = "unanimous"
SPLIT = "split"
WITHIN_ONE_STEP = "within one step"
WIDER = "wider"
DISAGREEMENTS = (UNANIMOUS, WITHIN_ONE_STEP, WIDER, SPLIT, UNKNOWN)
"""All answers of `disagreement`, in the order in which reports list them."""


def disagreement(labels: Sequence[Label], scale: Scale) -> str:
    """Return how much the annotators of one item disagree.

    Args:
        labels: What they said, one label an annotator.
        scale: Their scale.

    Returns:
        ``"unknown"`` with fewer than two labels, else ``"unanimous"``, ``"split"`` on a nominal or pairwise scale, and
        on any other ``"within one step"`` (of each other; see `one_step`) or ``"wider"``.
    """
    if len(labels) < 2:
        return UNKNOWN
    different = sorted(set(labels), key=scale.position)
    if len(different) == 1:
        return UNANIMOUS
    if not scale.ordered:
        return SPLIT
    return WITHIN_ONE_STEP if scale.distance(different[0], different[-1]) <= one_step(scale) else WIDER


def one_step(scale: Scale) -> float:
    """Return how far apart two labels may be and still be neighbours, in the units of `Scale.distance`.

    Ordinal: 1. Interval: a quarter of its range, as one step is on five levels, and at least one of its own steps.
    Nominal, pairwise and whatever has two levels only: 0, since every other label is simply another one.
    """
    if not scale.ordered or (scale.levels is not None and len(scale.levels) < 3):
        return 0.0
    if not isinstance(scale, Interval):
        return 1.0
    quarter = scale.distance(scale.low, scale.high) / 4
    return quarter if scale.step is None else max(quarter, 1.0)
