"""Knows whether a rater agrees with people in some parts of the data better than in others; knows no corpus."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..frozen import FrozenDict
from ..metrics import Rated, check_counts, gathered, metrics_of, pairs_of
from ..scales import Label, Scale
from ..statistics import Bootstrap, Codes, Estimate, Finding, Floats, estimates, holm, totals
from .subgroup_tests import PartTest, part_tests

SUBGROUP_AGREEMENT = "agreement by part"
_METRICS = ("alpha", "accuracy", "bias")

_FEW_ITEMS = 10
"""Items below which a part is named and not measured."""


def agreement_by(
    ratings: Sequence[Label | None],
    gold: Sequence[Label],
    by: Sequence[str | None],
    scale: Scale,
    *,
    groups: Sequence[str | None] | None = None,
    fill: Label | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Finding:
    """Compare agreement in each part of the data (language, source, annotator) with that in all the others.

    Measures: alpha, accuracy and bias (mean of rating - gold) of each part, as far as the scale has them, and the
    difference of alpha to all other parts. Read the differences with care: alpha and accuracy depend on how labels are
    spread, and a part in which people use two levels has a lower alpha than one in which they use five, with the same
    errors of the same rater.

    So the tests are made *given gold*: is an item of this part rated worse, or higher, than one of another part with
    the same gold label? Parts are shuffled among the items of each gold level, which keeps every part's gold labels as
    they are, and each part's mean error (in steps; on names the share of wrong ones) and mean of rating - gold are
    compared with what shuffling makes of them. ``details`` hold for each part p-values corrected by Holm over all parts
    and both tests, and for all parts together a test of each kind (sum of squared standardised differences), corrected
    for there being two. ``shown`` where one of those is at or below ``1 - level``.

    With ``groups``, items of a group are no independent witnesses: where every group lies in one part, whole groups
    change parts (errors are first compared with those of the same gold level); where groups lie across parts, items are
    shuffled within their group.

    Args:
        ratings: The rater's labels; None where there was no readable answer.
        gold: The gold labels.
        by: The part of each item; items of None are left out.
        scale: The scale of both.
        groups: Group of each item, or None.
        fill: The label that stands for an unreadable answer; None leaves the item out.
        resamples: Bootstrap resamples, and shufflings; 0 for no intervals and no tests.
        seed: Seed of both; results do not depend on the order of the items.
        level: Confidence level.

    Raises:
        InputError: For lengths that differ or a label that is not on the scale.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    check_counts(len(gold), "gold labels", by=by)
    rated = Rated.of(ratings, gold, scale, groups=groups, fill=fill)
    rated = rated.only(np.array([by[place] is not None for place in rated.places], dtype=bool), "no part")
    sizes = Counter(str(by[place]) for place in rated.places)
    few = {name: count for name, count in sorted(sizes.items()) if count < _FEW_ITEMS}
    big = [name for name in sorted(sizes) if name not in few]
    kept = np.array([str(by[place]) not in few for place in rated.places], dtype=bool)
    rated = rated.only(kept, f"in a part of fewer than {_FEW_ITEMS} items")
    details: dict[str, Any] = {"items by part": {name: sizes[name] for name in big}, "too few items": few}
    if len(big) < 2:
        why = "fewer than two parts with enough items to compare"
        return Finding(SUBGROUP_AGREEMENT, None, why, FrozenDict(), rated.n, rated.left_out, FrozenDict(details))
    index = {name: place for place, name in enumerate(big)}
    part = np.array([index[str(by[place])] for place in rated.places], dtype=np.int64)
    found = _measures(rated, part, big, bootstrap)
    shown: bool | None = None
    verdict = "nothing could be tested: no resamples were asked for"
    if np.ptp(rated.rating) == 0:
        verdict = "the rater gave one label throughout: parts differ as their gold labels do"
    elif resamples:
        tests = part_tests(rated, part, len(big), draws=resamples, seed=seed)
        shown, verdict = _judge(tests, big, details, 1 - level)
    return Finding(SUBGROUP_AGREEMENT, shown, verdict, FrozenDict(found), rated.n, rated.left_out, FrozenDict(details))


def _measures(rated: Rated, part: Codes, names: list[str], bootstrap: Bootstrap) -> dict[str, Estimate]:
    cells = gathered([rated.rating, rated.gold, part.astype(float)], rated.groups)
    rating, gold, where = cells.columns
    pairs = pairs_of(rating, gold, rated.scale)
    metrics = {name: metric for name, metric in metrics_of(rated.scale).items() if name in _METRICS}
    places = [np.flatnonzero(where == place) for place in range(len(names))]

    def statistics(weights: Floats) -> dict[str, Floats]:
        size = pairs.x.size
        # Pairs of labels are few: what all the others weigh is what all weigh less the part.
        every = totals(pairs.cell, size, weights)
        own = [totals(pairs.cell[here], size, weights[here]) for here in places]
        found = {
            f"{metric} in {name}": coefficient(pairs, one)
            for metric, coefficient in metrics.items()
            for name, one in zip(names, own, strict=True)
        }
        alpha = metrics["alpha"]
        return found | {
            f"alpha in {name} less the others": found[f"alpha in {name}"] - alpha(pairs, every - one)
            for name, one in zip(names, own, strict=True)
        }

    return estimates(
        cells.units,
        statistics,
        bootstrap,
        why=lambda name: "rater and gold gave one and the same level there",
        rows=pairs.values.size,
    )


def _judge(tests: Mapping[str, PartTest], names: list[str], details: dict[str, Any], alpha: float) -> tuple[bool, str]:
    """Correct the tests, write them into the details, and say what they show."""
    overall = dict(zip(tests, holm([one.together for one in tests.values()]), strict=True))
    each = iter(holm([p for one in tests.values() for p in one.p]))
    corrected = {kind: [next(each) for _ in names] for kind in tests}
    details["together"] = {kind: {"p": one.together, "adjusted": overall[kind]} for kind, one in tests.items()}
    details["tests"] = {
        name: {
            kind: {"difference": one.difference[place], "p": one.p[place], "adjusted": corrected[kind][place]}
            for kind, one in tests.items()
        }
        for place, name in enumerate(names)
    }
    shown = any(p is not None and p <= alpha for p in overall.values())
    told = []
    for kind, one in tests.items():
        p = overall[kind]
        if p is None or p > alpha:
            continue
        named = [
            f"{name} {difference:+.2f}"
            for name, difference, own in zip(names, one.difference, corrected[kind], strict=True)
            if own is not None and own <= alpha
        ]
        told.append(f"{kind} given gold: {', '.join(named) if named else 'no part by itself stands out'}")
    if shown:
        return True, f"parts are rated differently; {'; '.join(told)}"
    return False, "no part is shown to be rated better, worse, higher or lower than the others, given gold"
