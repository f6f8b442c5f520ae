"""Knows how sums over the rest of a finite population follow from a random sample of it; not what is summed.

Prediction from a sample of a finite population: Cochran, Sampling Techniques (3rd edition), chapters 2 and 6. Intervals
are bootstrap-t: Efron & Tibshirani, An Introduction to the Bootstrap, section 12.5.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from ...data import Estimate

_FEW = 15
"""Sampled units below which a note warns that the interval is likely too short."""

MANY = 1_000
"""Sampled units from which on the error has a normal distribution, and no resample is needed."""


@dataclass(frozen=True)
class Sample:
    """What is known of the sampled units, for several figures at once.

    A figure is the sum of a part that does not go with a unit's size and a part that does.

    Attributes:
        fixed: (units, figures) the parts that do not go with the size.
        sized: (units, figures) the parts that do.
        sizes: (units,) the units' sizes.
        rest: How many units are not in the sample.
        rest_size: The sum of their sizes.
    """

    fixed: np.ndarray
    sized: np.ndarray
    sizes: np.ndarray
    rest: int
    rest_size: float


def extrapolate(sample: Sample, *, resamples: int, level: float, seed: int) -> list[Estimate]:
    """Return each figure's sum over all units, with a prediction interval.

    The sampled units are known; for the other ones the mean of the fixed parts and the ratio of the sized parts to the
    sizes are taken from them:

        sum over the rest = rest * mean(fixed) + rest_size * sum(sized) / sum(sizes)

    With e the residuals of the sampled units and s their standard deviation, the error of that has the standard
    deviation ``s sqrt(rest^2 / units + rest)``: of the mean, and of how the rest scatters. Each resample draws both,
    divides the error by its own standard deviation, and the quantiles of these set the interval. In simulations of
    skewed costs 95 % intervals held the truth in 93 to 99 % of samples of 20 to 40 units, and in 67 to 93 % of 8.

    Args:
        sample: What is known.
        resamples: Of the bootstrap.
        level: Of the intervals.
        seed: Of the bootstrap.
    """
    units = len(sample.sizes)
    whole = sample.fixed + sample.sized
    known = whole.sum(axis=0)
    (rest,) = _rest(sample, np.ones((1, units)))
    sums = known + rest
    if sample.rest == 0:
        return [Estimate(float(value), float(value), float(value)) for value in sums]
    if units < 2 or resamples == 0:
        why = "no interval: only one item is known" if units < 2 else "no interval: no resamples were asked for"
        return [Estimate(float(value), None, None, why) for value in sums]
    mean, ratio = sample.fixed.mean(axis=0), _divide(sample.sized.sum(axis=0), sample.sizes.sum())
    residuals = whole - mean - sample.sizes[:, None] * ratio
    (spread,) = _spread(residuals, np.ones((1, units)), sample.rest)
    tails = [(1 + level) / 2, (1 - level) / 2]
    if units < MANY:
        errors = np.quantile(_errors(sample, residuals, rest, resamples, np.random.default_rng(seed)), tails, axis=0)
    else:
        errors = stats.norm.ppf(tails)[:, None]
    low, high = rest - errors * spread + known
    note = f"only {units} items are known: the interval is likely too short" if units < _FEW else ""
    # What is known is spent: no sum is below it.
    return [
        Estimate(float(value), float(max(low[place], known[place])), float(high[place]), note)
        for place, value in enumerate(sums)
    ]


def _errors(
    sample: Sample, residuals: np.ndarray, rest: np.ndarray, resamples: int, rng: np.random.Generator
) -> np.ndarray:
    """Return how far resamples miss, in their own standard deviations, (resamples, figures)."""
    units = len(residuals)
    chances = np.full(units, 1 / units)
    picked = rng.multinomial(units, chances, size=resamples)
    scatter = rng.multinomial(sample.rest, chances, size=resamples) @ residuals
    spread = _spread(residuals, picked, sample.rest)
    missed = _rest(sample, picked) - (rest + scatter)
    # Where all picked units cost the same, their spread says nothing about the error.
    return np.where(spread > 0, missed / np.where(spread > 0, spread, 1.0), 0.0)


def _rest(sample: Sample, picked: np.ndarray) -> np.ndarray:
    """Return the sums over the rest, by resample: (resamples, figures)."""
    mean = picked @ sample.fixed / len(sample.sizes)
    return mean * sample.rest + _divide(picked @ sample.sized, (picked @ sample.sizes)[:, None]) * sample.rest_size


def _spread(residuals: np.ndarray, picked: np.ndarray, rest: int) -> np.ndarray:
    """Return the standard deviations of the error of `_rest`, by resample: (resamples, figures)."""
    units = len(residuals)
    squares = picked @ residuals**2 - (picked @ residuals) ** 2 / units
    return np.sqrt(np.maximum(squares, 0.0) / (units - 1) * (rest**2 / units + rest))


def _divide(amount: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Divide; units without a size have nothing that goes with it."""
    return amount / np.where(size > 0, size, 1.0)
