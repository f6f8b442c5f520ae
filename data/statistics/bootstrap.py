"""Knows how to resample items or groups as cell weights, in one pass for all statistics; knows nothing about labels.

A bootstrap over N items in C cells draws cell counts from a multinomial (N; share of each cell): the same distribution
as drawing N items with replacement and counting, at the price of C numbers rather than N. Where most items have a cell
to themselves, items are drawn and counted after all. Over groups, G group counts are drawn and carried to cells by a
(cells x groups) count matrix. Memory is bounded by drawing in chunks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..errors import InputError
from .cells import Codes, Floats

CHUNK = 2_000_000
"""Numbers in one weight matrix (16 MB); the coefficients hold some dozen arrays of that size at a time."""

FULL = 10
"""Items per cell from which on drawing cell counts is faster than drawing items (measured: 8 to 16)."""

_FEW_ITEMS = 500
"""Items up to which all resamples are counted together (measured: 2 to 20 times faster there, slower from 1,000 on)."""

_NAME_GROUPS = "Give the name of each item's group as text, None where it has none."

Statistics = Callable[[Floats], Mapping[str, Floats]]


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are made.

    Attributes:
        resamples: How many resamples; 0 for no intervals.
        seed: Of the bootstrap's own generator.
        level: Confidence level.

    Raises:
        InputError: For a negative number of resamples, or a level that is not between 0 and 1.
    """

    resamples: int = 2000
    seed: int = 0
    level: float = 0.95

    def __post_init__(self) -> None:
        """Refuse a bootstrap that makes no sense."""
        if self.resamples < 0:
            raise InputError(f"resamples is {self.resamples}", cure="Give 0 (no intervals) or more; 2000 is usual.")
        if not 0 < self.level < 1:
            raise InputError(f"level is {self.level}", cure="Give a confidence level between 0 and 1, e.g. 0.95.")
        object.__setattr__(self, "level", float(self.level))


@dataclass(frozen=True, eq=False)
class Units:
    """What is resampled: items, or groups of items; use `Units.of`.

    Attributes:
        cell: (items,) the cell each item lies in.
        cells: How many cells there are.
        group: (items,) the group each item lies in, or None when every item is a unit of its own.
        count: How many units there are.
    """

    cell: Codes
    cells: int
    group: Codes | None
    count: int

    @classmethod
    def of(cls, cell: Codes, cells: int, groups: Sequence[str | None] | None = None) -> "Units":
        """Make units of items, or of the items that share a group; an item whose group is None is its own unit.

        Raises:
            InputError: For groups that are no names: NaN, or texts and numbers mixed.
        """
        if groups is None or all(group is None for group in groups):
            return cls(cell, cells, None, cell.size)
        rank = {name: i for i, name in enumerate(_names(groups))}
        group = np.array([-1 if name is None else rank[name] for name in groups], dtype=np.int64)
        alone = np.flatnonzero(group < 0)
        # Numbered by cell, not by position: the order of the items must not change a seeded draw.
        group[alone[np.argsort(cell[alone], kind="stable")]] = len(rank) + np.arange(alone.size)
        return cls(cell, cells, group, len(rank) + alone.size)

    @property
    def name(self) -> str:
        """Return "item" or "group", for messages."""
        return "item" if self.group is None else "group"

    @cached_property
    def observed(self) -> Floats:
        """(cells, 1): how many items lie in each cell."""
        return np.bincount(self.cell, minlength=self.cells).astype(float)[:, None]

    def draw(self, size: int, rng: np.random.Generator) -> Floats:
        """Return (cells, size): the cell counts of ``size`` resamples of as many units as there are."""
        if self.group is None and self.cells * FULL <= self.count:
            shares = self.observed[:, 0] / self.count
            return np.ascontiguousarray(rng.multinomial(self.count, shares, size=size).T, dtype=float)
        if self.group is None:
            # Sorted by cell: the order of the items must not change a seeded draw.
            cell = np.sort(self.cell)
            if self.count <= _FEW_ITEMS:
                drawn = cell[rng.integers(0, self.count, (size, self.count))] + self.cells * np.arange(size)[:, None]
                counts = np.bincount(drawn.ravel(), minlength=self.cells * size).reshape(size, self.cells)
                return np.ascontiguousarray(counts.T, dtype=float)
            # The same draws one by one: on many items counting them together would leave the processor's cache.
            weights = np.empty((self.cells, size))
            for j in range(size):
                weights[:, j] = np.bincount(cell[rng.integers(0, self.count, self.count)], minlength=self.cells)
            return weights
        return self.spread(rng.multinomial(self.count, np.full(self.count, 1 / self.count), size=size).T.astype(float))

    def spread(self, unit_counts: Floats) -> Floats:
        """Carry counts of units, (units, resamples), to counts of cells, (cells, resamples)."""
        return self._carrier @ unit_counts

    @cached_property
    def _carrier(self) -> Any:
        from scipy.sparse import csr_matrix

        unit = np.arange(self.cell.size) if self.group is None else self.group
        # Items of one group that share a cell are added up by the constructor.
        return csr_matrix((np.ones(self.cell.size), (self.cell, unit)), shape=(self.cells, self.count))


def _names(groups: Sequence[str | None]) -> list[str]:
    try:
        # NaN is the one value that is not itself; an empty cell of a table comes as one.
        names = sorted({group for group in groups if group is not None and group == group})
    except TypeError:
        raise InputError("the groups are not all texts", place="groups", cure=_NAME_GROUPS) from None
    if any(group != group for group in groups):
        raise InputError("a group is NaN", place="groups", cure=_NAME_GROUPS)
    return names


def resample(units: Units, statistics: Statistics, bootstrap: Bootstrap, *, rows: int = 0) -> dict[str, Floats]:
    """Return every statistic on every resample.

    All statistics of one call see the same resamples, and so do two calls with equal units and seed.

    Args:
        units: What is resampled.
        statistics: Takes (cells, size) weights, returns named arrays of (size,).
        bootstrap: How many resamples, of which seed.
        rows: Longest column the statistics make of one resample, where that is more than there are cells and units.

    Returns:
        Name to (resamples,) values; NaN where a statistic is undefined on a resample. Empty with no units.
    """
    if units.count == 0 or bootstrap.resamples == 0:
        return {}
    rng = np.random.default_rng(bootstrap.seed)
    sizes = _chunks(bootstrap.resamples, max(units.cells, units.count, rows))
    parts = [statistics(units.draw(size, rng)) for size in sizes]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _chunks(resamples: int, rows: int) -> Iterator[int]:
    size = max(1, CHUNK // max(rows, 1))
    for start in range(0, resamples, size):
        yield min(size, resamples - start)
