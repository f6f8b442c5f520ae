"""Knows how to say how far several labels of one item are apart; does not know which of them is right."""

from collections.abc import Sequence

from ...data import Label, Scale

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
        on any other ``"within one step"`` (of each other; see `Scale.one_step`) or ``"wider"``.
    """
    if len(labels) < 2:
        return UNKNOWN
    different = set(labels)
    if len(different) == 1:
        return UNANIMOUS
    if not scale.graded:
        return SPLIT
    return WITHIN_ONE_STEP if scale.range_of(different) <= scale.one_step else WIDER
