"""Knows Krippendorff's alpha for any number of annotators under weights; knows nothing about intervals.

Source: K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011). With ``m_u`` labels on item u, ``n_c`` the
number of labels c on items with at least two labels, and n their sum::

    alpha = 1 - D_o / D_e
    D_o = 1/n sum_u 1/(m_u - 1) sum_{i != j in u} d(l_i, l_j)
    D_e = 1/(n (n - 1)) sum_{c,k} n_c n_k d(c, k)

nominal d = 1 unless c = k; interval d = (c - k)^2; ordinal d = (R_c - R_k)^2 with R the mid-rank of a level among the n
labels, which is Krippendorff's "n_c/2 + n_(c+1) + ... + n_k/2" squared. Squared distances need no table of level pairs:
``sum_{i != j} (v_i - v_j)^2 = 2 m sum_i (v_i - mean v)^2``, so thousands of distinct values cost no more than five. A
scale with a distance of its own gives the table d(c, k).
"""

from collections.abc import Callable
from typing import Literal

import numpy as np

from ..scales import Scale
from ..statistics import Codes, Floats, midranks, ratio, totals

Distance = Literal["nominal", "ordinal", "interval"] | Callable[[Floats], Floats]
"""One of Krippendorff's, or what gives the (levels, levels) table d of (levels,) values."""


def distance_of(scale: Scale) -> Distance:
    """Return how far apart the labels of a scale count as; its own distances squared, where it has some."""
    if scale.alpha_distance != "own":
        return scale.alpha_distance

    def squares(values: Floats) -> Floats:
        places = [int(scale.position(scale.label_of(value))) for value in values.tolist()]
        return np.array(scale.distances)[np.ix_(places, places)] ** 2

    return squares


def krippendorff(codes: Codes, values: Floats, distance: Distance, weights: Floats) -> Floats:
    """Return Krippendorff's alpha for every column of weights.

    Items with fewer than two labels are left out, as the coefficient is about pairs of labels.

    Args:
        codes: (cells, annotators) index of each label in ``values``; negative where there is no label.
        values: (levels,) the numbers the codes stand for, ascending; their order is all that ``"ordinal"`` uses.
        distance: How far apart two labels count as; see `distance_of`.
        weights: (cells, resamples) how often each cell occurs; whole numbers.

    Returns:
        (resamples,) alpha; NaN where fewer than two levels occur, as then nothing tells agreement from chance.
    """
    given = codes >= 0
    pairable = given.sum(axis=1) >= 2
    codes, given, weights = codes[pairable], given[pairable], weights[pairable]
    labels = given.sum(axis=1)
    sizes = np.zeros((values.size, weights.shape[1]))
    for column in codes.T:
        sizes += totals(column, values.size, weights)
    n = sizes.sum(axis=0)
    if distance == "nominal":
        observed = _unlike_pairs(codes, labels) / (labels - 1) @ weights
        expected = n**2 - (sizes**2).sum(axis=0)
    elif distance == "interval":
        numbers = np.where(given, values[codes], 0.0)
        spread = np.where(given, numbers - (numbers.sum(axis=1) / labels)[:, None], 0.0)
        observed = 2 * labels / (labels - 1) * (spread**2).sum(axis=1) @ weights
        mean = values @ sizes / np.maximum(n, 1)
        expected = 2 * n * ((values[:, None] - mean) ** 2 * sizes).sum(axis=0)
    elif callable(distance):
        table = distance(values)
        observed = _table_pairs(codes, table) / (labels - 1) @ weights
        expected = (sizes * (table @ sizes)).sum(axis=0)
    else:
        ranks = midranks(sizes)
        observed = _rank_pairs(codes, labels, ranks, weights)
        # The mean of all mid-ranks is n/2 whatever the ties.
        expected = 2 * n * ((ranks - n / 2) ** 2 * sizes).sum(axis=0)
    several = (sizes > 0).sum(axis=0) >= 2
    return 1 - ratio(observed * (n - 1), expected, several)


def _unlike_pairs(codes: Codes, labels: Codes) -> Floats:
    """Return the number of ordered pairs of unlike labels in each cell: m^2 - sum_c m_c^2."""
    alike = np.zeros(len(codes))
    for column in codes.T:
        alike += ((codes == column[:, None]) & (column >= 0)[:, None]).sum(axis=1)
    return labels**2 - alike


def _table_pairs(codes: Codes, table: Floats) -> Floats:
    """Return sum_{i != j} d(l_i, l_j) in each cell."""
    total = np.zeros(len(codes))
    for place, column in enumerate(codes.T):
        others = codes[:, :place]
        both = (column[:, None] >= 0) & (others >= 0)
        total += np.where(both, table[column[:, None], others] + table[others, column[:, None]], 0.0).sum(axis=1)
    return total


def _rank_pairs(codes: Codes, labels: Codes, ranks: Floats, weights: Floats) -> Floats:
    """Return sum_u w_u / (m_u - 1) sum_{i != j} (R_i - R_j)^2; exact, as mid-ranks are halves of whole numbers."""
    total = np.zeros(weights.shape)
    squares = np.zeros(weights.shape)
    for column in codes.T:
        given = column >= 0
        own = ranks[column] if given.all() else np.where(given[:, None], ranks[column], 0.0)
        total += own
        squares += own**2
    pairs = 2 * (labels[:, None] * squares - total**2)
    return (pairs * weights / (labels[:, None] - 1)).sum(axis=0)
