"""Knows how a mean is estimated from a few true numbers and many guesses at them; knows nothing about labels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .bootstrap import Units
from .cells import Codes, Floats
from .estimate import FEW_UNITS, Estimate

RARE = 5
"""Items of one kind below which a note says that the interval of a share is too short."""


@dataclass(frozen=True, eq=False)
class PoweredColumn:
    """One number of each item.

    Attributes:
        truth: (labelled,) what people said.
        rated: (labelled,) what the rater said.
        others: (unlabelled,) what the rater said of the other items.
    """

    truth: Floats
    rated: Floats
    others: Floats


@dataclass(frozen=True, eq=False)
class Places:
    """Which group an item's contribution belongs to.

    Attributes:
        group: (items,) the labelled items first, then the others.
        count: How many groups there are.
        labelled: How many of them have labelled items.
    """

    group: Codes
    count: int
    labelled: int

    @classmethod
    def of(
        cls,
        groups: Sequence[str | None] | None,
        unlabelled_groups: Sequence[str | None] | None,
        n: int,
        others: int,
    ) -> "Places":
        """Number the groups; a name among labelled and unlabelled items is one group, an item without one its own."""
        names = [*([None] * n if groups is None else groups)]
        names += [None] * others if unlabelled_groups is None else unlabelled_groups
        units = Units.of(np.zeros(n + others, dtype=np.int64), 1, names)
        group = np.arange(n + others) if units.group is None else units.group
        return cls(group, units.count, np.unique(group[:n]).size)

    def sums(self, contributions: Floats) -> Floats:
        """Add up contributions by group."""
        return np.bincount(self.group, contributions, minlength=self.count).astype(float)


@dataclass(frozen=True)
class Powered:
    """A mean estimated with the guesses and without.

    Attributes:
        estimate: With them.
        alone: From the true numbers alone.
        trust: How far the guesses are trusted, from 0 to 1.
        error: Standard error with them; NaN where undefined.
        error_alone: Standard error without.
    """

    estimate: Estimate
    alone: Estimate
    trust: float
    error: float
    error_alone: float


def powered(column: PoweredColumn, places: Places, ends: tuple[float, float], level: float) -> Powered:
    """Estimate one mean both ways.

    With u and v the groups' contributions to mean(gold) and to mean(ratings) - mean(unlabelled ratings), the variance
    of the estimate is sum (u - trust v)^2: least at trust = sum u v / sum v^2.

    Args:
        column: The numbers.
        places: The groups.
        ends: The least and the greatest that the mean can be.
        level: Confidence level.
    """
    n, m = column.truth.size, column.others.size
    if n == 0:
        none = Estimate(None, None, None, "no item has a human label")
        return Powered(none, none, 0.0, math.nan, math.nan)
    truth = float(column.truth.mean())
    shift = float(column.rated.mean() - column.others.mean()) if m else 0.0
    u = places.sums(np.concatenate([(column.truth - truth) / n, np.zeros(m)]))
    v = np.zeros_like(u)
    if m:
        rated = (column.rated - column.rated.mean()) / n
        v = places.sums(np.concatenate([rated, -(column.others - column.others.mean()) / m]))
    spread = float(v @ v)
    trust = min(max(float(u @ v) / spread, 0.0), 1.0) if spread > 1e-24 else 0.0
    k = places.labelled
    few = _few(column.truth, k)
    error_alone = _error(u, k, 1)
    alone = _cut(_student(truth, error_alone, k - 1, level, few), ends)
    # Trust is one more thing that is fitted. Where it does not pay for itself it is not given.
    error = _error(u - trust * v, k, 2)
    made = _cut(_student(truth - trust * shift, error, k - 2, level, few), ends)
    if not _width(made) < _width(alone):
        return Powered(alone, alone, 0.0, error_alone, error_alone)
    return Powered(made, alone, trust, error, error_alone)


def _cut(found: Estimate, ends: tuple[float, float]) -> Estimate:
    if found.value is None:
        return found
    low, value, high = (
        None if x is None else min(max(x, ends[0]), ends[1]) for x in (found.low, found.value, found.high)
    )
    return Estimate(value, low, high, found.note)


def _width(found: Estimate) -> float:
    return math.inf if found.low is None or found.high is None else found.high - found.low


def _error(contributions: Floats, k: int, fitted: int) -> float:
    """Return the standard error of k independent groups' sum after so many fitted parameters; NaN where undefined."""
    return math.sqrt(float(contributions @ contributions) * k / (k - fitted)) if k > fitted else math.nan


def _student(value: float, error: float, freedom: int, level: float, few: str) -> Estimate:
    if not math.isfinite(error):
        return Estimate(value, None, None, f"no interval: {few}")
    if error <= 1e-12:
        return Estimate(value, None, None, "no interval: the human labels do not vary")
    from scipy.stats import t

    half = float(t.ppf((1 + level) / 2, freedom)) * error
    return Estimate(value, value - half, value + half, few)


def _few(truth: Floats, k: int) -> str:
    if k < FEW_UNITS:
        return f"only {k} independent human labels"
    values, counts = np.unique(truth, return_counts=True)
    if values.size == 2 and counts.min() < RARE:
        return f"only {counts.min()} labels of one kind: the interval is likely too short"
    return ""
