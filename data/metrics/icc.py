"""Knows the intraclass correlations ICC(1,1), ICC(3,1) and ICC(3,k) under weights; knows nothing about scales.

Source: Shrout & Fleiss (1979); names as in Koo & Li (2016). ICC(3), two-way mixed model, consistency: with k annotators
who all label the same n items, row means r_u, and the analysis of variance SS_total = SS_rows + SS_columns + SS_error::

    MSR = SS_rows / (n - 1)      MSE = SS_error / ((n - 1) (k - 1))
    ICC(3,1) = (MSR - MSE) / (MSR + (k - 1) MSE)      ICC(3,k) = (MSR - MSE) / MSR

ICC(1), one-way random model, for items that different people label, item u with k_u labels of N in all. The k of equal
numbers becomes k_0, as in the analysis of variance of unequal groups (Snedecor & Cochran, Statistical Methods)::

    MSR = sum_u k_u (mean_u - mean)^2 / (n - 1)      MSW = sum_u sum_i (l_ui - mean_u)^2 / (N - n)
    k_0 = (N - sum_u k_u^2 / N) / (n - 1)            ICC(1,1) = (MSR - MSW) / (MSR + (k_0 - 1) MSW)
"""

from typing import NamedTuple

import numpy as np

from ..statistics import Codes, Floats, ratio


class Intraclass(NamedTuple):
    """Both coefficients, one value per column of weights; NaN where undefined."""

    single: Floats
    average: Floats


def icc3(values: Floats, weights: Floats) -> Intraclass:
    """Return ICC(3,1), one annotator's reliability, and ICC(3,k), that of the mean of all k.

    Args:
        values: (cells, annotators) numbers, none missing, at least two annotators.
        weights: (cells, resamples) how often each cell occurs.

    Returns:
        ICC(3,1), undefined where no annotator's labels vary over the items; ICC(3,k), undefined also where the items'
        means do not vary.
    """
    k = values.shape[1]
    values = values - values.sum() / max(values.size, 1)
    n = weights.sum(axis=0)
    safe = np.maximum(n, 1)
    means = values.mean(axis=1)
    rows = k * ((means[:, None] - means @ weights / safe) ** 2 * weights).sum(axis=0)
    # Row-centred values carry columns and error only, so the error is found without subtracting the rows' part.
    inner = values - means[:, None]
    columns = safe * ((inner.T @ weights / safe) ** 2).sum(axis=0)
    error = np.maximum((inner**2).sum(axis=1) @ weights - columns, 0.0)
    signal = rows - error / (k - 1)
    # Sums of squares that are 0 but for rounding: compared with the size of what was summed.
    nothing = 1e-12 * ((values**2).sum(axis=1) @ weights)
    return Intraclass(
        ratio(signal, rows + error, rows + error > nothing),
        ratio(signal, rows, rows > nothing),
    )


def icc1(codes: Codes, values: Floats, weights: Floats) -> Floats:
    """Return ICC(1,1), one label's reliability where any number of people label an item.

    Args:
        codes: (cells, most labels of an item) index of each label in ``values``; negative where there is none. Cells
            with fewer than two labels are left out.
        values: (levels,) the numbers the codes stand for.
        weights: (cells, resamples) how often each cell occurs.

    Returns:
        (resamples,) ICC(1,1); NaN where fewer than two items have two labels, or the labels do not vary.
    """
    given = codes >= 0
    several = given.sum(axis=1) >= 2
    codes, given, weights = codes[several], given[several], weights[several]
    labels = given.sum(axis=1).astype(float)
    numbers = np.where(given, (values - values.mean())[codes] if values.size else 0.0, 0.0)
    means = numbers.sum(axis=1) / labels
    inner = (np.where(given, numbers - means[:, None], 0.0) ** 2).sum(axis=1)
    n, total = weights.sum(axis=0), labels @ weights
    safe = np.maximum(total, 1)
    mean = (labels * means) @ weights / safe
    rows = ((means[:, None] - mean) ** 2 * (labels[:, None] * weights)).sum(axis=0) / np.maximum(n - 1, 1)
    error = inner @ weights / np.maximum(total - n, 1)
    size = (total - labels**2 @ weights / safe) / np.maximum(n - 1, 1)
    whole = rows + (size - 1) * error
    # Sums of squares that are 0 but for rounding: compared with the size of what was summed.
    nothing = 1e-12 * ((numbers**2).sum(axis=1) @ weights / safe)
    return ratio(rows - error, whole, (n >= 2) & (whole > nothing))
