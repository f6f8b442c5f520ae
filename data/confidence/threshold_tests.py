"""Knows how to test, for many thresholds at once, whether labels kept agree as wanted; chooses no threshold."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..metrics import Coefficient, pairs_of
from ..scales import Scale
from ..statistics import Bootstrap, Codes, Floats, Units, resample
from .confidences import Judged

WALKS = 10_000
"""Draws of labels that are just not good enough, for the level of each test."""


@dataclass(frozen=True, eq=False)
class KeptTest:
    """What is known of the labels that a threshold keeps."""

    kept: int
    agreement: float | None
    p: float | None
    units: int
    draws: Floats | None = None

    def low(self, at: float) -> float | None:
        """Return the lower confidence bound of the agreement."""
        if self.agreement is None or self.p is None:
            return None
        if self.draws is not None:
            low = float(np.quantile(self.draws, at, method="lower"))
            return low if math.isfinite(low) else None
        from scipy.stats import beta

        right = self.units - _rounded_up(self.units * (1 - self.agreement))
        return float(beta.ppf(at, right, self.units - right + 1)) if right else 0.0


def exact(data: Judged, kept: NDArray[np.bool_], wanted: float) -> KeptTest:
    """Test the accuracy of the items kept by the binomial distribution."""
    from scipy.stats import binom

    n, share = int(kept.sum()), float(data.item_right[kept].mean())
    units = n
    if data.groups is not None:
        chosen = [group for group, keep in zip(data.groups, kept, strict=True) if keep]
        group = Units.of(np.zeros(n, dtype=np.int64), 1, chosen).group
        if group is not None:
            units = math.floor(n**2 / (np.bincount(group).astype(float) ** 2).sum() + 1e-9)
    wrong = _rounded_up(units * (1 - share))
    return KeptTest(n, share, float(binom.cdf(wrong, units, 1 - wanted)), units)


def _rounded_up(count: float) -> int:
    return math.ceil(count - 1e-9)


def bootstrapped(
    data: Judged, scale: Scale, block: Codes, count: int, coefficient: Coefficient, wanted: float, bootstrap: Bootstrap
) -> list[KeptTest]:
    """Test a coefficient of the items kept at every threshold on the same resamples."""
    if not count:
        return []
    # One more item, of the commonest disagreement, so that resamples of labels without any error still doubt.
    known = data.pairs
    apart = known.counts()[:, 0] * (known.x != known.y)
    rating, truth = (known.x, known.y) if apart.any() else (known.y[::-1], known.y)
    odd = int(apart.argmax()) if apart.any() else int(np.abs(rating - truth).argmax())
    pairs = pairs_of(np.append(known.x[known.cell], rating[odd]), np.append(known.y[known.cell], truth[odd]), scale)
    doubt, size = int(pairs.cell[-1]), pairs.x.size
    rng = np.random.default_rng([bootstrap.seed, 1])
    units = Units.of(block * size + pairs.cell[:-1], count * size, data.groups)

    def kept(weights: Floats) -> list[Floats]:
        return list(np.cumsum(weights.reshape(count, size, -1), axis=0))

    def statistics(weights: Floats) -> dict[str, Floats]:
        extra = rng.poisson(1.0, weights.shape[1])
        found = {}
        for number, some in enumerate(kept(weights)):
            doubted = some.copy()
            doubted[doubt] += extra
            found[str(number)] = coefficient(pairs, doubted)
        return found

    draws = resample(units, statistics, bootstrap)
    tests = []
    for number, some in enumerate(kept(units.observed)):
        value, drawn = float(coefficient(pairs, some)[0]), draws.get(str(number))
        if drawn is None or not np.isfinite(value):
            tests.append(KeptTest(int(some.sum()), value if np.isfinite(value) else None, None, int(some.sum())))
            continue
        # A resample without a value speaks for nothing, so it speaks against.
        drawn = np.where(np.isfinite(drawn), drawn, -np.inf)
        p = (1 + int((drawn < wanted).sum())) / (1 + drawn.size)
        tests.append(KeptTest(int(some.sum()), value, p, int(some.sum()), drawn))
    return tests


def critical(units: Sequence[int], chance: float, alpha: float, seed: int) -> float:
    """Return the level of each test at which any of them passes with probability alpha if all are just not true.

    Args:
        units: Items (or what counts as one) that each threshold keeps.
        chance: Of a wrong label, just not good enough. A half does for any statistic that is nearly normal.
        alpha: The probability.
        seed: Of the walks that are drawn.
    """
    from scipy.stats import binom

    if not units:
        return alpha
    ends = np.maximum.accumulate(np.array(units, dtype=np.int64))
    rng = np.random.default_rng([seed, 2])
    wrong = np.cumsum(rng.binomial(np.diff(ends, prepend=0), chance, (WALKS, ends.size)), axis=1)
    smallest = np.ones(WALKS)
    for step, end in enumerate(ends):
        smallest = np.minimum(smallest, binom.cdf(np.arange(end + 1), end, chance)[wrong[:, step]])
    values, counts = np.unique(smallest, return_counts=True)
    allowed = values[np.cumsum(counts) <= alpha * WALKS]
    return float(allowed[-1]) if allowed.size else 0.0
