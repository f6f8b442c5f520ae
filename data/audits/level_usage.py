"""Knows which levels a rater uses and how often, beside people; knows nothing about which items get them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..frozen import FrozenDict
from ..metrics import Rated, gathered
from ..scales import Label, Scale
from ..statistics import (
    Bootstrap,
    Estimate,
    Finding,
    Floats,
    estimates,
    ratio,
    said,
    share_as_extreme,
    sign_flips,
    totals,
)
from .level_shares import distances, levelled, shares_of

LEVEL_USAGE = "level usage"
DISTANCE, LEVELS, ENTROPY, MOST, MOST_PEOPLE = (
    "distance",
    "levels used, over people's",
    "entropy, over people's",
    "share of the rater's most frequent level",
    "share of people's most frequent level",
)

COLLAPSED = 0.75
"""Levels used over people's, below which a whole interval has to lie for a rater to count as collapsed."""


def level_usage(
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
    """Compare how often each level is given with how often people give it.

    Measures: ``distance`` of the two distributions (names: the share of labels that would have to be others; ordinal
    and interval: steps that a label would have to be moved, on average), ``levels used, over people's`` (levels count
    by how evenly they are used: e to the power of the entropy), ``entropy, over people's``, and the share of the most
    frequent level of each side. ``details`` hold each level's shares, levels that people use and the rater never does,
    and whether it has ``collapsed``: one level where people use several, or an interval of levels used that lies wholly
    below 0.75 of people's.

    A distance is never below 0, so its interval never holds 0 and is too high where the distributions are alike.
    Whether there is any is a matter for the test: rating and gold of each item are exchanged by chance, and ``p`` is
    the share of exchanges that give as large a distance (``expected by chance`` is their mean). ``shown`` where p is at
    or below ``1 - level``.

    A rater can use each level as often as people and put it on the wrong items, and a rater that is merely noisy uses
    rare levels more than people do. Read it beside the agreement.

    Args:
        ratings: The rater's labels; None where there was no readable answer.
        gold: The gold labels.
        scale: The scale of both; an interval without steps is cut into ten equal parts.
        groups: Group of each item; whole groups are resampled and exchanged. None: items.
        fill: The label that stands for an unreadable answer; None leaves the item out.
        resamples: Bootstrap resamples, and exchanges; 0 for no intervals and no test.
        seed: Seed of both; results do not depend on the order of the items.
        level: Confidence level.

    Raises:
        InputError: For lengths that differ or a label that is not on the scale.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    rated = Rated.of(ratings, gold, scale, groups=groups, fill=fill)
    if rated.n == 0:
        return Finding(LEVEL_USAGE, None, "no item to compare", FrozenDict(), 0, rated.left_out)
    labels = levelled(rated)
    count = len(labels.names)
    cells = gathered([labels.rater.astype(float), labels.people.astype(float)], rated.groups)
    sides = [side.astype(np.int64) for side in cells.columns]

    def statistics(weights: Floats) -> dict[str, Floats]:
        rater, people = (totals(side, count, weights) / weights.sum(axis=0) for side in sides)
        spread = [_entropy(shares) for shares in (rater, people)]
        return {
            DISTANCE: distances(rater - people, rated),
            LEVELS: np.exp(spread[0] - spread[1]),
            ENTROPY: ratio(spread[0], spread[1], spread[1] > 1e-12),
            MOST: rater.max(axis=0),
            MOST_PEOPLE: people.max(axis=0),
        }

    found = estimates(cells.units, statistics, bootstrap, why=lambda _: "people gave one level only")
    each = np.stack([(labels.rater == place) * 1.0 - (labels.people == place) for place in range(count)], axis=1)
    _, drawn = sign_flips(each, rated.groups, draws=max(resamples, 1), seed=seed)
    by_chance = distances(drawn / rated.n, rated)
    distance = found[DISTANCE]
    p = None if resamples == 0 or distance.value is None else share_as_extreme(distance.value, by_chance)
    used = [set(side.tolist()) for side in (labels.rater, labels.people)]
    collapsed = _collapsed(found[LEVELS], *map(len, used))
    shares = shares_of(rated, bootstrap)
    details: dict[str, Any] = {
        "shares": [
            {"level": name, "rater": one.rater.to_dict(), "people": one.people.to_dict()}
            for name, one in shares.items()
        ],
        "never used by the rater": [labels.names[place] for place in sorted(used[1] - used[0])],
        "never used by people": [labels.names[place] for place in sorted(used[0] - used[1])],
        "collapsed": collapsed,
        "p": p,
        "expected by chance": float(by_chance.mean()),
    }
    shown = None if p is None or rated.n < 2 else p <= 1 - level
    verdict = _verdict(shown, collapsed, found, details, p)
    return Finding(LEVEL_USAGE, shown, verdict, FrozenDict(found), rated.n, rated.left_out, FrozenDict(details))


def _entropy(shares: Floats) -> Floats:
    """Return the entropy of each column in nats; a level that is not there adds nothing."""
    return np.maximum(-(shares * np.log(np.where(shares > 0, shares, 1.0))).sum(axis=0), 0.0)


def _collapsed(levels: Estimate, rater: int, people: int) -> bool:
    if people < 2:
        return False
    return rater == 1 or (levels.high is not None and levels.high < COLLAPSED)


def _verdict(
    shown: bool | None, collapsed: bool, found: dict[str, Estimate], details: dict[str, Any], p: float | None
) -> str:
    never = details["never used by the rater"]
    silent = f"; never gives {', '.join(never)}" if never else ""
    # One level throughout a few items may be chance: then the verdict is that of the test.
    if collapsed and shown is not False:
        return f"has collapsed: uses {said(found[LEVELS])} times the levels people use{silent}"
    if shown is None:
        return f"how often each level is given could not be tested{silent}"
    told = f"distance {said(found[DISTANCE])}, {details['expected by chance']:.2f} by chance, p {p:.3g}"
    if shown:
        return f"uses levels otherwise than people: {told}{silent}"
    return f"not shown to use levels otherwise than people: {told}{silent}"
