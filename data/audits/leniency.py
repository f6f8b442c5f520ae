"""Knows whether a rater rates higher or lower than people, and where; knows nothing about why."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..frozen import FrozenDict
from ..metrics import Rated, gathered, middle_of, name_of
from ..scales import Label, Scale
from ..statistics import Bootstrap, Codes, Finding, Floats, estimates, ratio, rules_out, said, totals
from .level_shares import shares_of, shifts

LENIENCY = "leniency"
SHIFT, MIDDLE, SLOPE, SPREAD = (
    "shift",
    "shift at the middle of the scale",
    "slope of rating on gold",
    "spread of ratings over that of gold",
)

ELSEWHERE = 30
"""Items off the most frequent gold level from which on leniency can be told from noise however skewed the gold is."""


def leniency(
    ratings: Sequence[Label | None],
    gold: Sequence[Label],
    scale: Scale,
    *,
    groups: Sequence[str | None] | None = None,
    fill: Label | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Finding:
    """Measure how much higher than people a rater rates, apart from what noise alone does to its ratings.

    Every noisy rater rates items of low gold too high and items of high gold too low: regression to the mean. Naming
    the first leniency is a mistake, so the pattern by gold level (``details``) is shown beside its ``slope``: 1 without
    regression. A slope below 1 with a ``spread`` near 1 is noise; with a spread below 1 the rater uses the scale more
    narrowly than people (compression).

    ``shift`` is the mean of rating - gold, which regression to the gold's own mean leaves at 0. ``shift at the middle
    of the scale`` is what the line through rating - gold on gold says there; errors that fall on all levels alike, and
    a pull to the middle, leave it at 0. Where nine labels in ten are a 5, each error of a rater goes down, and the
    first is below 0 for a rater that is only noisy; the second is not. So ``shown`` needs both: their intervals leave 0
    out on the same side. It is None where fewer than 30 items, and fewer than a fifth, have another gold label than the
    most frequent one, as the line is too uncertain then.

    On names there is no high or low: measured is how much the share of each name among the ratings differs from that in
    the gold. Each is tested by exchanging rating and gold within items (as McNemar's test does), Holm-corrected over
    names.

    Args:
        ratings: The rater's labels; None where there was no readable answer.
        gold: The gold labels.
        scale: The scale of both.
        groups: Group of each item; whole groups are resampled and exchanged. None: items.
        fill: The label that stands for an unreadable answer; None leaves the item out.
        resamples: Bootstrap resamples, and exchanges; 0 for no intervals.
        seed: Seed of both; results do not depend on the order of the items.
        level: Confidence level.

    Raises:
        InputError: For lengths that differ or a label that is not on the scale.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    rated = Rated.of(ratings, gold, scale, groups=groups, fill=fill)
    if rated.n == 0:
        return Finding(LENIENCY, None, "no item to compare", FrozenDict(), 0, rated.left_out)
    if not rated.scale.ordered:
        return _names(rated, bootstrap)
    cells = gathered([rated.rating, rated.gold, rated.strata().astype(float)], rated.groups)
    rating, right = cells.columns[:2]
    strata = cells.columns[2].astype(np.int64)
    names = _names_of_strata(rated, right, strata)
    middle = middle_of(scale)

    def statistics(weights: Floats) -> dict[str, Floats]:
        n = weights.sum(axis=0)
        apart = rating - right
        sizes = totals(strata, len(names), weights)
        by_stratum = ratio(totals(strata, len(names), apart[:, None] * weights), sizes, sizes > 0)
        shift = ratio(apart @ weights, n, n > 0)
        x, y = (side[:, None] - (side @ weights) / np.maximum(n, 1) for side in (right, rating))
        xx, xy, yy = ((one * other * weights).sum(axis=0) for one, other in ((x, x), (x, y), (y, y)))
        varies = xx > 1e-12 * np.maximum(np.abs(right).max(), 1) ** 2
        slope = ratio(xy, xx, varies)
        return {
            SHIFT: shift,
            MIDDLE: shift + (slope - 1) * (middle - ratio(right @ weights, n, n > 0)),
            SLOPE: slope,
            SPREAD: np.sqrt(ratio(yy, xx, varies)),
            **{f"at {name}": row for name, row in zip(names, by_stratum, strict=True)},
        }

    found = estimates(cells.units, statistics, bootstrap, why=lambda name: "the gold has one level only")
    by_level = [
        {"gold": name, "n": int((strata[cells.cell] == place).sum()), **found.pop(f"at {name}").to_dict()}
        for place, name in enumerate(names)
    ]
    shown, verdict = _verdict(rated, found)
    details: dict[str, Any] = {"shift by gold level": by_level}
    return Finding(LENIENCY, shown, verdict, FrozenDict(found), rated.n, rated.left_out, FrozenDict(details))


def _verdict(rated: Rated, found: dict[str, Any]) -> tuple[bool | None, str]:
    shift, middle = found[SHIFT], found[MIDDLE]
    told = f"{said(shift, signed=True)} points"
    if np.ptp(rated.rating) == 0:
        return (
            None,
            f"the rater gave one level throughout, {told} from people's mean: that is no rating",
        )
    others = rated.n - int(np.bincount(rated.strata()).max())
    if others < min(ELSEWHERE, rated.n / 5):
        return None, f"{told}, but only {others} items have other gold labels than the most: it may be noise alone"
    if shift.low is None or middle.low is None:
        return None, f"the mean rating is {told} from people's: {shift.note or middle.note}"
    both = shift.value * middle.value > 0 and rules_out(shift) and rules_out(middle)
    if both:
        return True, f"rates {'higher' if shift.value > 0 else 'lower'} than people: {told}"
    if rules_out(shift):
        return False, f"{told}, but {said(middle, signed=True)} at the middle of the scale: noise alone can do that"
    return False, f"not shown to rate higher or lower than people: {told}"


def _names_of_strata(rated: Rated, gold: Floats, strata: Codes) -> list[str]:
    names = []
    for place in range(int(strata.max()) + 1):
        here = gold[strata == place]
        if np.ptp(here) == 0:
            names.append(name_of(float(here[0]), rated.scale))
        else:
            names.append(f"{here.min():g} to {here.max():g}")
    return names


def _names(rated: Rated, bootstrap: Bootstrap) -> Finding:
    found = shares_of(rated, bootstrap)
    tests = shifts(rated, draws=max(bootstrap.resamples, 1), seed=bootstrap.seed)
    alpha = 1 - bootstrap.level
    sure = [name for name, one in tests.items() if one["adjusted"] is not None and one["adjusted"] <= alpha]
    measures = {f"share of {name}, rater less people": found[name].shift for name in tests}
    told = ", ".join(f"{name} {said(found[name].shift, signed=True, percent=True)}" for name in sure)
    shown: bool | None = bool(sure)
    verdict = (
        f"uses names more or less often than people: {told}" if sure else "not shown to use a name more or less often"
    )
    if np.ptp(rated.rating) == 0:
        shown, verdict = None, f"the rater gave one name throughout: {name_of(float(rated.rating[0]), rated.scale)}"
    elif bootstrap.resamples == 0:
        shown, verdict = None, "nothing could be tested: no resamples were asked for"
    details = {"tests": tests}
    return Finding(LENIENCY, shown, verdict, FrozenDict(measures), rated.n, rated.left_out, FrozenDict(details))
