"""Knows whether a rater is right as often as it says it is; does not know where its confidences come from.

The expected calibration error averages |right - said| over bins. Counted on a sample it is never 0: chance alone keeps
a bin's share of right labels from its mean confidence, the more so the smaller the bins. So the figure given is freed
of that bias, and miscalibration is called shown only where a rater that means what it says would hardly ever look so.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..frozen import FrozenDict
from ..scales import Label, Scale
from ..statistics import (
    CHUNK,
    FEW_UNITS,
    Bootstrap,
    Codes,
    Estimate,
    Finding,
    Floats,
    Units,
    estimate,
    resample,
    tail,
    totals,
)
from .confidences import Judged

_NAME = "calibration"
_ECE, _GAP, _BRIER = "calibration error (ECE)", "confidence minus accuracy", "Brier score"


def calibration(
    confidences: Sequence[float | None],
    ratings: Sequence[Label | None],
    gold: Sequence[Label],
    scale: Scale,
    *,
    within: float = 0.0,
    bins: int = 10,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Finding:
    """Measure whether a rater's confidences are the shares of its labels that are right.

    Measures: ``calibration error (ECE)``, the mean over equally filled bins (tied confidences share a bin) of
    |share right - mean confidence|, freed of its upward bias (in simulations of 50 to 1,000 items the 95 % interval
    held the truth in 90 to 97 % of samples, and in 85 % where the rater is nearly always right); ``confidence minus
    accuracy``, above 0 for an over-confident rater; ``Brier score``, the mean squared distance of confidence and
    outcome.

    `shown` goes by the plain ECE against a rater of the same confidences that is right exactly so often (Broecker and
    Smith 2007, consistency resampling). With groups, whose errors go together, the signs of the groups' errors are
    drawn instead (a wild bootstrap by group). Details: ``p``; ``plain_ece`` and ``chance``, the ECE that such a rater
    reaches in a share `level` of samples; ``curve``, a row for each bin with a Wilson interval, in which a group counts
    as one item; ``brier``, the score's reliability (small is good), resolution (large is good) and uncertainty, each
    freed of its bias (Ferro and Fricker 2012), and what goes on within bins; the four make up the score.

    Args:
        confidences: The rater's probability that the label it gave is right, from 0 to 1; None where there is none.
        ratings: The rater's labels in the same order; None where there was no readable answer.
        gold: The gold labels.
        scale: The scale of both.
        within: Distance from gold, in steps, that is still right; an interval without steps needs one, in its units.
        bins: Most bins.
        groups: Group of each item; whole groups are resampled. None resamples items.
        resamples: Resamples, for the intervals and for the test; 0 for none.
        seed: Seed of both.
        level: Confidence level of the intervals; the test is made at 1 - level.

    Raises:
        InputError: For lengths that differ, a label off the scale, or a confidence that is not from 0 to 1.
        SetupError: For a `within` that the scale has no meaning for.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    if bins < 1:
        raise InputError(f"bins is {bins}", cure="Give 1 or more; 10 is usual.")
    data = Judged.of(confidences, ratings, gold, scale, within=within, groups=groups)
    if data.n == 0:
        why = "no item has a label and a confidence"
        nothing = {name: Estimate(None, None, None, why) for name in (_ECE, _GAP, _BRIER)}
        return Finding(_NAME, None, f"not measured: {why}", FrozenDict(nothing), 0, data.left_out)
    cells, units = data.cells, data.cells.units
    bin_of = _bins(cells.confidence, units.observed[:, 0], bins)

    count = int(bin_of.max()) + 1

    def statistics(weights: Floats) -> dict[str, Floats]:
        apart = totals(bin_of, count, weights * (cells.confidence - cells.right)[:, None])
        n = weights.sum(axis=0)
        squared = (cells.confidence - cells.right) ** 2 @ weights
        by_bin = {f"bin {number}": apart[number] / n for number in range(count)}
        return {_GAP: apart.sum(axis=0) / n, _BRIER: squared / n, **by_bin}

    point = {name: float(value[0]) for name, value in statistics(units.observed).items()}
    draws = resample(units, statistics, bootstrap)
    plain = sum(abs(point[f"bin {number}"]) for number in range(count))
    apart = np.array([point[f"bin {number}"] for number in range(count)])
    drawn = np.array([draws[f"bin {number}"] for number in range(count)]) if draws else None
    measures = {_ECE: _error(apart, drawn, units, level)} | {
        name: estimate(point[name], draws.get(name), units=units.count, unit=units.name, level=level)
        for name in (_GAP, _BRIER)
    }
    null = _calibrated(data, bin_of, resamples, seed)
    p = (1 + int((null >= plain - 1e-12).sum())) / (1 + null.size) if null.size else None
    shown = None if p is None else p <= 1 - level + 1e-12
    details: dict[str, Any] = {
        "p": p,
        "plain_ece": plain,
        "chance": float(np.quantile(null, level)) if null.size else None,
        "curve": _curve(data, bin_of, level),
        "brier": _decomposed(data, bin_of),
        "within": float(within),
    }
    said, right = float(data.confidence.mean()), float(data.item_right.mean())
    return Finding(
        _NAME,
        shown,
        _verdict(shown, said, right, measures[_GAP]),
        FrozenDict(measures),
        data.n,
        data.left_out,
        FrozenDict(details),
    )


def _bins(confidence: Floats, counts: Floats, bins: int) -> Codes:
    """Return the bin of each cell: equally filled, as far as tied confidences, which share a bin, allow."""
    _, tied = np.unique(confidence, return_inverse=True)
    sizes = np.bincount(tied.reshape(-1), weights=counts)
    middle = np.cumsum(sizes) - sizes / 2
    bin_of = np.minimum((bins * middle / sizes.sum()).astype(np.int64), bins - 1)
    return np.unique(bin_of, return_inverse=True)[1].reshape(-1).astype(np.int64)[tied.reshape(-1)]


def _error(apart: Floats, drawn: Floats | None, units: Units, level: float) -> Estimate:
    """Return the calibration error with the bias of the plain one taken out.

    Errors of the bins that are s times those found are tried for s from 0 (calibrated) up. With the bins' noise as the
    bootstrap shows it, each s says how the plain error would be distributed. The interval has the s that do not make
    the plain error found an unlikely one, the value is where it is the middle one.

    Args:
        apart: (bins,) mean of confidence - right, as a share of all items.
        drawn: (bins, resamples) the same of the resamples, or None.
        units: What was resampled.
        level: Confidence level.
    """
    plain = float(np.abs(apart).sum())
    if drawn is None or units.count < 2:
        found = estimate(plain, None if drawn is None else drawn[0], units=units.count, unit=units.name, level=level)
        return Estimate(found.value, None, None, f"{found.note}; the value has the upward bias of small samples")
    noise = drawn - apart[:, None]
    sizes = np.linspace(0, 2.5, 126)
    below = np.array([_share_below(np.abs(size * apart[:, None] + noise).sum(axis=0), plain) for size in sizes])
    # More error, more to see: what the draws have it otherwise is noise.
    below = np.minimum.accumulate(below)
    cut = tail(level, units.count)
    at = [float(sizes[min(int((below > share).sum()), sizes.size - 1)]) for share in (1 - cut, 0.5, cut)]
    few = f"only {units.count} {units.name}s: the interval is likely too short" if units.count < FEW_UNITS else ""
    return Estimate(plain * at[1], plain * at[0], plain * at[2], few)


def _share_below(drawn: Floats, plain: float) -> float:
    """Return which share of the draws lies below; what is equal counts half."""
    return float((drawn < plain - 1e-12).mean() + (drawn < plain + 1e-12).mean()) / 2


def _calibrated(data: Judged, bin_of: Codes, resamples: int, seed: int) -> Floats:
    """Return (resamples,) the plain ECE of raters that are as sure and right exactly so often."""
    cells, units, count = data.cells, data.cells.units, int(bin_of.max()) + 1
    # A generator apart from the bootstrap's: the two must not share their luck.
    rng = np.random.default_rng([seed, 1])
    size = max(1, CHUNK // max(units.cells, units.count))
    found = []
    for start in range(0, resamples, size):
        some = min(size, resamples - start)
        if units.group is None:
            first = np.unique(cells.confidence, return_index=True, return_inverse=True)
            sizes = np.bincount(first[2].reshape(-1), weights=units.observed[:, 0]).astype(np.int64)
            right = rng.binomial(sizes[:, None], first[0][:, None], (sizes.size, some))
            apart = totals(bin_of[first[1]], count, sizes[:, None] * first[0][:, None] - right)
        else:
            signs = rng.choice([-1.0, 1.0], (units.count, some))
            apart = totals(bin_of, count, units.spread(signs) * (cells.confidence - cells.right)[:, None])
        found.append(np.abs(apart).sum(axis=0) / data.n)
    return np.concatenate(found) if found else np.empty(0)


def _curve(data: Judged, bin_of: Codes, level: float) -> list[dict[str, Any]]:
    """Return a row for each bin, from the least to the most sure."""
    from scipy.stats import binomtest

    item_bin, right = bin_of[data.cells.units.cell], data.item_right
    group = data.cells.units.group
    rows = []
    for number in range(int(item_bin.max()) + 1):
        there = item_bin == number
        n, share, said = int(there.sum()), float(right[there].mean()), data.confidence[there]
        units = n if group is None else np.unique(group[there]).size
        wilson = binomtest(min(round(share * units), units), units).proportion_ci(level, method="wilson")
        # The count of groups is rounded; the interval must hold the share all the same.
        low, high = min(float(wilson.low), share), max(float(wilson.high), share)
        rows.append(
            {
                "from": float(said.min()),
                "to": float(said.max()),
                "n": n,
                "confidence": float(said.mean()),
                "right": share,
                "low": low,
                "high": high,
            }
        )
    return rows


def _decomposed(data: Judged, bin_of: Codes) -> Mapping[str, float]:
    """Split the Brier score as Murphy (1973) did, over bins, without the bias of small bins."""
    item_bin, right, said, n = bin_of[data.cells.units.cell], data.item_right, data.confidence, data.n
    sizes = np.bincount(item_bin).astype(float)
    share, mean = np.bincount(item_bin, right) / sizes, np.bincount(item_bin, said) / sizes
    base = right.mean()
    noise = float((sizes * share * (1 - share) / np.maximum(sizes - 1, 1)).sum() / n)
    spare = float(base * (1 - base) / max(n - 1, 1))
    reliability = float((sizes * (share - mean) ** 2).sum() / n) - noise
    resolution = float((sizes * (share - base) ** 2).sum() / n) - noise + spare
    uncertainty = float(base * (1 - base)) + spare
    within = float(((said - right) ** 2).mean()) - (reliability - resolution + uncertainty)
    return {
        "reliability": reliability,
        "resolution": resolution,
        "uncertainty": uncertainty,
        "within bins": within,
    }


def _verdict(shown: bool | None, said: float, right: float, gap: Estimate) -> str:
    figures = f"it is {said:.0%} sure on average and right in {right:.0%} of the cases"
    if shown is None:
        return f"not tested, as no resamples were asked for: {figures}"
    if not shown:
        return f"no miscalibration beyond chance: {figures}"
    if gap.low is not None and gap.low > 0:
        return f"over-confident: {figures}"
    if gap.high is not None and gap.high < 0:
        return f"under-confident: {figures}"
    return f"miscalibrated, too sure in places and not sure enough in others: {figures}"
