"""Knows which sentences of many rationales stand for a label level; does not know what becomes of them.

Following the rubric part of Zhang et al., "Through the Judge's Eyes" (arXiv 2510.25860, section 3), without an LLM:
sentences instead of extracted critiques, TF-IDF or any embedder, k-means for each level, and of each cluster the
sentence nearest the centroid.
"""

import re
import warnings
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ...data import Label
from ...data.corpus import normal_form
from ..embedders import TFIDF, Embedder, Vectors
from .leak_guard import LeakGuard

MIN_WORDS, MAX_WORDS = 4, 40

_END = re.compile(r"(?:(?<=[.!?…])|(?<=[.!?…][\"'”’)\]]))\s+(?![a-z])|(?<=[。！？])")
_BULLET = re.compile(r"^(?:[-*•>#]+|\(?\d{1,2}[.)])\s+")
ANNOUNCES = re.compile(r"\b(?:labels?|labell?ed|rat(?:e|es|ed|ing|ings)|scor(?:e|es|ed|ing)|out of)\b", re.IGNORECASE)
"""Finds sentences that are about the label."""


@dataclass(frozen=True)
class Rationale:
    """The reasoning behind one item's label.

    Attributes:
        item_id: Whose it is.
        label: The human label.
        text: The reasoning.
    """

    item_id: str
    label: Label
    text: str


@dataclass(frozen=True)
class Critique:
    """A sentence that stands for a cluster of like sentences about items of one level.

    Attributes:
        level: The label of those items.
        text: The sentence nearest the cluster's centroid, as it was written.
        item_id: The item it was written about.
        sources: All items with a sentence in the cluster, sorted.
    """

    level: Label
    text: str
    item_id: str
    sources: tuple[str, ...]

    @property
    def support(self) -> int:
        """How many items have a sentence in the cluster."""
        return len(self.sources)


def critiques(
    rationales: Sequence[Rationale],
    levels: Iterable[Label],
    *,
    per_level: int,
    guard: LeakGuard,
    seed: int = 0,
    embedder: Embedder = TFIDF,
) -> tuple[list[Critique], Mapping[str, int]]:
    """Return up to `per_level` critiques for each level, the best supported first, and what was left out.

    Args:
        rationales: The reasoning behind each item's label.
        levels: The levels in the order in which they are wanted.
        per_level: How many clusters a level's sentences are put into.
        guard: Refuses sentences that copy the training texts.
        seed: Of the clustering. The result does not depend on the order of the rationales.
        embedder: Says which sentences are alike.

    Returns:
        The critiques by level, and counts by reason: ``too short``, ``too long`` and ``names the label`` (sentences
        that were not considered), ``copies an item`` (sentences that would have stood for a cluster).
    """
    dropped: Counter[str] = Counter()
    found: dict[Label, list[tuple[str, str]]] = {level: [] for level in levels}
    for rationale in sorted(rationales, key=lambda rationale: (rationale.item_id, rationale.text)):
        for sentence in sentences(rationale.text):
            reason = _unfit(sentence)
            if reason:
                dropped[reason] += 1
            elif rationale.label in found:
                found[rationale.label].append((sentence, rationale.item_id))
    everything = [sentence for level in found.values() for sentence, _ in level]
    if not everything or per_level < 1:
        return [], dropped
    vectors = embedder.fitted(everything)
    chosen: list[Critique] = []
    for level, said in found.items():
        if said:
            chosen += _of_level(level, sorted(said), vectors, per_level, guard, seed, dropped)
    return chosen, dropped


def sentences(text: str) -> list[str]:
    """Split a rationale into its sentences, without bullets and with single blanks; a line ends a sentence."""
    lines = (_BULLET.sub("", " ".join(line.split())) for line in text.splitlines())
    return [part for line in lines for part in _END.split(line) if part]


def clusters(vectors: Any, count: int, seed: int) -> list[list[int]]:
    """Put rows into `count` clusters by k-means; each cluster's rows come nearest the centroid first.

    The first row of a cluster is its medoid under squared Euclidean distance: the sum of the squared distances to all
    other rows is smallest where the distance to their mean is.

    Args:
        vectors: Sparse matrix or array (rows, terms).
        count: The most clusters; fewer where there are fewer different rows.
        seed: Of the starting points.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    count = min(count, vectors.shape[0])
    options: dict[str, Any] = {"n_init": 10}  # sklearn's own annotation knows "auto" only
    model = KMeans(count, random_state=seed, **options)
    # So few rows are done before threads have met; on a busy machine waiting for each other takes most of the time.
    with warnings.catch_warnings(), _threads().limit(limits=1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer different rows than clusters: some stay empty
        numbers = model.fit_predict(vectors)
    distances = model.transform(vectors)[np.arange(vectors.shape[0]), numbers].round(9)
    members = [np.flatnonzero(numbers == number) for number in range(count)]
    return [rows[np.argsort(distances[rows], kind="stable")].tolist() for rows in members if rows.size]


@cache
def _threads() -> Any:
    """Return what limits the threads of loaded libraries; to look for those each time costs as much as a clustering."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _of_level(
    level: Label,
    said: Sequence[tuple[str, str]],
    vectors: Vectors,
    per_level: int,
    guard: LeakGuard,
    seed: int,
    dropped: Counter[str],
) -> list[Critique]:
    """Return the critiques of one level; a cluster in which every sentence copies an item has none."""
    chosen: list[Critique] = []
    for rows in clusters(vectors.transform([sentence for sentence, _ in said]), per_level, seed):
        sources = tuple(sorted({said[row][1] for row in rows}))
        for row in rows:
            sentence, item_id = said[row]
            if guard.copied(sentence) is not None:
                dropped["copies an item"] += 1
                continue
            chosen.append(Critique(level, sentence, item_id, sources))
            break
    return sorted(chosen, key=lambda critique: (-critique.support, critique.text))


def _unfit(sentence: str) -> str:
    """Return why a sentence cannot be a critique, or an empty text."""
    words = len(normal_form(sentence).split())
    if words < MIN_WORDS:
        return "too short"
    if words > MAX_WORDS:
        return "too long"
    return "names the label" if ANNOUNCES.search(sentence) else ""
