"""Knows what became of labels when the unsure ones were held back; does not know how the threshold was found."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import SetupError
from ..frozen import FrozenDict
from ..metrics import Coefficient, Pairs, metrics_of
from ..scales import Label, Scale
from ..statistics import FEW_UNITS, Bootstrap, Estimate, Finding, Floats, Units, estimates, ratio
from .confidences import Judged
from .selective_rating import Abstention
from .threshold_tests import exact


def check_abstention(
    fitted: Abstention,
    confidences: Sequence[float | None],
    ratings: Sequence[Label | None],
    gold: Sequence[Label],
    scale: Scale,
    *,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Finding:
    """Hold back what a fitted threshold holds back on other items, and see how the rest agrees with gold.

    Measures: the metric ``of kept labels``, ``of held back labels`` and ``of all labels``, and ``coverage``, the share
    of all items whose label is kept; items without a label or a confidence are held back. `shown` is True where
    the kept labels prove to agree as wanted: by the exact binomial test of `fit_abstention` for accuracy, for other
    metrics where 20 labels or more are kept and their interval lies at or above what was wanted. Else it is False.

    Args:
        fitted: What `fit_abstention` found on dev.
        confidences: The rater's confidences on test; None where there is none.
        ratings: The rater's labels in the same order; None where there was no readable answer.
        gold: The gold labels.
        scale: The scale of both, as in the fit.
        groups: Group of each item; whole groups are resampled. None resamples items.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Seed of the bootstrap.
        level: Confidence level of the intervals.

    Raises:
        InputError: For lengths that differ, a label off the scale, or a confidence that is not from 0 to 1.
        SetupError: If the scale does not have the metric fitted for.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    metrics = {"accuracy": None, **metrics_of(scale)}
    if fitted.metric not in metrics:
        cure = "Use the scale the threshold was fitted on."
        raise SetupError(f"{fitted.metric!r} is not a metric of {scale.kind} scales", cure=cure)
    near = fitted.within if fitted.metric == "accuracy" else float(scale.levels is None)
    data = Judged.of(confidences, ratings, gold, scale, within=near, groups=groups)
    kept = np.array(fitted.keeps(data.confidence.tolist()), dtype=bool)
    coefficient = _coefficient(fitted.metric, data, scale)
    size = data.pairs.x.size
    # Two cells a pair, held back and kept: one resample serves all measures.
    units = Units.of(2 * data.pairs.cell + kept, 2 * size, data.groups)
    names = {True: f"{fitted.metric} of kept labels", False: f"{fitted.metric} of held back labels"}
    whole = f"{fitted.metric} of all labels"
    unanswered = data.handed_in - data.n

    def statistics(weights: Floats) -> dict[str, Floats]:
        by_side = {side: weights[int(side) :: 2] for side in (True, False)}
        some = {side: by_side[side].sum(axis=0) for side in by_side}
        found = {
            names[side]: np.where(some[side] > 0, coefficient(data.pairs, by_side[side]), np.nan) for side in by_side
        }
        everything = some[True] + some[False]
        found[whole] = coefficient(data.pairs, by_side[True] + by_side[False])
        found["coverage"] = ratio(some[True], everything + unanswered, everything > 0)
        return found

    def why(name: str) -> str:
        if data.n == 0:
            return "no item has a label and a confidence"
        lone = {names[True]: kept.any(), names[False]: not kept.all()}
        return "there is no such label" if not lone.get(name, True) else "too little varies"

    found = estimates(units, statistics, bootstrap, why=why)
    of_kept = found[names[True]]
    if of_kept.value is None:
        shown, verdict = None, f"not measured: {fitted.note or of_kept.note}"
    else:
        if kept.sum() < FEW_UNITS:
            found[names[True]] = of_kept.remark(f"only {kept.sum()} kept: the interval is likely too short")
        shown = _proved(fitted, data, kept, of_kept, level)
        share = (
            f"{found['coverage'].value or 0:.0%} of the labels are kept, their {fitted.metric} is {of_kept.value:.3f}"
        )
        verdict = f"{share}: {_comparison(shown, of_kept.high, fitted.wanted)}"
    details = {
        "wanted": fitted.wanted,
        "threshold": None if fitted.chosen is None else fitted.chosen.confidence,
        "kept": int(kept.sum()),
        "held back": int(data.handed_in - kept.sum()),
    }
    return Finding("abstention on test", shown, verdict, FrozenDict(found), data.n, data.left_out, FrozenDict(details))


def _proved(fitted: Abstention, data: Judged, kept: NDArray[np.bool_], found: Estimate, level: float) -> bool | None:
    """Tell whether the labels kept agree as wanted; a few labels without an error prove nothing."""
    if fitted.metric == "accuracy":
        p = exact(data, kept, fitted.wanted).p
        return p is not None and p <= 1 - level + 1e-12
    return None if found.low is None else bool(found.low >= fitted.wanted and kept.sum() >= FEW_UNITS)


def _coefficient(metric: str, data: Judged, scale: Scale) -> Coefficient:
    if metric != "accuracy":
        return metrics_of(scale)[metric]

    def share_right(pairs: Pairs, weights: Floats) -> Floats:
        n = weights.sum(axis=0)
        return ratio(data.right @ weights, n, n > 0)

    return share_right


def _comparison(shown: bool | None, high: float | None, wanted: float) -> str:
    if shown is None or high is None:
        return f"{wanted:g} was wanted, and there is no interval"
    if shown:
        return f"the {wanted:g} wanted is kept"
    return f"less than the {wanted:g} wanted" if high < wanted else f"whether {wanted:g} is kept stays open"
