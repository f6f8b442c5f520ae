"""Knows whether a rater says the same of an item twice, and what noise costs it; knows nothing about its causes.

De-noising follows H. Wei and others, Systematic Evaluation of LLM-as-a-Judge in LLM Alignment Tasks (2024), arXiv
2408.13006: estimate from repeated ratings how often a rating flips, and take that out of the accuracy. Each rating is
taken to be the rater's settled label with some chance, and else any of the scale's L levels alike. With F the chance
that two ratings of an item differ and A the accuracy of one rating::

    s = sqrt(1 - F L / (L - 1))            how much of a rating is no noise
    A = s D + (1 - s) / L                  so  D = (A - (1 - s) / L) / s

For two levels, s = 1 - 2 q with q the chance that a rating flips, and D = (A - q) / (1 - 2 q). The formulas are those
of a symmetric flip, worked out here; the paper's own may differ in detail.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..frozen import FrozenDict
from ..metrics import Numbers, Pairs, check_counts, distance_of, krippendorff, metrics_of, numbers_of, pairs_of
from ..scales import Label, Scale
from ..statistics import Bootstrap, Finding, Floats, coded, estimates, ratio, said
from .repeated_ratings import RepeatedRatings, Spoken, read_repeats

CONSISTENCY = "consistency"

STABLE = 0.05
"""A summary of several ratings counts as stable where two of them differ no more often than this."""

RELIABLE = 0.9
"""The reliability of a mean of several ratings that counts as enough."""

MOST = 25
"""Ratings in a summary up to which its stability is looked at."""


def consistency(
    repeats: Sequence[Sequence[Label | None]],
    scale: Scale,
    *,
    gold: Sequence[Label] | None = None,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Finding:
    """Measure how often a rater changes its mind, and what a single rating loses by it.

    Measures: ``flip rate`` (the chance that two independent ratings of one item differ, without bias from any number of
    them; every item weighs the same), ``steps apart`` (by how many, ordinal and interval), ``alpha`` among the ratings,
    ``items that flip`` (the share with unlike ratings; it rises with the number of ratings). With gold: ``accuracy of
    one``, ``accuracy of all`` (of the median, on names of the most frequent one; ties count in part), what the summary
    gains, ``alpha of one``, ``alpha of all``, and ``accuracy without noise``.

    The ratings of an item have to be independent draws of the same rater: no cache between them, no other prompt.
    ``accuracy without noise`` further takes every item to be as noisy as the next, and noise to fall on all levels
    alike. It is an estimate of what the rater would score if it never wavered, not of what its majority would; where
    noise falls on neighbouring levels it is too low or too high, and ``accuracy of all`` is the safer figure.

    ``details`` hold how often two summaries of k ratings each differ (``summaries``; from random halves, so k is half
    of the ratings at most), the smallest k at which they do no more than 5 % of the time, and for ordinal and interval
    scales how many ratings a mean needs for a reliability of 0.9 by the Spearman-Brown formula, ``0.9 (1 - alpha) /
    (alpha 0.1)``.

    A single flip proves that a rater flips, so ``shown`` says whether there was one.

    Args:
        repeats: For each item its ratings by the same rater; None is an unreadable one. Items may have unlike numbers.
        scale: The scale of the labels.
        gold: The gold labels.
        groups: Group of each item; whole groups are resampled. None resamples items.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Seed of the bootstrap and the halves; results do not depend on the order of items or ratings.
        level: Confidence level of the intervals.

    Raises:
        InputError: For lengths that differ or a label that is not on the scale.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    check_counts(len(repeats), "items", gold=gold, groups=groups)
    read = read_repeats(repeats, scale)
    right = np.full(len(read), np.nan) if gold is None else numbers_of(gold, Numbers(scale), "gold", gaps=False)
    kept = [place for place, item in enumerate(read) if len(item) >= 2]
    lost = len(read) - len(kept)
    left_out = FrozenDict({"fewer than 2 readable ratings": lost} if lost else {})
    silent = sum(label is None for item in repeats for label in item)
    if not kept:
        why = "no item has two readable ratings"
        return Finding(CONSISTENCY, None, why, FrozenDict(), 0, left_out, FrozenDict({"unreadable ratings": silent}))
    chosen = None if groups is None else [groups[place] for place in kept]
    repeated = RepeatedRatings.of([read[place] for place in kept], right[kept], scale, chosen)
    statistics = _Statistics(repeated, None if gold is None else repeated.beside, seed)
    found = estimates(repeated.units, statistics, bootstrap, why=_why, rows=statistics.rows)
    stability = {k: found.pop(f"flips of {k}") for k in statistics.summaries}
    flips = found["flip rate"]
    ever = bool(flips.value)
    counts = [len(read[place]) for place in kept]
    details: dict[str, Any] = {
        "ratings of an item": {"least": min(counts), "most": max(counts)},
        "unreadable ratings": silent,
        "summaries": [{"k": k, **one.to_dict()} for k, one in stability.items()],
        "ratings for a stable summary": next(
            (k for k, one in stability.items() if one.value is not None and one.value <= STABLE), None
        ),
    }
    if scale.ordered:
        details["ratings for a reliable mean"] = _spearman_brown(found["alpha"].value)
    verdict = "no item was rated differently twice"
    if ever:
        verdict = f"two ratings of one item differ in {said(flips, percent=True)} of cases"
    return Finding(CONSISTENCY, ever, verdict, FrozenDict(found), len(kept), left_out, FrozenDict(details))


class _Statistics:
    """All measures on weights of cells."""

    def __init__(self, repeated: RepeatedRatings, gold: Floats | None, seed: int) -> None:
        self.repeated = repeated
        self.unlike, self.apart = repeated.unlike(), repeated.apart()
        self.values, self.codes = coded(repeated.labels)
        most = min(int(repeated.count.max()) // 2, MOST)
        sized = repeated.scale.levels is not None
        self.summaries = {k: repeated.summary_flips(k, seed) for k in range(1, most + 1, 2)} if sized else {}
        self.against: dict[str, _Against] = {}
        if gold is not None:
            told = {"one": repeated.single(), "all": repeated.summary()}
            self.against = {name: _Against(spoken, gold, repeated.scale) for name, spoken in told.items()}
        self.rows = max([self.values.size, *(one.pairs.x.size for one in self.against.values())])

    def __call__(self, weights: Floats) -> dict[str, Floats]:
        scale, n = self.repeated.scale, weights.sum(axis=0)
        flips = ratio(self.unlike @ weights, n, n > 0)
        found = {"flip rate": flips}
        if scale.ordered:
            found["steps apart"] = ratio(self.apart @ weights, n, n > 0)
        found["items that flip"] = ratio((self.unlike > 0).astype(float) @ weights, n, n > 0)
        found["alpha"] = krippendorff(self.codes, self.values, distance_of(scale), weights)
        metrics = metrics_of(scale)
        for metric in ("accuracy", "alpha"):
            if metric in metrics and self.against:
                one, every = (metrics[metric](side.pairs, side.carry(weights)) for side in self.against.values())
                found |= {f"{metric} of one": one, f"{metric} of all": every, f"gain in {metric}": every - one}
        if "accuracy of one" in found:
            found["accuracy without noise"] = without_noise(found["accuracy of one"], flips, len(scale.levels or ()))
        for k, differ in self.summaries.items():
            there = np.isfinite(differ)
            size = there.astype(float) @ weights
            found[f"flips of {k}"] = ratio(np.where(there, differ, 0.0) @ weights, size, size > 0)
        return found


class _Against:
    """What a rule says, beside gold, as pairs of labels; ties are pairs that count in part."""

    def __init__(self, spoken: Spoken, gold: Floats, scale: Scale) -> None:
        from scipy.sparse import csr_matrix

        self.pairs: Pairs = pairs_of(spoken.label, gold[spoken.cell], scale)
        shape = (self.pairs.x.size, gold.size)
        self._carrier = csr_matrix((spoken.share, (self.pairs.cell, spoken.cell)), shape=shape)
        self.carry: Callable[[Floats], Floats] = lambda weights: np.asarray(self._carrier @ weights)


def without_noise(accuracy: Floats, flips: Floats, levels: int) -> Floats:
    """Return the accuracy a rater would have if it never wavered; see the head of this file.

    Args:
        accuracy: (resamples,) of a single rating.
        flips: (resamples,) chance that two ratings differ.
        levels: Levels of the scale.

    Returns:
        (resamples,) between 0 and 1; NaN where two ratings differ as often as by chance, as then there is only noise.
    """
    settled = 1 - flips * levels / (levels - 1)
    defined = settled > 1e-9
    share = np.sqrt(np.where(defined, settled, 1.0))
    return np.where(defined, np.clip((accuracy - (1 - share) / levels) / share, 0, 1), np.nan)


def _spearman_brown(alpha: float | None) -> int | None:
    if alpha is None or alpha <= 0:
        return None
    return max(1, math.ceil(RELIABLE * (1 - alpha) / (alpha * (1 - RELIABLE)) - 1e-9))


def _why(name: str) -> str:
    if name == "accuracy without noise":
        return "two ratings of an item differ as often as by chance: there is nothing but noise"
    return "every label is the same level: nothing tells agreement from chance"
