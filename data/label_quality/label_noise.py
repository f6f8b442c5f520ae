"""Knows which share of labels is wrong if raters' probabilities are right but for their sharpness; lists no items."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..statistics import Bootstrap, Codes, Estimate, Floats, Units, estimates

_SHARPNESS = np.geomspace(0.1, 3.0, 25)
_SHARES = np.concatenate([[0.0], np.geomspace(0.002, 0.6, 59)])
_NEAR = np.geomspace(0.7, 1.4, 7)
_LEAST = 1e-6
"""Smallest probability of a level: what a rater rules out altogether would otherwise be beyond any doubt."""

_NEVER = 1e-300

WRONG_SHARE = "share of wrong labels"


@dataclass(frozen=True, eq=False)
class LabelNoise:
    """How labels come about, as fitted.

    Attributes:
        wrong: The share of labels that are wrong: far from the true level.
        sharpness: The power that the raters' probabilities are raised to: below 1 they are too sure.
        probability: (items,) that the item's label is one of these, given the raters and the label.
    """

    wrong: Estimate
    sharpness: float
    probability: Floats


def fit_label_noise(
    probabilities: Floats,
    gold: Codes,
    far: NDArray[np.bool_],
    groups: Sequence[str | None] | None,
    bootstrap: Bootstrap,
) -> LabelNoise:
    """Fit by maximum likelihood how sharp the raters' probabilities should be and which share of labels is wrong.

    The true level of an item is drawn from its probabilities, raised to a power and brought to sum 1; the label is the
    true level, or with the share sought one of those that are far from it, all alike. Raters that are too sure make a
    label unlikely the less the surer they are; wrong labels are as frequent where raters are surest. That tells the two
    apart.

    Args:
        probabilities: (items, levels) what the raters hold likely.
        gold: (items,) the level of each label.
        far: (levels, levels) which two levels are too far apart for both to be right; symmetric.
        groups: Group of each item, or None; whole groups are resampled.
        bootstrap: Of the share.
    """
    # In an order of their own, so that the order of the items changes no draw.
    order = np.lexsort((gold, *probabilities.T))
    chosen = None if groups is None else [groups[place] for place in order.tolist()]
    units = Units.of(np.arange(order.size), order.size, chosen)
    logs, gold = np.log(np.clip(probabilities, _LEAST, 1.0))[order], gold[order]
    near = _best(logs, gold, far, _SHARPNESS) * _NEAR
    table = _likelihood(logs, gold, far, near)
    flat = np.ascontiguousarray(table.reshape(len(gold), -1).T)

    def statistics(weights: Floats) -> dict[str, Floats]:
        return {WRONG_SHARE: _SHARES[(flat @ weights).argmax(axis=0) % _SHARES.size]}

    found = estimates(units, statistics, bootstrap, rows=max(flat.shape))[WRONG_SHARE]
    sharpness = _best(logs, gold, far, near)
    share = 0.0 if found.value is None else found.value
    right, wrong = _components(logs, gold, far, sharpness)
    made = (1 - share) * right + share * wrong
    probability = np.empty(order.size)
    probability[order] = share * wrong / np.maximum(made, _NEVER)
    return LabelNoise(found, sharpness, probability)


def _best(logs: Floats, gold: Codes, far: NDArray[np.bool_], tried: Floats) -> float:
    """Return the sharpness that fits best, each with the share that goes best with it."""
    # One at a time: all at once they would need thousands of numbers an item.
    fits = [_likelihood(logs, gold, far, tried[place : place + 1]).sum(axis=0).max() for place in range(tried.size)]
    return float(tried[int(np.argmax(fits))])


def _likelihood(logs: Floats, gold: Codes, far: NDArray[np.bool_], sharpness: Floats) -> Floats:
    """Return (items, sharpness, shares) the logarithm of the probability of each label."""
    parts = [_components(logs, gold, far, float(one)) for one in sharpness]
    made = [(1 - _SHARES) * right[:, None] + _SHARES * wrong[:, None] for right, wrong in parts]
    return np.log(np.maximum(np.stack(made, axis=1), _NEVER))


def _components(logs: Floats, gold: Codes, far: NDArray[np.bool_], sharpness: float) -> tuple[Floats, Floats]:
    """Return (items,) the probability of each label if labels are right, and if they are wrong."""
    weights = np.exp(sharpness * (logs - logs.max(axis=1, keepdims=True)))
    held = weights / weights.sum(axis=1, keepdims=True)
    # A true level that no level is far from (the middle of three) cannot get a wrong label; it gets its own.
    gets = np.where(
        far.any(axis=1, keepdims=True), far / np.maximum(far.sum(axis=1, keepdims=True), 1), np.eye(len(far))
    )
    return held[np.arange(len(gold)), gold], (held * gets[:, gold].T).sum(axis=1)
