"""Knows how statistics of resamples become estimates, and what to say where there is none; not what they measure."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from .bootstrap import Bootstrap, Statistics, Units, resample
from .cells import Floats

MENTION = 0.01
"""Share of resamples without a value from which on a note says so."""

FEW_UNITS = 20
"""Units below which a note warns that an interval is too short."""


@dataclass(frozen=True)
class Estimate:
    """A number with its bootstrap interval.

    Attributes:
        value: The coefficient on the items as they are; None where it is undefined.
        low: Lower end of the interval; None where there is none.
        high: Upper end of the interval; None where there is none.
        note: Why something is None or needs care, as one sentence or several; '' when there is nothing to say.
    """

    value: float | None
    low: float | None
    high: float | None
    note: str = ""

    def __str__(self) -> str:
        """Return the number with its interval, e.g. ``0.62 [0.55, 0.68]``, or why there is none."""
        if self.value is None:
            return f"undefined: {self.note}" if self.note else "undefined"
        if self.low is None or self.high is None:
            return f"{self.value:.3f} (no interval)"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"

    def remark(self, said: str) -> "Estimate":
        """Return it with something added to the note."""
        return replace(self, note="; ".join(filter(None, [self.note, said])))

    def to_dict(self) -> dict[str, Any]:
        """Return the four fields as JSON-able data; None stands for what is undefined, never NaN."""
        return asdict(self)


def estimate(
    value: float, draws: Floats | None, *, units: int, unit: str = "item", level: float = 0.95, why: str = ""
) -> Estimate:
    """Sum up a bootstrap: the expanded percentile interval of the resamples on which the coefficient is defined.

    Percentile intervals are too short on few items; see `tail` for how they are widened. How often the intervals hold
    the truth in simulations is written in docs/agreement-measured.md.

    Args:
        value: The coefficient on the items as they are; NaN when undefined.
        draws: (resamples,) the coefficient on the resamples, NaN when undefined; None when there were no resamples.
        units: How many items or groups were resampled.
        unit: "item" or "group", for the note.
        level: Confidence level.
        why: Why the value is undefined, should it be.
    """
    if not np.isfinite(value):
        return Estimate(None, None, None, why)
    value = float(value) + 0.0
    if draws is None or draws.size == 0:
        return Estimate(value, None, None, "no interval: no resamples were asked for")
    if units < 2:
        return Estimate(value, None, None, f"no interval: only one {unit} to resample")
    kept = draws[np.isfinite(draws)]
    lost = draws.size - kept.size
    dropped = f"undefined on {lost} of {draws.size} resamples, which were dropped"
    if 2 * lost > draws.size:
        return Estimate(value, None, None, f"no interval: {dropped}")
    cut = tail(level, units)
    low, high = np.quantile(kept, [cut, 1 - cut])
    few = f"only {units} {unit}s: the interval is likely too short"
    notes = [dropped] if lost > MENTION * draws.size else []
    return Estimate(value, float(low) + 0.0, float(high) + 0.0, "; ".join(notes + [few] * (units < FEW_UNITS)))


def tail(level: float, units: int) -> float:
    """Return the share of resamples that an interval leaves out at each end.

    A resample varies less than a sample, by the factor ``sqrt((n - 1) / n)``, and of n items the spread is known as
    that of a t-distribution, not a normal one. A percentile interval knows of neither and is too short. The *expanded*
    percentile interval takes the quantiles at ``Phi(-sqrt(n / (n - 1)) t)`` instead of ``(1 - level) / 2``, with t the
    upper ``(1 - level) / 2`` point of the t-distribution of n - 1 degrees of freedom: for a mean of normal numbers that
    is Student's interval. On thousands of items the two are the same.

    Source: T. C. Hesterberg, What Teachers Should Know About the Bootstrap: Resampling in the Undergraduate Statistics
    Curriculum, The American Statistician 69(4), 2015 (arXiv 1411.5279), on expanded percentile intervals.

    Args:
        level: Confidence level.
        units: How many items or groups were resampled; at least 2.
    """
    from scipy.special import ndtr, stdtrit

    return float(ndtr(np.sqrt(units / (units - 1)) * stdtrit(units - 1, (1 - level) / 2)))


def outside(share: float, units: int) -> float:
    """Return 1 - the level of the interval that leaves out this share of resamples at each end: `tail` the other way.

    Args:
        share: Share of resamples, from 0 to 1/2.
        units: How many items or groups were resampled; at least 2.
    """
    from scipy.special import ndtri, stdtr

    return 2 * float(stdtr(units - 1, np.sqrt((units - 1) / units) * ndtri(share)))


def estimates(
    units: Units,
    statistics: Statistics,
    bootstrap: Bootstrap,
    *,
    why: Callable[[str], str] = lambda name: "undefined",
    rows: int = 0,
) -> dict[str, Estimate]:
    """Bootstrap named statistics together and sum each up.

    Args:
        units: What is resampled.
        statistics: Takes (cells, size) weights, returns named arrays of (size,), NaN where undefined.
        bootstrap: How.
        why: Says why a statistic is undefined on the items as they are, by its name.
        rows: Longest column the statistics make of one resample, where that is more than there are cells and units.

    Returns:
        An estimate by name, in the statistics' order.
    """
    return estimates_with_draws(units, statistics, bootstrap, why, rows).found


class _Drawn(NamedTuple):
    """Estimates by name, and the (resamples,) values that they sum up: none without resamples."""

    found: dict[str, Estimate]
    draws: dict[str, Floats]


def estimates_with_draws(
    units: Units, statistics: Statistics, bootstrap: Bootstrap, why: Callable[[str], str], rows: int
) -> _Drawn:
    """Return what `estimates` does, with the resamples, for those who test as well; the arguments are the same."""
    point = statistics(units.observed)
    draws = resample(units, statistics, bootstrap, rows=rows)
    found = {
        name: estimate(
            value[0], draws.get(name), units=units.count, unit=units.name, level=bootstrap.level, why=why(name)
        )
        for name, value in point.items()
    }
    return _Drawn(found, draws)
