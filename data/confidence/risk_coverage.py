"""Knows what a rater's confidences are worth for holding labels back; does not know which threshold to take.

Labels are kept from the surest down. The risk at a coverage is the share of wrong labels among those kept; the area
under that curve is its mean over all numbers of labels kept. Labels of equal confidence are kept in no particular
order: what stands for them is the mean over all orders, so that a rater that is always equally sure gains nothing.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..frozen import FrozenDict
from ..scales import Label, Scale
from ..statistics import Bootstrap, Codes, Estimate, Finding, Floats, estimates, ratio, totals
from .confidences import Judged, top_coded
from .selective_rating import fit_abstention

_NAME = "risk and coverage"
_GAIN, _AREA, _RANDOM = "gain over a random order", "area under the curve (AURC)", "risk without abstention"
_ORACLE, _EXCESS = "area of the best order", "excess over the best order"
_STEPS = 20


def risk_coverage(
    confidences: Sequence[float | None],
    ratings: Sequence[Label | None],
    gold: Sequence[Label],
    scale: Scale,
    *,
    wanted: float | None = None,
    within: float = 0.0,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Finding:
    """Measure how the share of wrong labels falls as the least sure labels are held back.

    Measures: ``gain over a random order``, by how much the area under the risk-coverage curve (AURC) is smaller than
    that of labels held back at random, whose expected area is the risk of all labels; ``area under the curve (AURC)``;
    ``risk without abstention``; ``area of the best order``, which holds the wrong labels back first; ``excess over the
    best order`` (Geifman, Uziel and El-Yaniv 2019, E-AURC). `shown` is True where the interval of the gain lies above
    0: the confidences tell right from wrong labels.

    Details: ``curve``, a row for each twentieth of coverage with the risk and its pointwise interval; with `wanted`,
    ``abstention``: the threshold that `fit_abstention` takes on these items.

    Args:
        confidences: The rater's confidence in the label it gave, from 0 to 1; None where there is none. Only their
            order counts.
        ratings: The rater's labels in the same order; None where there was no readable answer.
        gold: The gold labels.
        scale: The scale of both.
        wanted: Accuracy that the labels kept are to have; None fits no threshold.
        within: Distance from gold, in steps, that is still right; an interval without steps needs one, in its units.
        groups: Group of each item; whole groups are resampled. None resamples items.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Seed of the bootstrap.
        level: Confidence level of the intervals.

    Raises:
        InputError: For lengths that differ, a label off the scale, or a confidence that is not from 0 to 1.
        SetupError: For a `within` that the scale has no meaning for.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    data = Judged.of(confidences, ratings, gold, scale, within=within, groups=groups)
    cells, units = data.cells, data.cells.units
    wrong, surest, best = 1 - cells.right, top_coded(cells.confidence), (1 - cells.right).astype(np.int64)
    coverages = np.arange(1, _STEPS + 1) / _STEPS

    def statistics(weights: Floats) -> dict[str, Floats]:
        order, oracle = _Order(surest, wrong, weights), _Order(best, wrong, weights)
        area, least = order.area(), oracle.area()
        risk = ratio(wrong @ weights, weights.sum(axis=0), weights.sum(axis=0) > 0)
        named = {_GAIN: risk - area, _AREA: area, _RANDOM: risk, _ORACLE: least, _EXCESS: area - least}
        return {**named, **{f"{share:.2f}": order.risk(share) for share in coverages}}

    found = estimates(units, statistics, bootstrap, why=lambda _: "no item to hold back")
    measures = {name: found[name] for name in (_GAIN, _AREA, _RANDOM, _ORACLE, _EXCESS)}
    details: dict[str, Any] = {"curve": [_row(float(share), found[f"{share:.2f}"]) for share in coverages]}
    details["within"] = float(within)
    if wanted is not None:
        fitted = fit_abstention(
            confidences,
            ratings,
            gold,
            scale,
            wanted=wanted,
            within=within,
            groups=groups,
            **vars(bootstrap),
        )
        details["abstention"] = fitted.to_dict()
    shown, verdict = _judgement(data, measures[_GAIN])
    return Finding(_NAME, shown, verdict, FrozenDict(measures), data.n, data.left_out, FrozenDict(details))


class _Order:
    """Labels in an order with ties, under weights that are whole numbers of items."""

    def __init__(self, block: Codes, loss: Floats, weights: Floats) -> None:
        """Add up tied items.

        Args:
            block: (cells,) which block of equal standing a cell is in; block 0 is kept first.
            loss: (cells,) what keeping an item of the cell costs.
            weights: (cells, resamples).
        """
        count = int(block.max(initial=-1)) + 1
        self.size = totals(block, count, weights)
        self.loss = totals(block, count, weights * loss[:, None])
        self.upto = np.cumsum(self.size, axis=0)
        self.before = self.upto - self.size
        self.lost_before = np.cumsum(self.loss, axis=0) - self.loss
        # An empty block keeps nothing, whatever its risk.
        self.rate = np.divide(self.loss, self.size, out=np.zeros_like(self.loss), where=self.size > 0)
        self.n = weights.sum(axis=0)

    def area(self) -> Floats:
        """Return (resamples,) the mean of the risk over 1, 2, ... n items kept, expected over the order of ties.

        In a block from k0 to k1 with rate e after L losses the risk of k items is (L + (k - k0) e) / k; its sum over k
        is e (k1 - k0) + (L - k0 e) (H(k1) - H(k0)) with the harmonic numbers H.
        """
        most = int(self.n.max(initial=0))
        harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, most + 1))])
        spans = harmonic[self.upto.round().astype(np.int64)] - harmonic[self.before.round().astype(np.int64)]
        summed = (self.loss + (self.lost_before - self.before * self.rate) * spans).sum(axis=0)
        return ratio(summed, self.n, self.n > 0)

    def risk(self, coverage: float) -> Floats:
        """Return (resamples,) the expected risk of so great a share of the items, rounded up to whole items."""
        kept = np.ceil(coverage * self.n - 1e-9)
        losses = (self.rate * np.clip(kept - self.before, 0, self.size)).sum(axis=0)
        return ratio(losses, kept, kept > 0)


def _row(coverage: float, risk: Estimate) -> dict[str, float | None]:
    return {"coverage": coverage, "risk": risk.value, "low": risk.low, "high": risk.high}


def _judgement(data: Judged, gain: Estimate) -> tuple[bool | None, str]:
    if gain.value is None:
        return None, "not measured: no item has a label and a confidence"
    right = data.item_right
    for every, what in ((right.all(), "right"), (not right.any(), "wrong")):
        if every:
            return None, f"every label is {what}: there is nothing to tell apart"
    if np.unique(data.confidence).size == 1:
        return False, "the rater is equally sure of every label: holding back tells nothing apart"
    if gain.low is None or gain.high is None:
        return None, f"not decided: {gain.note}"
    if gain.low > 0:
        return True, "the rater is surer where it is right: holding back its least sure labels leaves fewer errors"
    if gain.high < 0:
        return False, "the rater is surer where it is wrong: holding back its least sure labels leaves more errors"
    return False, "no sign that the rater is surer where it is right"
