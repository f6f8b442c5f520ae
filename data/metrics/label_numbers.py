"""Knows how labels become checked numbers, and pairs of numbers cells; knows nothing about coefficients' values."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..scales import Label, Scale
from ..statistics import Codes, Estimate, Floats
from ..values import show
from .coefficients import Pairs

LARGEST = 1e100
"""Size of a number from which on its square, times a number of items, may leave what a float holds."""


class Prepared(NamedTuple):
    """Labels as numbers, ready to be compared.

    Attributes:
        numbers: (raters + 1, items) the scale's values (nominal, pairwise: positions); gold last.
        groups: Group of each item kept, or None.
        unparsed: Ratings that were None, by rater.
        left_out: Items left out because a rating was None.
        filled: Whether those ratings were replaced instead.
    """

    numbers: Floats
    groups: list[str | None] | None
    unparsed: list[int]
    left_out: int
    filled: bool

    def remark(self, found: Estimate) -> Estimate:
        """Add to the note on how many items the estimate stands."""
        if not self.left_out:
            return found
        n = self.numbers.shape[1]
        said = f"on {n} of {n + self.left_out} items: {self.left_out} left out, their ratings were unparsed"
        return found.remark(said)


def prepare(
    raters: Sequence[Sequence[Label | None]],
    gold: Sequence[Label],
    scale: Scale,
    *,
    groups: Sequence[str | None] | None,
    fill: Label | None,
) -> Prepared:
    """Check labels, put ``fill`` for None (or leave those items out), and turn labels into numbers.

    Raises:
        InputError: For lengths that differ, a label that is not on the scale, or a missing gold or group.
    """
    names = ["ratings"] if len(raters) == 1 else [f"ratings of rater {'ab'[i]}" for i in range(len(raters))]
    for name, given in [*zip(names, raters, strict=True), ("groups", gold if groups is None else groups)]:
        if len(given) != len(gold):
            raise InputError(f"{len(given)} {name} for {len(gold)} gold labels", cure="Give one for each item.")
    number = Numbers(scale)
    stand_in = None if fill is None else number(fill, "fill")
    rows = [
        [stand_in if label is None else number(label, name) for label in given]
        for name, given in zip(names, raters, strict=True)
    ]
    rows.append([number(label, "gold") for label in gold])
    table = np.array([[np.nan if cell is None else cell for cell in row] for row in rows], dtype=float)
    kept = np.asarray(np.isfinite(table).all(axis=0))
    chosen = None if groups is None else [group for group, keep in zip(groups, kept, strict=True) if keep]
    unparsed = [sum(label is None for label in given) for given in raters]
    return Prepared(table[:, kept], chosen, unparsed, int((~kept).sum()), fill is not None)


def checked_scores(
    scores: Sequence[float | None], ratings: Sequence[Label | None], scale: Scale, *, fill: Label | None
) -> Floats | None:
    """Check a rater's scores beside its labels; the items are those that `prepare` keeps.

    Returns:
        One number for each item kept, the value of ``fill`` where there is no label; None for a rater without scores.

    Raises:
        InputError: For lengths that differ, a score off the scale, or a score or a label without the other.
        SetupError: If the scale's labels are no numbers.
    """
    if len(scores) != len(ratings):
        raise InputError(f"{len(scores)} scores for {len(ratings)} ratings", cure="Give one for each rating.")
    if all(score is None for score in scores):
        return None
    low, high = ends_of(scale)
    slack = 1e-9 * (high - low)  # a mean of levels may leave the scale by its rounding
    for number, (score, label) in enumerate(zip(scores, ratings, strict=True)):
        if (score is None) != (label is None):
            lacking = "score" if score is None else "label"
            raise InputError(f"item {number} has no {lacking}", place="scores", cure="Give both or neither.")
        if score is not None and not low - slack <= score <= high + slack:
            raise InputError(f"the score {score} is off the scale", place="scores", cure=f"Give {low} to {high}.")
    stand_in = None if fill is None else scale.value(fill)
    filled = [stand_in if score is None else score for score in scores]
    return np.array([number for number in filled if number is not None], dtype=float)


def ends_of(scale: Scale) -> tuple[float, float]:
    """Return the lowest and the highest value of an ordinal or interval scale."""
    low, high = scale.ends
    return scale.value(low), scale.value(high)


def pairs_of(x: Floats, y: Floats, scale: Scale) -> Pairs:
    """Gather numbers made by `prepare` into cells, with the scale's levels where it has any."""
    return Pairs.of(x, y, None if scale.levels is None else lambda values: _levels(values, scale))


def _levels(values: Floats, scale: Scale) -> Codes:
    """Return the rank on the scale of each value, of the nearest level for a value off an interval's steps."""
    ranks = {level: rank for rank, level in enumerate(scale.levels or ())}
    return np.array([ranks[scale.label_of(value)] for value in values], dtype=np.int64)


class Numbers:
    """Turns labels into numbers, each distinct label once: checking costs more than all the statistics."""

    def __init__(self, scale: Scale) -> None:
        """Start with no label known."""
        self.scale = scale
        self.known: dict[tuple[type, Label], float] = {}

    def __call__(self, label: Label, place: str) -> float:
        """Return the scale's value of a label (nominal, pairwise: its position); refuse what is not on the scale."""
        key = (type(label), label)
        try:
            if key not in self.known:
                self.known[key] = self._number(label, place)
        except TypeError:  # a list or a dict
            raise InputError(f"{show(label)} is no label", place=place, cure="Give one label, not several.") from None
        return self.known[key]

    def _number(self, label: Label, place: str) -> float:
        scale = self.scale
        if scale.unit is not None and isinstance(label, int | float) and not isinstance(label, bool):
            # A mean of labels may lie between the steps; it is a gold label all the same.
            if abs(label) > LARGEST:
                raise InputError(f"{label} is too large to be squared", place=place, cure="Give it in larger units.")
            low, high = ends_of(scale)
            if low <= label <= high:
                return float(label)
        if label is None:
            raise InputError("a label is missing", place=place, cure="Leave items without a gold label out.")
        return scale.number(scale.check(label, place))
