"""Knows the simple raters of pairs, by length and by words of the two texts apart; knows no prompts.

A pair is no text: the length of both together says nothing about which of them is better, nor do the words of both.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..corpus import Corpus, Pair, pair_fields
from ..errors import SetupError
from ..pairwise import check_pairwise, turned
from ..scales import Label
from ..statistics import Floats
from .simple import BASELINES, MOST_WORDS, constant


def baseline_ratings(train: Corpus, test: Corpus, *, seed: int = 0) -> dict[str, list[Label]]:
    """Fit every baseline on a corpus and rate another with it.

    On a scale of pairs whose two fields can be told (`pair_fields`) ``length`` and ``tfidf`` are `pair_length_baseline`
    and `pair_tfidf_baseline`; else all of `BASELINES` read each item's fields as one text.

    Args:
        train: Items with gold labels.
        test: What is rated; gold labels are not looked at.
        seed: Of what a baseline draws.

    Returns:
        Labels by the names of `BASELINES`.
    """
    pair = pair_fields(train.fields) if train.scale.comparative else None
    texts = [[item.text for item in part] for part in (train, test)]
    found = {
        name: fit(texts[0], train.golds(), texts[1], train.scale, seed)
        for name, fit in BASELINES.items()
        if pair is None or name not in PAIR_BASELINES
    }
    if pair is not None:
        found |= {name: fit(train, test, pair=pair) for name, fit in PAIR_BASELINES.items()}
    return {name: found[name] for name in BASELINES}


def pair_length_baseline(train: Corpus, test: Corpus, *, pair: Pair | None = None) -> list[Label]:
    """Rate pairs by how much longer, in characters, one is than the other; for the longer or the shorter as people do.

    Logistic regression on the difference of the logarithms of the lengths and on its size, which tells ties. Every
    training pair counts both ways round, so that a pair and its exchange get the same verdict turned round.

    Args:
        train: Pairs with gold verdicts.
        test: What is rated.
        pair: The two fields; None finds them by their names.

    Raises:
        SetupError: If the scale is not one of pairs, or the fields cannot be told.
    """
    sides = [_sides(corpus, _pair(train, pair)) for corpus in (train, test)]
    return _rated(train, test, *(_gaps(one) for one in sides))


def pair_tfidf_baseline(train: Corpus, test: Corpus, *, pair: Pair | None = None) -> list[Label]:
    """Rate pairs by the difference of the two texts' TF-IDF, of words (1-2) and character sequences within words (3-5).

    Logistic regression. TF-IDF of a text does not depend on its length, so the difference in length is there as well,
    and how alike the two are (the cosine of each view), by which ties are told. Every training pair counts both ways
    round. Arguments and errors are those of `pair_length_baseline`.
    """
    sides = [_sides(corpus, _pair(train, pair)) for corpus in (train, test)]
    known = [text for side in sides[0] for text in side]
    if not any(text.strip() for text in known) or not len(test):
        return _rated(train, test, *(_gaps(one) for one in sides))
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer

    views = (
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=MOST_WORDS, token_pattern=r"(?u)\S+").fit(
            known
        ),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, max_features=MOST_WORDS).fit(known),
    )
    made: list[_Features] = []
    for both in sides:
        seen: list[list[Any]] = [[view.transform(side) for side in both] for view in views]
        alike = [np.asarray(one.multiply(other).sum(axis=1)).ravel() for one, other in seen]
        gaps = _gaps(both)
        turning = hstack([*(one - other for one, other in seen), gaps.turning])
        made.append(_Features(turning, np.column_stack([*alike, gaps.staying])))
    return _rated(train, test, *made)


PAIR_BASELINES = {"length": pair_length_baseline, "tfidf": pair_tfidf_baseline}
"""What stands for the baseline of the same name on a scale of pairs."""


class _Features:
    """What is known of pairs: what turns its sign when the two are exchanged, and what stays."""

    def __init__(self, turning: Any, staying: Floats) -> None:
        self.turning, self.staying = turning, staying

    def both_ways(self) -> Any:
        """Return the pairs and then the same pairs exchanged."""
        from scipy.sparse import csr_matrix, hstack, vstack

        turning = csr_matrix(self.turning)
        return vstack([hstack([sign * turning, csr_matrix(self.staying)]) for sign in (1, -1)]).tocsr()


def _sides(corpus: Corpus, pair: Pair) -> list[list[str]]:
    return [[item.fields[name] for item in corpus] for name in pair]


def _gaps(sides: Sequence[Sequence[str]]) -> _Features:
    """Return by how much the first is longer, and its size."""
    gap = np.subtract(*(np.log1p([len(text) for text in side]) for side in sides))[:, None]
    return _Features(gap, np.abs(gap))


def _pair(corpus: Corpus, pair: Pair | None) -> Pair:
    check_pairwise(corpus.scale, "baseline")
    found = pair_fields(corpus.fields) if pair is None else pair
    if found is None or not set(found) <= set(corpus.fields):
        what = f"which two of {', '.join(corpus.fields)} are compared cannot be told from their names"
        raise SetupError(what, place="baseline", cure="Give pair=Pair('response_a', 'response_b') or the like.")
    return found


def _rated(train: Corpus, test: Corpus, known: _Features, asked: _Features) -> list[Label]:
    """Fit verdicts both ways round and rate; a constant answer where there is one verdict only."""
    scale, golds = train.scale, train.golds()
    if len(set(golds)) < 2 or not len(test):
        return [constant(golds, scale)] * len(test)
    from sklearn.linear_model import LogisticRegression

    levels = list(scale.levels or ())
    place = {level: number for number, level in enumerate(levels)}
    verdicts = [*golds, *(turned(gold) for gold in golds)]
    rows = known.both_ways()
    model = LogisticRegression(max_iter=5000)
    model.fit(rows, np.array([place[verdict] for verdict in verdicts if verdict is not None]))
    return [levels[int(number)] for number in model.predict(asked.both_ways()[: len(test)])]
