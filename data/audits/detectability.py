"""Knows whether a rater's labels can be told from one person's; does not know which of the two is better.

A two-sample classifier test (Lopez-Paz and Oquab 2017, Revisiting classifier two-sample tests, ICLR): a classifier sees
items with a label and learns to say who gave it; if it cannot on items it has not seen, the two label alike as far as
it can see. Each item is shown twice, once with either label, so items alone betray nothing. Were both labels of an item
drawn from one distribution, they could be exchanged: whole runs on exchanged labels are what chance is judged by.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..frozen import FrozenDict
from ..metrics import prepare
from ..scales import Label, Scale
from ..statistics import Bootstrap, Estimate, Finding, Floats, Units, estimates, midranks, ratio, told_apart, totals
from .item_features import ItemFeatures, item_features, standardized

_NAME = "detectability"
_AUC, _PAIRS = "AUC", "unlike labels told apart"
MOST_LEVELS = 20
"""Labels that each have an input of their own; more of them are taken as numbers."""

MOST_SIGNS = 20
_FEWEST = 10
"""Items, or groups, without which nothing is learned."""


def detectability(
    ratings: Sequence[Label | None],
    human: Sequence[Label | None],
    scale: Scale,
    *,
    texts: Sequence[str] | None = None,
    features: Mapping[str, Sequence[float]] | None = None,
    groups: Sequence[str | None] | None = None,
    permutations: int = 999,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Finding:
    """Ask whether a classifier can tell a rater's labels from one person's.

    The classifier is a ridge regression on the label (each level by itself) and, for each feature of the item, on label
    times feature (on names each level times feature), so that it sees a leaning towards long texts as well as one
    towards high labels. Measures: ``AUC`` on items not learned from, 0.5 where nothing tells the two apart; ``unlike
    labels told apart``, the share of the items with two unlike labels on which it says rightly which is the rater's.
    `shown` goes by the p of the AUC among runs on exchanged labels, exact if the two labels of an item (with groups:
    all labels of a group together) may be exchanged. The intervals are of the items, for the classifiers as learned.

    Details: ``p``, ``permutations``, ``alike`` (the share of equal labels) and ``signs``, what speaks for the rater (>
    0) or the person (< 0), largest first: the weights of the standardized inputs.

    Args:
        ratings: The rater's labels; None where there was no readable answer.
        human: One person's labels of the same items; None where they gave none.
        scale: The scale of both.
        texts: The items' texts: their length and the main directions of their words become features.
        features: Further numbers of each item by name, such as the mean of other people's labels.
        groups: Group of each item; whole groups are exchanged, resampled and kept out of learning.
        permutations: Runs on exchanged labels.
        resamples: Bootstrap resamples, for the intervals; 0 for none.
        seed: Of folds, exchanges and bootstrap.
        level: Confidence level of the intervals; the test is made at 1 - level.

    Raises:
        InputError: For lengths that differ, a label off the scale, a feature that is not finite, or permutations below
            1.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    if permutations < 1:
        raise InputError(f"permutations is {permutations}", cure="Give 1 or more; 999 is usual.")
    table = item_features(texts, features, len(ratings), seed)
    kept, left_out = _both(ratings, human)
    if groups is not None and len(groups) != len(ratings):
        raise InputError(f"{len(groups)} groups for {len(ratings)} ratings", cure="Give one for each item.")
    chosen = None if groups is None else [groups[place] for place in kept]
    data = prepare(
        [[ratings[place] for place in kept]],
        [label for place in kept if (label := human[place]) is not None],
        scale,
        groups=chosen,
        fill=None,
    )
    items = table.values[kept]
    # In an order of their own, so that the order of the items changes neither folds nor draws.
    order = np.lexsort((*items.T, data.numbers[1], data.numbers[0]))
    left, right = data.numbers[:, order]
    units = Units.of(
        np.arange(left.size), left.size, None if chosen is None else [chosen[place] for place in order.tolist()]
    )
    if units.count < _FEWEST or np.unique(data.numbers).size < 2:
        why = (
            f"only {units.count} {units.name}s with both labels, and it takes {_FEWEST}"
            if units.count < _FEWEST
            else "all labels are the same"
        )
        none = Estimate(None, None, None, why)
        nothing = FrozenDict({_AUC: none, _PAIRS: none})
        return Finding(_NAME, None, f"not measured: {why}", nothing, left.size, left_out)
    seen = _inputs(np.concatenate([left, right]), items[order], table.names, scale)
    group = np.arange(left.size) if units.group is None else units.group
    trained = told_apart(seen.values, group, units.count, permutations=permutations, seed=seed)
    p = float((trained.areas >= trained.areas[0] - 1e-12).mean())
    shown = p <= 1 - level + 1e-12
    found = _measures(trained.scores, units, left != right, bootstrap)
    alike = float((left == right).mean())
    details: dict[str, Any] = {
        "p": p,
        "permutations": permutations,
        "alike": alike,
        "signs": _signs(seen, trained.weights),
    }
    sure = f"AUC {trained.areas[0]:.2f}, p = {p:.3f}; the two give the same label on {alike:.0%} of the items"
    verdict = (
        f"the rater's labels can be told from the person's: {sure}"
        if shown
        else f"no sign that the two can be told apart: {sure}"
    )
    return Finding(_NAME, shown, verdict, FrozenDict(found), left.size, left_out, FrozenDict(details))


def _both(ratings: Sequence[Label | None], human: Sequence[Label | None]) -> tuple[list[int], Mapping[str, int]]:
    """Return the places of items with two labels, and why others are left out."""
    if len(ratings) != len(human):
        raise InputError(f"{len(ratings)} ratings for {len(human)} human labels", cure="Give one for each item.")
    kept = [place for place, pair in enumerate(zip(ratings, human, strict=True)) if None not in pair]
    silent = sum(label is None for label in ratings)
    reasons = {"unparsed rating": silent, "no human label": len(ratings) - len(kept) - silent}
    return kept, FrozenDict({reason: count for reason, count in reasons.items() if count})


def _inputs(labels: Floats, items: Floats, names: list[str], scale: Scale) -> ItemFeatures:
    """Return what the classifier sees of each row: rater's labels first, then the person's, on the same items."""
    values = np.unique(labels)
    both = np.concatenate([items, items])
    columns: dict[str, Floats] = {}
    if values.size <= MOST_LEVELS:
        words = _words(values, scale)
        columns |= {f"says {word}": (labels == value).astype(float) for word, value in zip(words, values, strict=True)}
    else:
        columns |= {"label": labels, "label squared": (labels - labels.mean()) ** 2}
    ordered = scale.ordered
    by_label = {"label": labels - labels.mean()} if ordered else dict(columns)
    for name, column in zip(names, both.T, strict=True):
        columns |= {f"{label} x {name}": weight * column for label, weight in by_label.items()}
    return ItemFeatures(list(columns), standardized(np.stack(list(columns.values()), axis=1)))


def _words(values: Floats, scale: Scale) -> list[str]:
    return [scale.write(scale.label_of(float(value))) for value in values]


def _measures(scores: Floats, units: Units, unlike: NDArray[np.bool_], bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Estimate the AUC, and how often the rater's of two unlike labels of an item is named."""
    values, codes = np.unique(scores, return_inverse=True)
    rater, person = codes.reshape(2, -1).astype(np.int64)
    named = np.where(unlike, (rater > person) + 0.5 * (rater == person), 0.0)

    def statistics(weights: Floats) -> dict[str, Floats]:
        n, apart = weights.sum(axis=0), unlike.astype(float) @ weights
        below = midranks(totals(person, values.size, weights))
        area = (totals(rater, values.size, weights) * below).sum(axis=0)
        return {_AUC: ratio(area, n**2, n > 0), _PAIRS: ratio(named @ weights, apart, apart > 0)}

    why = "the two give every item the same label"
    return estimates(units, statistics, bootstrap, why=lambda _: why)


def _signs(seen: ItemFeatures, weights: Floats) -> list[dict[str, Any]]:
    order = np.argsort(-np.abs(weights), kind="stable")[:MOST_SIGNS]
    return [{"sign": seen.names[place], "weight": float(weights[place])} for place in order]
