"""Knows the coefficients between a rating and a gold label under weights; knows nothing about scales or intervals.

Each coefficient takes `Pairs`, the distinct (rating, gold) pairs, and weights of shape (cells, resamples), and returns
(resamples,) values: the point value is the coefficient at the observed counts, a bootstrap is the same call with many
columns. NaN means undefined; `why_undefined` says why in words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..statistics import Codes, Floats, distinct_rows, midranks, ratio, totals
from .icc import icc3 as intraclass
from .krippendorff import Distance, krippendorff


@dataclass(frozen=True, eq=False)
class Pairs:
    """Distinct (rating, gold) pairs; use `Pairs.of`.

    Attributes:
        x: (cells,) rating as a number.
        y: (cells,) gold as a number.
        cell: (items,) the cell each item lies in.
        x_codes: (cells,) rank of x among the ratings' distinct values.
        y_codes: (cells,) rank of y among the gold labels' distinct values.
        pooled: (cells, 2) ranks of x and y among the distinct values of both.
        values: The distinct values of both, ascending.
        levels: (cells, 2) whole-number levels of x and y for exact match and kappa; equal to ``pooled`` unless given.
    """

    x: Floats
    y: Floats
    cell: Codes
    x_codes: Codes
    y_codes: Codes
    pooled: Codes
    values: Floats
    levels: Codes

    @classmethod
    def of(cls, x: Floats, y: Floats, level_of: Callable[[Floats], Codes] | None = None) -> "Pairs":
        """Gather items into cells.

        Args:
            x: (items,) ratings as numbers.
            y: (items,) gold labels as numbers.
            level_of: Maps values to their level's rank on the scale; None when there are no levels.
        """
        values, codes = np.unique(np.concatenate([x, y]), return_inverse=True)
        rows, cell = distinct_rows(codes.reshape(2, -1).T.astype(np.int64))
        ranks = rows if level_of is None else level_of(values)[rows]
        left, right = (np.unique(column, return_inverse=True)[1].astype(np.int64) for column in rows.T)
        return cls(values[rows[:, 0]], values[rows[:, 1]], cell, left, right, rows, values, ranks)

    def counts(self) -> Floats:
        """Return (cells, 1): how many items lie in each cell."""
        return np.bincount(self.cell, minlength=self.x.size).astype(float)[:, None]


Coefficient = Callable[[Pairs, Floats], Floats]


def alpha_under(distance: Distance) -> Coefficient:
    """Return Krippendorff's alpha under a distance, two annotators."""
    return lambda pairs, weights: krippendorff(pairs.pooled, pairs.values, distance, weights)


def kappa(pairs: Pairs, weights: Floats) -> Floats:
    """Return Cohen's kappa (1960): (p_o - p_e) / (1 - p_e), p_e from the product of the margins."""
    rating, gold = _level_margins(pairs, weights)
    n = weights.sum(axis=0)
    agreed = (pairs.levels[:, 0] == pairs.levels[:, 1]).astype(float) @ weights
    chance = (rating * gold).sum(axis=0)
    return ratio(agreed * n - chance, n**2 - chance, _several(rating + gold))


def weighted_kappa(pairs: Pairs, weights: Floats) -> Floats:
    """Return Cohen's weighted kappa (1968), quadratic in steps: 1 - mean (i - j)^2 / its mean under the margins."""
    rating, gold = _level_margins(pairs, weights)
    steps = np.arange(rating.shape[0], dtype=float)
    n = weights.sum(axis=0)
    observed = (pairs.levels[:, 0] - pairs.levels[:, 1]).astype(float) ** 2 @ weights
    # sum_ij a_i b_j (i - j)^2 = n sum a i^2 + n sum b j^2 - 2 (sum a i)(sum b j): whole numbers, hence exact.
    chance = n * (steps**2 @ (rating + gold)) - 2 * (steps @ rating) * (steps @ gold)
    return 1 - ratio(observed * n, chance, _several(rating + gold))


def tau_b(pairs: Pairs, weights: Floats) -> Floats:
    """Return Kendall's tau-b: (concordant - discordant) / sqrt(pairs untied in x * pairs untied in y)."""
    n = weights.sum(axis=0)
    in_x = (_margin(pairs.x_codes, weights) ** 2).sum(axis=0)
    in_y = (_margin(pairs.y_codes, weights) ** 2).sum(axis=0)
    in_both = (weights**2).sum(axis=0)
    untied = (n**2 - in_x - in_y + in_both) / 2
    score = untied - 2 * _discordant(pairs.y_codes, weights)
    scale = np.sqrt((n**2 - in_x) / 2) * np.sqrt((n**2 - in_y) / 2)
    return np.clip(ratio(score, scale, scale > 0), -1, 1)


def spearman(pairs: Pairs, weights: Floats) -> Floats:
    """Return Spearman's rho: Pearson's r of the mid-ranks."""
    rating, gold = _margin(pairs.x_codes, weights), _margin(pairs.y_codes, weights)
    left, right = midranks(rating)[pairs.x_codes], midranks(gold)[pairs.y_codes]
    return _correlation(left, right, weights, _several(rating) & _several(gold))


def pearson(pairs: Pairs, weights: Floats) -> Floats:
    """Return Pearson's r."""
    defined = _several(_margin(pairs.x_codes, weights)) & _several(_margin(pairs.y_codes, weights))
    return _correlation(pairs.x[:, None], pairs.y[:, None], weights, defined)


def icc3_of_pairs(pairs: Pairs, weights: Floats) -> Floats:
    """Return ICC(3,1) of rating and gold; for two annotators it is 2 cov / (var x + var y)."""
    return intraclass(np.stack([pairs.x, pairs.y], axis=1), weights).single


def mse(pairs: Pairs, weights: Floats) -> Floats:
    """Return the mean squared error, in squared units of the scale."""
    return _mean((pairs.x - pairs.y) ** 2, weights)


def mae(pairs: Pairs, weights: Floats) -> Floats:
    """Return the mean absolute error, in units of the scale."""
    return _mean(np.abs(pairs.x - pairs.y), weights)


def bias(pairs: Pairs, weights: Floats) -> Floats:
    """Return the mean of rating - gold, in units of the scale; above 0 the rater is lenient (rates higher)."""
    return _mean(pairs.x - pairs.y, weights)


def accuracy(pairs: Pairs, weights: Floats) -> Floats:
    """Return the share of items whose rating is exactly the gold level."""
    return _mean((pairs.levels[:, 0] == pairs.levels[:, 1]).astype(float), weights)


COEFFICIENTS: Mapping[str, Coefficient] = {
    "kappa": kappa,
    "weighted_kappa": weighted_kappa,
    "tau_b": tau_b,
    "spearman": spearman,
    "pearson": pearson,
    "icc3": icc3_of_pairs,
    "mse": mse,
    "mae": mae,
    "accuracy": accuracy,
    "bias": bias,
}
"""Coefficients by metric name; ``alpha`` is added by scale."""


def why_undefined(name: str, pairs: Pairs, items: int) -> str:
    """Say in one sentence why a coefficient has no value on these items."""
    if items == 0:
        return "no item to compare"
    flat_rating, flat_gold = len(np.unique(pairs.x)) < 2, len(np.unique(pairs.y)) < 2
    if name in ("alpha", "kappa", "weighted_kappa"):
        return "rater and gold gave one and the same level throughout: nothing tells agreement from chance"
    if items == 1:
        return "one item only: nothing varies"
    if name == "icc3":
        return "neither rater nor gold varies: there are no differences between items to agree on"
    lost = "no order to compare" if name in ("tau_b", "spearman") else "no variation to correlate"
    if flat_rating and flat_gold:
        return f"rater and gold have one level each: {lost}"
    return f"the rater gave one level only: {lost}" if flat_rating else f"the gold has one level only: {lost}"


def _margin(codes: Codes, weights: Floats) -> Floats:
    return totals(codes, int(codes.max(initial=-1)) + 1, weights)


def _level_margins(pairs: Pairs, weights: Floats) -> tuple[Floats, Floats]:
    size = int(pairs.levels.max(initial=-1)) + 1
    return totals(pairs.levels[:, 0], size, weights), totals(pairs.levels[:, 1], size, weights)


def _several(sizes: Floats) -> np.ndarray:
    """Tell whether at least two levels carry weight; exact, where a variance would be 0 up to rounding."""
    return (sizes > 0).sum(axis=0) >= 2


def _mean(feature: Floats, weights: Floats) -> Floats:
    n = weights.sum(axis=0)
    return ratio(feature @ weights, n, n > 0)


def _correlation(x: Floats, y: Floats, weights: Floats, defined: np.ndarray) -> Floats:
    n = np.maximum(weights.sum(axis=0), 1)
    # Two passes: subtracting the mean first loses no digits, whatever the offset of the values.
    x = x - (x * weights).sum(axis=0) / n
    y = y - (y * weights).sum(axis=0) / n
    together = (x * y * weights).sum(axis=0)
    apart = np.sqrt((x * x * weights).sum(axis=0)) * np.sqrt((y * y * weights).sum(axis=0))
    return np.clip(ratio(together, apart, defined), -1, 1)


def _discordant(codes: Codes, weights: Floats) -> Floats:
    """Return the weight of discordant pairs, for cells sorted by (x, y), in O(cells log levels) per resample.

    A pair i before j is discordant when ``code_i > code_j``. Both codes share their bits down to some place where i has
    1 and j has 0; so, bit by bit, each 0 counts the 1s before it within its block of equal higher bits. Equal x never
    count, as inside them the codes ascend.
    """
    found = np.zeros(weights.shape[1])
    for bit in range(int(codes.max(initial=0)).bit_length()):
        order = np.argsort(codes >> (bit + 1), kind="stable")
        block, one = codes[order] >> (bit + 1), (codes[order] >> bit & 1).astype(bool)
        blocks, start = np.unique(block, return_index=True)
        ahead = np.cumsum(np.where(one[:, None], weights[order], 0.0), axis=0)
        base = np.vstack([np.zeros((1, weights.shape[1])), ahead])[start]
        zero = np.flatnonzero(~one)
        owner = np.searchsorted(blocks, block[zero])
        found += ((ahead[zero] - base[owner]) * weights[order[zero]]).sum(axis=0)
    return found
