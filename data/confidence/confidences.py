"""Knows labels that came with a confidence, checked and as numbers; knows nothing about what a confidence is worth."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..errors import InputError, SetupError
from ..frozen import FrozenDict
from ..metrics import Pairs, pairs_of, prepare
from ..scales import Label, Scale
from ..statistics import Codes, Floats, Units, distinct_rows
from ..values import is_number, plain, show

NO_LABEL = "unparsed rating"
NO_CONFIDENCE = "no confidence"


@dataclass(frozen=True, eq=False)
class Judged:
    """Items with a label, a confidence and a gold label; use `Judged.of`.

    Attributes:
        confidence: (items,) from 0 to 1.
        pairs: Their ratings and gold labels.
        right: (pairs,) 1.0 where rating and gold count as equal, else 0.0.
        groups: Group of each item, or None.
        handed_in: How many items were handed in.
        left_out: Why the others are not among these; read-only.
    """

    confidence: Floats
    pairs: Pairs
    right: Floats
    groups: list[str | None] | None
    handed_in: int
    left_out: Mapping[str, int]

    @classmethod
    def of(
        cls,
        confidences: Sequence[float | None],
        ratings: Sequence[Label | None],
        gold: Sequence[Label],
        scale: Scale,
        *,
        within: float = 0.0,
        groups: Sequence[str | None] | None = None,
    ) -> "Judged":
        """Check what was given and leave out items without a label or a confidence.

        Args:
            confidences: Of the labels given, from 0 to 1; None where there is none.
            ratings: The labels; None where there was no readable answer.
            gold: The gold labels.
            scale: The scale of both.
            within: Distance from gold, in steps (on an interval without steps in its units), that is still right.
            groups: Group of each item, or None.

        Raises:
            InputError: For lengths that differ, a label off the scale, or a confidence that is not from 0 to 1.
            SetupError: For a `within` that the scale has no meaning for.
        """
        _check_within(within, scale)
        numbers = checked_confidences(confidences, len(gold))
        lost = Counter(
            NO_LABEL if label is None else NO_CONFIDENCE
            for label, number in zip(ratings, numbers, strict=False)
            if label is None or math.isnan(number)
        )
        # A label without a confidence is checked all the same: a typing error must not hide in an item left out.
        prepare([ratings], gold, scale, groups=groups, fill=None)
        bare = [None if math.isnan(number) else label for label, number in zip(ratings, numbers, strict=True)]
        data = prepare([bare], gold, scale, groups=groups, fill=None)
        kept = [place for place, label in enumerate(bare) if label is not None]
        pairs = pairs_of(data.numbers[0], data.numbers[1], scale)
        right = (_steps(pairs, scale) <= within + 1e-9).astype(float)
        return cls(numbers[kept], pairs, right, data.groups, len(gold), FrozenDict(sorted(lost.items())))

    @property
    def n(self) -> int:
        """How many items there are."""
        return self.confidence.size

    @property
    def item_right(self) -> Floats:
        """(items,) 1.0 where the item's label is right, else 0.0."""
        return self.right[self.pairs.cell]

    @cached_property
    def cells(self) -> "ConfidenceCells":
        """Distinct (confidence, right) pairs, in ascending order, so that the order of the items changes no draw."""
        values, codes = np.unique(self.confidence, return_inverse=True)
        rows, cell = distinct_rows(np.column_stack([codes.reshape(-1), self.item_right.astype(np.int64)]))
        units = Units.of(cell, len(rows), self.groups)
        return ConfidenceCells(values[rows[:, 0]], rows[:, 1].astype(float), units)


@dataclass(frozen=True, eq=False)
class ConfidenceCells:
    """What statistics of confidence depend on.

    Attributes:
        confidence: (cells,) ascending.
        right: (cells,) 1.0 or 0.0.
        units: What is resampled.
    """

    confidence: Floats
    right: Floats
    units: Units


def checked_confidences(confidences: Sequence[float | None], items: int) -> Floats:
    """Return confidences as numbers, NaN for None.

    Raises:
        InputError: Unless there is one for each item, None or a number from 0 to 1.
    """
    if len(confidences) != items:
        raise InputError(f"{len(confidences)} confidences for {items} items", cure="Give one for each item.")
    return np.array([_confidence(number, place) for place, number in enumerate(confidences)], dtype=float)


def top_coded(values: Floats) -> Codes:
    """Number distinct values from the highest, 0, to the lowest."""
    distinct, codes = np.unique(values, return_inverse=True)
    return (distinct.size - 1 - codes.reshape(-1)).astype(np.int64)


def _confidence(number: float | None, place: int) -> float:
    number = plain(number)
    if number is None:
        return math.nan
    # Shares that were added up may leave [0, 1] by their rounding.
    if not is_number(number) or not -1e-9 <= number <= 1 + 1e-9:
        cure = "Give a number from 0 to 1, None where there is none."
        raise InputError(f"item {place} has the confidence {show(number)}", place="confidences", cure=cure)
    return min(max(float(number), 0.0), 1.0)


def _check_within(within: float, scale: Scale) -> None:
    if not is_number(within) or not 0 <= within < math.inf:
        raise SetupError(f"within={show(within)}", cure="Give 0 (equal to gold) or more steps.")
    if within and not scale.graded:
        raise SetupError(f"within={within} on a {scale.kind} scale", cure="Its labels have no order: leave within out.")
    if not within and scale.levels is None:
        cure = "Give within=, the distance from gold that is still right, in the scale's units."
        raise SetupError("on an interval without steps no label is ever exactly right", cure=cure)


def _steps(pairs: Pairs, scale: Scale) -> Floats:
    """Return (pairs,) how many steps a rating is from its gold; in the scale's units where there are no steps."""
    if scale.levels is None:
        return np.abs(pairs.x - pairs.y)
    one, other = pairs.levels.T
    return np.abs(one - other).astype(float) if scale.ordered else np.array(scale.distances)[one, other]
