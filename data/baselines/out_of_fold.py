"""Knows how baselines rate items that they were not fitted on; knows no baseline in particular and no agreement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..corpus import Clusters, Corpus, near_duplicate_clusters
from ..errors import InputError
from ..frozen import FrozenDict
from ..scales import Label
from .pairwise import baseline_ratings

_FOLDS = 5
"""Parts that are left out in turn; fewer where there are fewer clusters of items."""


@dataclass(frozen=True)
class OutOfFold:
    """What baselines say of items that they were not fitted on.

    Attributes:
        labels: By the name of the baseline, in the corpus' order.
        folds: In how many parts the items were left out in turn.
        clusters: Into how many clusters the items fall (groups, and near-duplicates), which are never divided.
    """

    labels: Mapping[str, Sequence[Label]]
    folds: int
    clusters: int


def out_of_fold(corpus: Corpus, *, folds: int = _FOLDS, seed: int = 0) -> OutOfFold:
    """Rate every item by baselines that were fitted on the other parts of the corpus.

    Args:
        corpus: Items with gold labels.
        folds: How many parts at most, of about equal size.
        seed: Of the division, which does not depend on the order of the items, and of the baselines.

    Raises:
        InputError: If all items fall into one cluster: then nothing is left to fit on.
    """
    parts, clusters = _parts(corpus, folds, seed)
    found: dict[str, dict[str, Label]] = {}
    for part in parts:
        held = set(part)
        rest, asked = corpus.select(id for id in corpus.ids if id not in held), corpus.select(part)
        for name, labels in baseline_ratings(rest, asked, seed=seed).items():
            found.setdefault(name, {}).update(zip(part, labels, strict=True))
    labels = {name: tuple(by_id[id] for id in corpus.ids) for name, by_id in found.items()}
    return OutOfFold(FrozenDict(labels), len(parts), clusters)


def _parts(corpus: Corpus, folds: int, seed: int) -> tuple[list[list[str]], int]:
    """Return the ids of each part, and how many clusters there are."""
    from sklearn.model_selection import GroupKFold

    items = sorted(corpus, key=lambda item: item.id)
    items = [items[place] for place in np.random.default_rng(seed).permutation(len(items)).tolist()]
    clusters = Clusters(len(items))
    first: dict[tuple[str, object], int] = {}
    alike = near_duplicate_clusters([item.text for item in items])
    for place, item in enumerate(items):
        clusters.join(first.setdefault(("text", alike[place]), place), place)
        if item.group is not None:
            clusters.join(first.setdefault(("group", item.group), place), place)
    numbers = clusters.numbers()
    count = len(set(numbers))
    if count < 2:
        cure = "Give items of several groups, or another file to fit baselines on."
        raise InputError(f"all {len(items)} items fall into one group or are nearly the same", cure=cure)
    divided = GroupKFold(min(folds, count)).split(numbers, groups=numbers)
    return [[items[place].id for place in left_out] for _, left_out in divided], count
