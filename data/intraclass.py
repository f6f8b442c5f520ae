"""Knows the intraclass correlations ICC(3,1) and ICC(3,k) under weights; knows nothing about scales or intervals.

Source: Shrout & Fleiss (1979), two-way mixed model, consistency; names as in Koo & Li (2016). With k annotators who
all label the same n items, row means r_u, and the analysis of variance SS_total = SS_rows + SS_columns + SS_error::

    MSR = SS_rows / (n - 1)      MSE = SS_error / ((n - 1) (k - 1))
    ICC(3,1) = (MSR - MSE) / (MSR + (k - 1) MSE)      ICC(3,k) = (MSR - MSE) / MSR
"""

from typing import NamedTuple

import numpy as np

from .cells import Floats, ratio


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
