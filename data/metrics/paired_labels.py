"""Knows the items an audit stands on as numbers, gathered into cells; knows no audit in particular."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError
from ..frozen import FrozenDict
from ..scales import Label, Scale
from ..statistics import Codes, Floats, Units, coded, distinct_rows
from .label_numbers import Numbers, ends_of, pairs_of, prepare

STRATA = 20
"""Distinct gold labels up to which each is a stratum of its own; more are gathered into ten of about equal size."""


class Gathered(NamedTuple):
    """Distinct rows of numbers.

    Attributes:
        columns: (columns, cells) the numbers; NaN for a gap.
        units: What is resampled.
        cell: (items,) the cell each item lies in.
    """

    columns: Floats
    units: Units
    cell: Codes


def gathered(columns: Sequence[Floats], groups: Sequence[str | None] | None) -> Gathered:
    """Gather items with equal numbers, so that what is drawn does not depend on the order of the items.

    Args:
        columns: (items,) each; NaN for a gap.
        groups: Group of each item, or None.
    """
    values, codes = coded(np.column_stack(columns))
    rows, cell = distinct_rows(codes)
    # A gap's code is -1: the last value.
    return Gathered(np.append(values, np.nan)[rows].T, Units.of(cell, len(rows), groups), cell)


@dataclass(frozen=True, eq=False)
class Rated:
    """Ratings beside gold labels on the items that have both; use `Rated.of`.

    Attributes:
        scale: The scale of both.
        rating: (items,) the scale's values (nominal, pairwise: positions).
        gold: (items,) the same of the gold labels.
        places: Where each item stood among those handed in.
        groups: Group of each item, or None.
        left_out: Items handed in that are not here, by reason.
    """

    scale: Scale
    rating: Floats
    gold: Floats
    places: Codes
    groups: list[str | None] | None
    left_out: Mapping[str, int]

    @classmethod
    def of(
        cls,
        ratings: Sequence[Label | None],
        gold: Sequence[Label],
        scale: Scale,
        *,
        groups: Sequence[str | None] | None,
        fill: Label | None,
    ) -> "Rated":
        """Check labels, put ``fill`` for None or leave those items out.

        Raises:
            InputError: For lengths that differ, a label that is not on the scale, or a missing gold label.
        """
        data = prepare([ratings], gold, scale, groups=groups, fill=fill)
        places = [place for place, label in enumerate(ratings) if label is not None or fill is not None]
        lost = FrozenDict({"unparsed rating": data.left_out} if data.left_out else {})
        where = np.array(places, dtype=np.int64)
        return cls(scale, data.numbers[0], data.numbers[1], where, data.groups, lost)

    def only(self, kept: Any, reason: str) -> "Rated":
        """Return the items where ``kept`` (items,) is true; the others are counted under the reason."""
        lost = int((~kept).sum())
        if not lost:
            return self
        groups = None if self.groups is None else [group for group, keep in zip(self.groups, kept, strict=True) if keep]
        left_out = FrozenDict({**self.left_out, reason: lost})
        return Rated(self.scale, self.rating[kept], self.gold[kept], self.places[kept], groups, left_out)

    @property
    def n(self) -> int:
        """How many items there are."""
        return self.rating.size

    def strata(self) -> Codes:
        """(items,): the gold level of each item, or the part of the range where there are more than `STRATA`."""
        values, codes = np.unique(self.gold, return_inverse=True)
        if values.size <= STRATA:
            return codes.astype(np.int64)
        edges = np.unique(np.quantile(self.gold, np.arange(1, 10) / 10))
        return np.unique(np.searchsorted(edges, self.gold, side="right"), return_inverse=True)[1].astype(np.int64)


def level_ranks(numbers: Floats, scale: Scale) -> Codes:
    """Return the place of each number's (nearest) level on a scale with levels; of the value itself on one without."""
    pairs = pairs_of(numbers, numbers, scale)
    return pairs.levels[pairs.cell, 0]


def in_steps(numbers: Floats, scale: Scale) -> Floats:
    """Return numbers whose differences are steps of the scale (its own units on an interval without step)."""
    return level_ranks(numbers, scale).astype(float) if scale.unit is None else numbers / scale.unit


def name_of(number: float, scale: Scale) -> str:
    """Write the label that a number stands for, for reports."""
    label = scale.label_of(number)
    return scale.write(label) if scale.number(label) == number else f"{number:g}"


def middle_of(scale: Scale) -> float:
    """Return the number half-way between the ends of an ordinal or interval scale."""
    return sum(ends_of(scale)) / 2


def check_counts(count: int, what: str, **given: Sequence[Any] | None) -> None:
    """Refuse lists that are not as long as there are items.

    Raises:
        InputError: Naming the list.
    """
    for name, one in given.items():
        if one is not None and len(one) != count:
            raise InputError(f"{len(one)} {name} for {count} {what}", place=name, cure="Give one for each item.")


def numbers_of(
    labels: Sequence[Label | None], number: Numbers, place: str, fill: Label | None = None, *, gaps: bool = True
) -> Floats:
    """Turn labels into numbers: ``fill`` for None, NaN where there is none.

    Raises:
        InputError: For a label off the scale, or a None where no gaps are allowed.
    """
    stand_in = np.nan if fill is None else number(fill, "fill")
    return np.array(
        [
            stand_in if label is None and gaps else number(label, place)  # type: ignore[arg-type]
            for label in labels
        ],
        dtype=float,
    )
