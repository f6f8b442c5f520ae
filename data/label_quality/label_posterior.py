"""Knows what raters together hold likely of each item; does not know what people said of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..confidence import checked_confidences
from ..errors import InputError
from ..metrics import Numbers
from ..scales import Label, Scale
from ..statistics import Codes, Floats
from ..values import is_number, plain, show

Belief = float | Mapping[Label, float] | None
"""How sure a rater is of the label it gave, or the probability of every label, or nothing."""

RatingsByRater = Sequence[Label | None] | Mapping[str, Sequence[Label | None]]
Confidences = Sequence[Belief] | Mapping[str, Sequence[Belief]]


@dataclass(frozen=True, eq=False)
class Beliefs:
    """Probabilities of levels; use `Beliefs.of`.

    Attributes:
        probabilities: (items, levels) the mean over the raters that were heard; 0 where none was.
        said: (items, levels) how many of them gave the level.
    """

    probabilities: Floats
    said: Codes

    @property
    def raters(self) -> Codes:
        """(items,) how many raters were heard."""
        return self.said.sum(axis=1)

    @classmethod
    def of(cls, ratings: RatingsByRater, confidences: Confidences, gold: Codes, scale: Scale) -> "Beliefs":
        """Average what raters hold likely, where they gave a label and a confidence.

        Args:
            ratings: A rater's labels, or those of several by name.
            confidences: What goes with them, by the same names.
            gold: (items,) the place on the scale of each human label.
            scale: The scale, with levels.

        Raises:
            InputError: For unlike names or lengths, a label off the scale, or numbers that are no probabilities.
        """
        named = dict(ratings) if isinstance(ratings, Mapping) else {"ratings": ratings}
        sure = dict(confidences) if isinstance(confidences, Mapping) else {"ratings": confidences}
        if named.keys() != sure.keys():
            cure = "Give the confidences of the same raters, by the same names."
            raise InputError(f"ratings of {', '.join(named)}, confidences of {', '.join(sure)}", cure=cure)
        count = len(scale.levels or ())
        total, said = np.zeros((gold.size, count)), np.zeros((gold.size, count), dtype=np.int64)
        for name, labels in named.items():
            for what, given in (("ratings", labels), ("confidences", sure[name])):
                if len(given) != gold.size:
                    place = f"rater {name!r}" if isinstance(ratings, Mapping) else None
                    cure = "Give one for each item."
                    raise InputError(f"{len(given)} {what} for {gold.size} gold labels", place=place, cure=cure)
            ranks = ranks_of(labels, scale, "ratings")
            beliefs = _spread(ranks, _given(sure[name], scale), gold, count)
            heard = (ranks >= 0) & np.isfinite(beliefs).all(axis=1)
            total[heard] += beliefs[heard]
            said[heard, ranks[heard]] += 1
        return cls(total / np.maximum(said.sum(axis=1), 1)[:, None], said)


def ranks_of(labels: Sequence[Label | None], scale: Scale, place: str) -> Codes:
    """Return the place on the scale of each label, of the nearest level for a value between two; -1 for None.

    Raises:
        InputError: For a label off the scale.
    """
    number, levels = Numbers(scale), scale.levels or ()
    rank = {level: place for place, level in enumerate(levels)}

    def found(label: Label | None) -> int:
        if label is None:
            return -1
        return rank[scale.label_of(number(label, place))]

    return np.array([found(label) for label in labels], dtype=np.int64)


def _given(beliefs: Sequence[Belief], scale: Scale) -> list[float | Floats]:
    """Check beliefs: a bare confidence (NaN for None), or (levels,) probabilities that sum to 1."""
    bare = checked_confidences([None if isinstance(one, Mapping) else one for one in beliefs], len(beliefs))
    return [
        _probabilities(one, scale, place) if isinstance(one, Mapping) else float(bare[place])
        for place, one in enumerate(beliefs)
    ]


def _probabilities(given: Mapping[Label, float], scale: Scale, place: int) -> Floats:
    rank = {level: number for number, level in enumerate(scale.levels or ())}
    found = np.zeros(len(rank))
    for label, share in given.items():
        share = plain(share)
        if label not in rank or not is_number(share) or not 0 <= share < math.inf:
            cure = "Give a weight from 0 on for levels of the scale."
            raise InputError(f"item {place} has {show(share)} for {show(label)}", place="confidences", cure=cure)
        found[rank[label]] += float(share)
    if not found.sum() > 0:
        cure = "Give a level more than 0, or None where nothing is known."
        raise InputError(f"item {place} has probabilities that sum to 0", place="confidences", cure=cure)
    return found / found.sum()


def _spread(ranks: Codes, beliefs: Sequence[float | Floats], gold: Codes, count: int) -> Floats:
    """Return (items, levels) probabilities, NaN where there are none.

    What a bare confidence leaves goes to the other levels as gold lies on items with that rating and another gold. Each
    of these counts by what its confidence leaves: where a sure rater is contradicted, the label may be the error. Every
    level has one item more, shared out.
    """
    bare = np.array([math.nan if isinstance(belief, np.ndarray) else belief for belief in beliefs], dtype=float)
    heard = (ranks >= 0) & np.isfinite(bare)
    seen = np.full((count, count), 1 / count)
    np.add.at(seen, (ranks[heard], gold[heard]), 1 - bare[heard])
    np.fill_diagonal(seen, 0.0)
    seen /= seen.sum(axis=1, keepdims=True)
    found = np.full((ranks.size, count), np.nan)
    found[heard] = (1 - bare[heard])[:, None] * seen[ranks[heard]]
    found[heard, ranks[heard]] = bare[heard]
    for place, belief in enumerate(beliefs):
        if isinstance(belief, np.ndarray):
            found[place] = belief
    return found
