"""Knows least-squares slopes beside other variables under weights; knows nothing about what the variables are.

By the theorem of Frisch, Waugh and Lovell a slope is that of what the other variables leave of both sides. Sums of
products are all it takes, so that all resamples are one matrix product.
"""

import numpy as np

from .cells import Floats, ratio


def left_over(given: Floats, table: Floats, weights: Floats) -> Floats:
    """Return the sums of products of what some variables leave of others.

    Args:
        given: (cells, variables) what is taken out, with the constant among what they span.
        table: (cells, columns).
        weights: (cells, resamples).

    Returns:
        (columns, columns, resamples); a column that the variables span has 0 with itself.
    """
    whole = np.column_stack([given, table])
    left, right = np.triu_indices(whole.shape[1])
    products = (whole[:, left] * whole[:, right]).T @ weights
    moments = np.empty((weights.shape[1], whole.shape[1], whole.shape[1]))
    moments[:, left, right] = moments[:, right, left] = products.T
    q = given.shape[1]
    # The pseudo-inverse, as a resample may lack a level.
    taken = np.linalg.pinv(moments[:, :q, :q], rcond=1e-10, hermitian=True) @ moments[:, :q, q:]
    rest = moments[:, q:, q:] - np.swapaxes(moments[:, :q, q:], 1, 2) @ taken
    own = np.diagonal(moments[:, q:, q:], axis1=1, axis2=2)
    spanned = np.diagonal(rest, axis1=1, axis2=2) <= 1e-9 * own
    rest[spanned[:, :, None] | spanned[:, None, :]] = 0.0
    return np.moveaxis(rest, 0, 2)


def slopes(given: Floats, x: Floats, outcomes: Floats, weights: Floats) -> Floats:
    """Return the slope of each outcome on x beside other variables.

    Args:
        given: (cells, variables), with the constant among what they span.
        x: (cells,).
        outcomes: (cells, outcomes).
        weights: (cells, resamples).

    Returns:
        (outcomes, resamples); NaN where x does not vary beside the other variables.
    """
    rest = left_over(given, np.column_stack([x, outcomes]), weights)
    return np.stack([ratio(row, rest[0, 0], rest[0, 0] > 0) for row in rest[0, 1:]])


def slope_beside_noisy(noisy: Floats, reliability: float, x: Floats, outcome: Floats, weights: Floats) -> Floats:
    """Return the slope of an outcome on x beside a variable that is partly noise.

    Of the variable's variance only the share ``reliability`` is what it stands for; noise takes no part in its products
    with others. With S the sums of products about the means, g the variable and R its reliability::

        slope = (S_xr R S_gg - S_xg S_gr) / (S_xx R S_gg - S_xg^2)

    Source: W. A. Fuller, Measurement Error Models (1987), on known reliability ratios.

    Args:
        noisy: (cells,) g.
        reliability: R, above 0 and at most 1.
        x: (cells,).
        outcome: (cells,) r.
        weights: (cells, resamples).

    Returns:
        (resamples,); NaN where x explains as much of the variable as is no noise.
    """
    sums = left_over(np.ones((x.size, 1)), np.column_stack([x, noisy, outcome]), weights)
    true = reliability * sums[1, 1]
    left = sums[0, 0] * true - sums[0, 1] ** 2
    defined = (left > 1e-9 * sums[0, 0] * true) & (sums[0, 0] > 0)
    if not sums[1, 1].any():  # a constant has no noise to speak of
        return ratio(sums[0, 2], sums[0, 0], sums[0, 0] > 0)
    return ratio(sums[0, 2] * true - sums[0, 1] * sums[1, 2], left, defined)
