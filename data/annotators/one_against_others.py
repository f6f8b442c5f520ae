"""Knows how one person fares against the others of the same corpus; knows nothing about raters."""

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from ..corpus import Corpus, consensus
from ..frozen import FrozenDict
from ..scales import Label


class OneHuman(NamedTuple):
    """One annotator's label and the others' consensus, item by item; goes into `agreement` as ratings and gold.

    Attributes:
        ratings: The label of the annotator drawn.
        gold: The consensus of the other annotators, by the scale's default rule.
        items: Ids of the items used, in the corpus' order.
        groups: Group of each item used; None where it has none.
        skipped: How many items were skipped, by reason.
    """

    ratings: list[Label]
    gold: list[Label]
    items: list[str]
    groups: list[str | None]
    skipped: Mapping[str, int]


def one_human(corpus: Corpus, *, seed: int = 0) -> OneHuman:
    """Draw one annotator per item and set the label against the consensus of the others.

    This is the reference a rater should be read against: how well a person, who is not part of the gold, would score.
    The others' consensus stands on one label fewer than the corpus' gold, so it is noisier and the figure is, if
    anything, a little low.

    Args:
        corpus: Items with their annotations.
        seed: Together with the item's id it decides who is drawn, whatever the order of items or annotations.

    Returns:
        Ratings and gold of the items with at least two annotations; the others are counted in ``skipped``, as are
        those whose remaining annotators reach no consensus (a tied majority).
    """
    ratings: list[Label] = []
    gold: list[Label] = []
    used = []
    few = undecided = 0
    for item in corpus:
        given = sorted(item.annotations, key=lambda one: (one.annotator or "", corpus.scale.write(one.label)))
        if len(given) < 2:
            few += 1
            continue
        digest = hashlib.sha256(f"{seed}\x00{item.id}".encode()).digest()
        drawn = given.pop(int.from_bytes(digest[:8], "big") % len(given))
        others = consensus([one.label for one in given], corpus.scale, "auto")
        if others is None:
            undecided += 1
            continue
        ratings.append(drawn.label)
        gold.append(others)
        used.append(item)
    named = ("fewer than 2 annotations", few), ("no consensus among the others", undecided)
    skipped = FrozenDict({reason: count for reason, count in named if count})
    return OneHuman(ratings, gold, [item.id for item in used], [item.group for item in used], skipped)
