"""Knows several ratings of each item by one rater as cells, and what one or several of them are worth; knows no gold.

For an item with m readable ratings of which m_c are label c, the chance that two of them differ,
``1 - sum_c m_c (m_c - 1) / (m (m - 1))``, is without bias the chance that two independent ratings of the item differ,
``1 - sum_c p_c^2``, at any m from 2 on. The plug-in ``1 - sum_c (m_c / m)^2`` is too low by a factor of (m - 1) / m.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..corpus import median
from ..metrics import Numbers, gathered, in_steps
from ..scales import Label, Scale
from ..statistics import Codes, Floats, Units

SPLITS = 400
"""Random splits of a cell's ratings into two halves that are compared."""


class Spoken(NamedTuple):
    """What a rule says of each cell's ratings, with ties as shares that sum to 1 in each cell.

    Attributes:
        cell: (rows,) the cell.
        label: (rows,) the number of the label.
        share: (rows,) how much of the cell says so.
    """

    cell: Codes
    label: Floats
    share: Floats


@dataclass(frozen=True, eq=False)
class RepeatedRatings:
    """Distinct sets of ratings; use `Repeated.of`.

    Attributes:
        scale: The scale of the ratings.
        labels: (cells, most) ratings, ascending, NaN from where there are no more.
        count: (cells,) how many there are; 2 or more.
        beside: (cells,) the number given beside each item (its gold label), NaN where there was none.
        units: What is resampled.
    """

    scale: Scale
    labels: Floats
    count: Codes
    beside: Floats
    units: Units

    @classmethod
    def of(
        cls, items: Sequence[Sequence[float]], beside: Floats, scale: Scale, groups: Sequence[str | None] | None
    ) -> "RepeatedRatings":
        """Gather items, each with 2 ratings or more."""
        table = padded(items)
        found = gathered([*table.T, beside], groups)
        labels = found.columns[:-1].T
        return cls(scale, labels, np.isfinite(labels).sum(axis=1), found.columns[-1], found.units)

    def unlike(self) -> Floats:
        """(cells,): the share of pairs of ratings that differ."""
        return unlike_shares(self.labels)

    def apart(self) -> Floats:
        """(cells,): how many steps two ratings are apart, on average over pairs."""
        there = np.isfinite(self.labels)
        steps = np.zeros(self.labels.shape)
        steps[there] = in_steps(self.labels[there], self.scale)
        # Ascending x_1 .. x_m: the sum of x_j - x_i over i < j is the sum of (2 j - m - 1) x_j.
        place = np.arange(1, len(self.labels.T) + 1)
        total = ((2 * place - self.count[:, None] - 1) * steps * there).sum(axis=1)
        return 2 * total / (self.count * (self.count - 1))

    def single(self) -> Spoken:
        """Every rating, the ratings of one item sharing its weight."""
        cell, column = np.nonzero(np.isfinite(self.labels))
        return Spoken(cell, self.labels[cell, column], 1 / self.count[cell])

    def summary(self) -> Spoken:
        """The median of each cell's ratings; on names the most frequent, equally frequent ones sharing its weight."""
        if self.scale.ordered:
            middle = [
                self.scale.value(median([self.scale.nearest(x) for x in row[:count]], self.scale))
                for row, count in zip(self.labels, self.count, strict=True)
            ]
            return Spoken(np.arange(len(middle)), np.array(middle), np.ones(len(middle)))
        levels = np.unique(self.labels[np.isfinite(self.labels)])
        votes = np.stack([(self.labels == value).sum(axis=1) for value in levels], axis=1)
        cell, column = np.nonzero(votes == votes.max(axis=1, keepdims=True))
        return Spoken(cell, levels[column], 1 / np.bincount(cell)[cell])

    def summary_flips(self, k: int, seed: int) -> Floats:
        """(cells,): the chance that two summaries of k other ratings each differ; NaN with fewer than 2 k ratings.

        Random halves of the ratings there are: each is a sample of k without the other's, so there is no bias. For a k
        of 1 all pairs are gone through.

        Args:
            k: An odd number, so that a median is a rating.
            seed: Of the splits.
        """
        unlike = self.unlike()
        if k == 1:
            return unlike
        found = np.where(self.count >= 2 * k, 0.0, np.nan)
        rng = np.random.default_rng([seed, k])
        for cell in np.flatnonzero((self.count >= 2 * k) & (unlike > 0)):
            rows = np.tile(self.labels[cell, : self.count[cell]], (SPLITS, 1))
            halves = rng.permuted(rows, axis=1)[:, : 2 * k].reshape(SPLITS, 2, k)
            found[cell] = self._halves_differ(halves)
        return found

    def _halves_differ(self, halves: Floats) -> float:
        """Return how often the summaries of two halves differ; halves are (splits, 2, k)."""
        if self.scale.ordered:
            middle = np.median(halves, axis=2)
            return float((middle[:, 0] != middle[:, 1]).mean())
        votes = np.stack([(halves == value).sum(axis=2) for value in np.unique(halves)], axis=2)
        most = votes == votes.max(axis=2, keepdims=True)
        shares = most / most.sum(axis=2, keepdims=True)
        return float((1 - (shares[:, 0] * shares[:, 1]).sum(axis=1)).mean())


def read_repeats(repeats: Sequence[Sequence[Label | None]], scale: Scale) -> list[list[float]]:
    """Return each item's readable ratings as numbers, ascending: which came first does not matter.

    Raises:
        InputError: For a label that is not on the scale.
    """
    number = Numbers(scale)
    return [sorted(number(label, "repeats") for label in item if label is not None) for item in repeats]


def padded(items: Sequence[Sequence[float]]) -> Floats:
    """Return (items, most ratings of one) numbers, NaN from where an item has no more."""
    table = np.full((len(items), max(map(len, items), default=0)), np.nan)
    for row, item in zip(table, items, strict=True):
        row[: len(item)] = item
    return table


def unlike_shares(labels: Floats) -> Floats:
    """Return the share of pairs that differ in each row of (rows, most) labels; NaN for rows of fewer than 2."""
    count = np.isfinite(labels).sum(axis=1)
    alike = np.zeros(len(labels))
    for column in labels.T:
        alike += (labels == column[:, None]).sum(axis=1)
    pairs = count * (count - 1.0)
    return np.where(count >= 2, 1 - (alike - count) / np.maximum(pairs, 1), np.nan)
