"""Knows whether a rater likes long items more than people do; knows nothing about texts but how long they are."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..corpus import Corpus, pair_fields
from ..errors import InputError, SetupError
from ..frozen import FrozenDict
from ..metrics import Pairs, Rated, check_counts, gathered, name_of, spearman
from ..scales import Label, Scale
from ..statistics import (
    Bootstrap,
    Estimate,
    Finding,
    Floats,
    Tested,
    ratio,
    rules_out,
    said,
    slope_beside_noisy,
    slopes,
    tested,
    totals,
)
from ..values import is_number, plain, show
from .length_preference import NOISE, longer_preferred, may_be_noise

LENGTH_BIAS = "length bias"
SLOPE, OWN, NAIVE, GAP, RANK = (
    "per doubling of length, given gold",
    "people's own, per doubling",
    "of ratings without gold, per doubling",
    "of rating - gold, per doubling",
    "partial rank correlation given gold",
)


def length_bias(
    ratings: Sequence[Label | None],
    gold: Sequence[Label],
    lengths: Sequence[float],
    scale: Scale,
    *,
    reliability: float | None = None,
    groups: Sequence[str | None] | None = None,
    fill: Label | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Finding:
    """Measure how ratings rise with the length of an item among items that people rate alike.

    A rater whose ratings go with length is not biased for that: longer items may be better, and people say so too. So
    the slope of the rating on log2(length) is taken *given gold*: the gold levels are strata, each with a mean of its
    own (a least-squares regression; more than 20 distinct gold labels enter as a number and its square). It reads in
    points of the scale "per doubling of length". Unlike the slope of rating - gold, it is 0 also for a rater that only
    uses the scale more narrowly than people while people like length.

    One thing can pass for a bias: noise in the gold. Where people like length, an item's gold label is not all that its
    length tells of its quality, and a rater without bias keeps some slope given gold. The slope ``of rating - gold``
    does not suffer from that. So where people's labels go with length the same way, and rating - gold does not, a slope
    given gold proves nothing: ``shown`` is None and ``details`` say why. The gold's ``reliability`` settles it: gold
    then enters as a number, and what is noise of its variance is taken out (`slope_beside_noisy`).

    Ordinal and interval: ``shown`` where the interval of the slope given gold leaves 0 out. Measures also the slopes of
    people and of ratings without gold, and Spearman's partial rank correlation of rating and length given gold.

    Nominal: the same slope for each name's share ("points of share per doubling, given gold"), Holm-corrected over
    names; ``shown`` where one stays at or below ``1 - level``.

    Pairwise: ``lengths`` are the length of A *over* that of B. Measured is by how much the chance of preferring the
    longer one exceeds one half where people prefer the longer and the shorter equally often; see `longer_preferred`.

    Args:
        ratings: The rater's labels; None where there was no readable answer.
        gold: The gold labels.
        lengths: For each item a number above 0 in any unit (characters, words); pairwise: a ratio. Items of length 0
            are left out, as nothing is twice as long.
        scale: The scale of both.
        reliability: Share of the gold labels' variance that is no noise, e.g. the reliability of a mean of several
            people; taken as known exactly. 1 says that gold is the truth. Ordinal and interval scales.
        groups: Group of each item; whole groups are resampled. None resamples items.
        fill: The label that stands for an unreadable answer; None leaves the item out.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Seed of the bootstrap; results do not depend on the order of the items.
        level: Confidence level.

    Raises:
        InputError: For lengths that are negative or not finite, lists that differ in length, labels off the scale, or a
            reliability that is not above 0 and at most 1.
        SetupError: For a reliability on a nominal or pairwise scale.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    check_counts(len(gold), "gold labels", lengths=lengths)
    if reliability is not None and not scale.ordered:
        raise SetupError(f"labels of a {scale.kind} scale have no variance", cure="Leave reliability out.")
    if reliability is not None and not 0 < reliability <= 1:
        raise InputError(f"reliability is {reliability}", place="reliability", cure="Give a share above 0, at most 1.")
    sizes = np.array([_checked(length) for length in lengths], dtype=float)
    rated = Rated.of(ratings, gold, scale, groups=groups, fill=fill)
    rated = rated.only(sizes[rated.places] > 0, "length of 0")
    doublings = np.log2(sizes[rated.places])
    if rated.n == 0:
        return _nothing("no item to compare", rated)
    if scale.comparative:
        return longer_preferred(LENGTH_BIAS, rated, doublings, bootstrap)
    if np.ptp(doublings) < 1e-12:
        return _nothing("all items are equally long", rated)
    if np.ptp(rated.rating) == 0:
        return _nothing("the rater gave one label throughout: nothing can go with length", rated)
    cells = gathered([rated.rating, rated.gold, doublings, rated.strata().astype(float)], rated.groups)
    statistics = _Slopes(rated, reliability, *cells.columns)
    found = tested(
        cells.units,
        statistics,
        [f"{name}: {SLOPE}" for name in statistics.names],
        bootstrap,
        why=lambda name: "length does not vary among items of one gold level" if SLOPE in name else "no variation",
    )
    measured = {name: one.found for name, one in found.items()}
    if not statistics.names:
        return _numbers(rated, measured, reliability)
    return _names(rated, statistics.names, found, 1 - level)


class _Slopes:
    """Slopes on log2 length under weights."""

    def __init__(
        self,
        rated: Rated,
        reliability: float | None,
        rating: Floats,
        gold: Floats,
        doublings: Floats,
        stratum: Floats,
    ) -> None:
        self.reliability = reliability
        # Centred once: a slope does not depend on where its variables begin, and sums of squares lose fewer digits.
        self.x = doublings - doublings.mean()
        if rated.scale.ordered:
            self.names = []
            self.outcomes = np.stack([rating - rating.mean(), gold - gold.mean()], axis=1)
            self.ranked = [Pairs.of(*two) for two in ((rating, doublings), (rating, gold), (doublings, gold))]
        else:
            labels = np.unique(np.concatenate([rated.rating, rated.gold]))
            self.names = [name_of(label, rated.scale) for label in labels]
            self.outcomes = np.hstack([side[:, None] == labels for side in (rating, gold)]).astype(float)
        values = np.unique(gold)
        if np.unique(stratum).size == values.size:
            self.given = (gold[:, None] == values).astype(float)
        else:
            centred = (gold - gold.mean()) / gold.std()
            self.given = np.stack([np.ones(gold.size), centred, centred**2], axis=1)

    def __call__(self, weights: Floats) -> dict[str, Floats]:
        alone = slopes(np.ones((self.x.size, 1)), self.x, self.outcomes, weights)
        if self.names:
            count = len(self.names)
            given = slopes(self.given, self.x, self.outcomes[:, :count], weights)
            found = {f"{name}: {SLOPE}": row for name, row in zip(self.names, given, strict=True)}
            for name, rater, people in zip(self.names, alone[:count], alone[count:], strict=True):
                found |= {f"{name}: {OWN}": people, f"{name}: {GAP}": rater - people}
            return found
        if self.reliability is None:
            slope = slopes(self.given, self.x, self.outcomes[:, :1], weights)[0]
        else:
            slope = slope_beside_noisy(self.outcomes[:, 1], self.reliability, self.x, self.outcomes[:, 0], weights)
        found = {SLOPE: slope, OWN: alone[1], NAIVE: alone[0], GAP: alone[0] - alone[1]}
        return found | {RANK: self._partial_rank(weights)}

    def _partial_rank(self, weights: Floats) -> Floats:
        both, with_gold, length_gold = (
            spearman(pairs, totals(pairs.cell, pairs.x.size, weights)) for pairs in self.ranked
        )
        # Gold of one level takes nothing out.
        with_gold, length_gold = (np.where(np.isnan(one), 0.0, one) for one in (with_gold, length_gold))
        left = np.sqrt((1 - with_gold**2) * (1 - length_gold**2))
        return ratio(both - with_gold * length_gold, left, left > 1e-9)


def _numbers(rated: Rated, found: dict[str, Estimate], reliability: float | None) -> Finding:
    slope = found[SLOPE]
    shown = rules_out(slope)
    told = f"{said(slope, signed=True)} points a doubling, given gold"
    details: dict[str, Any] = {} if reliability is None else {"reliability of the gold": reliability}
    if shown is None:
        verdict = f"{told}: {slope.note}"
    elif not shown:
        verdict = f"not shown to like length otherwise than people do: {told}"
    else:
        side = "long" if (slope.value or 0.0) > 0 else "short"
        verdict = f"likes {side} items more than people do: {told}"
        if reliability is None and may_be_noise(slope, found[OWN], found[GAP]):
            shown, verdict = None, f"{told}, but {NOISE}; give the gold's reliability"
            details["caution"] = NOISE
    return Finding(LENGTH_BIAS, shown, verdict, FrozenDict(found), rated.n, rated.left_out, FrozenDict(details))


def _names(rated: Rated, names: list[str], found: dict[str, Tested], alpha: float) -> Finding:
    given = {name: found[f"{name}: {SLOPE}"] for name in names}
    sure = [name for name, one in given.items() if one.adjusted is not None and one.adjusted <= alpha]
    unclear = [
        name
        for name in sure
        if may_be_noise(given[name].found, found[f"{name}: {OWN}"].found, found[f"{name}: {GAP}"].found)
    ]
    shown: bool | None = bool(set(sure) - set(unclear))
    told = ", ".join(f"{name} {said(given[name].found, signed=True)}" for name in sure)
    verdict = f"given gold, shares change per doubling of length: {told}"
    if all(one.adjusted is None for one in given.values()):
        shown, verdict = None, "no interval: nothing could be tested"
    elif not sure:
        verdict = "given gold, no name is shown to be given more or less often to long items"
    elif not shown:
        shown, verdict = None, f"{verdict}; but {NOISE}"
    measures = {f"share of {name} {SLOPE}": one.found for name, one in given.items()}
    details: dict[str, Any] = {
        "tests": {name: {"p": one.p, "adjusted": one.adjusted} for name, one in given.items()},
        "people's own": {name: found[f"{name}: {OWN}"].found.to_dict() for name in names},
    }
    details |= {"caution": {name: NOISE for name in unclear}} if unclear else {}
    return Finding(LENGTH_BIAS, shown, verdict, FrozenDict(measures), rated.n, rated.left_out, FrozenDict(details))


def _nothing(why: str, rated: Rated) -> Finding:
    return Finding(LENGTH_BIAS, None, why, FrozenDict(), rated.n, rated.left_out)


def _checked(length: float) -> float:
    if not is_number(plain(length)):
        raise InputError(f"{show(length)} is no length", place="lengths", cure="Give a number of characters or words.")
    if not np.isfinite(length) or length < 0:
        raise InputError(f"a length is {length}", place="lengths", cure="Give numbers from 0 up.")
    return float(length)


def item_lengths(corpus: Corpus) -> list[float] | None:
    """Return the words of each item; of a pair, the first one's over the second one's: what `length_bias` takes.

    Both of a pair count one word more than they have, as one of two answers may be empty.

    Returns:
        One number for each item; None for pairs of which it is not known which two fields are compared.
    """
    if not corpus.scale.comparative:
        return [float(len(item.text.split())) for item in corpus]
    pair = pair_fields(corpus.fields)
    if pair is None:
        return None
    return [(1 + len(item.fields[pair.a].split())) / (1 + len(item.fields[pair.b].split())) for item in corpus]
