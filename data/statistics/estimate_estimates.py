"""Knows how several statistics of the same resamples become estimates; knows nothing about what they measure."""

from collections.abc import Callable
from typing import NamedTuple

from .bootstrap import Statistics, Units, resample
from .cells import Floats
from .estimate import Estimate, estimate


def estimates(
    units: Units,
    statistics: Statistics,
    *,
    resamples: int,
    seed: int,
    level: float,
    why: Callable[[str], str] = lambda name: "undefined",
    rows: int = 0,
) -> dict[str, Estimate]:
    """Bootstrap named statistics together and sum each up.

    Args:
        units: What is resampled.
        statistics: Takes (cells, size) weights, returns named arrays of (size,), NaN where undefined.
        resamples: How many resamples; 0 for no intervals.
        seed: Of this bootstrap's own generator.
        level: Confidence level of the intervals.
        why: Says why a statistic is undefined on the items as they are, by its name.
        rows: Longest column the statistics make of one resample, where that is more than there are cells and units.

    Returns:
        An estimate by name, in the statistics' order.
    """
    return estimates_with_draws(
        units, statistics, resamples=resamples, seed=seed, level=level, why=why, rows=rows
    ).found


class Drawn(NamedTuple):
    """Estimates by name, and the (resamples,) values that they sum up: none without resamples."""

    found: dict[str, Estimate]
    draws: dict[str, Floats]


def estimates_with_draws(
    units: Units,
    statistics: Statistics,
    *,
    resamples: int,
    seed: int,
    level: float,
    why: Callable[[str], str],
    rows: int,
) -> Drawn:
    """Return what `estimates` does, with the resamples, for those who test as well; the arguments are the same."""
    point = statistics(units.observed)
    draws = resample(units, statistics, resamples=resamples, seed=seed, rows=rows)
    found = {
        name: estimate(value[0], draws.get(name), units=units.count, unit=units.name, level=level, why=why(name))
        for name, value in point.items()
    }
    return Drawn(found, draws)
