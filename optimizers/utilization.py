"""Knows what share of items draws explain, and what share luck alone would; does not know where draws come from."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..data import Draw, Estimate, Label, Scale
from .acceptance import Acceptance

_RESAMPLES = 2_000
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LevelUtilization:
    """How the items of one gold level fared.

    Attributes:
        items: Items with this gold.
        accepted: Of them, with at least one match.
        draws: Draws made of them.
        hits: Of those, matching.
        luck: Expected share of these items that would have a match if golds were permuted over items.
    """

    items: int
    accepted: int
    draws: int
    hits: int
    luck: float


@dataclass(frozen=True)
class Utilization:
    """Share of items with at least one match within k draws, always beside its luck control.

    Attributes:
        items: Items drawn for.
        accepted: Items with a match among all their draws.
        draws: Draws made.
        unparsed: Of those, without a readable label.
        curve: k -> share of items with a match within k draws.
        luck: k -> the same share expected when the gold labels are permuted over items (the same draws, no link
            between item and label). A teacher whose curve is not above this explains nothing.
        by_level: Written gold label -> its part of the story.
        advantage: Mean over items of (hit rate - hit rate under permuted gold), with a 95 % bootstrap interval.
        estimator: How the curve was estimated.
    """

    items: int
    accepted: int
    draws: int
    unparsed: int
    curve: Mapping[int, float]
    luck: Mapping[int, float]
    by_level: Mapping[str, LevelUtilization]
    advantage: Estimate
    estimator: str

    @property
    def above_luck(self) -> bool:
        """Whether the teacher's hit rate is clearly above luck: the interval of `advantage` lies above 0."""
        return self.advantage.low is not None and self.advantage.low > 0

    @property
    def warning(self) -> str:
        """Empty, or one sentence that names a teacher that is not clearly above luck."""
        if self.above_luck:
            return ""
        last = max(self.curve, default=0)
        if not last:
            return "The teacher made no draw: there is nothing to learn from."
        return (
            f"The teacher is not clearly above luck: within {last} draws it matches {self.curve[last]:.0%} of the "
            f"items, and {self.luck[last]:.0%} when the labels are permuted. Its traces explain nothing; use a "
            "stronger model."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data, keyed as in report.json."""
        return {
            "items": self.items,
            "accepted": self.accepted,
            "draws": self.draws,
            "unparsed": self.unparsed,
            "utilization": {str(k): value for k, value in self.curve.items()},
            "luck": {str(k): value for k, value in self.luck.items()},
            "by_level": {name: vars(level) for name, level in self.by_level.items()},
            "advantage": self.advantage.to_dict(),
            "above_luck": self.above_luck,
            "estimator": self.estimator,
        }


def utilization(
    draws: Sequence[Sequence[Draw]],
    golds: Sequence[Label],
    scale: Scale,
    accept: Acceptance,
    *,
    samples: int,
    exhausted: bool,
    seed: int = 0,
) -> Utilization:
    """Measure how many items the draws explain, and how many they would by luck.

    Let h be an item's matching draws among its n. With exhausted draws the share within k is the unbiased
    1 - C(n-h, k) / C(n, k), averaged over items. Where drawing stopped early, it is the share of items whose first
    match came within k, which is exact for the draws made.

    The luck control scores the same draws against every other item's gold, weighted by how often that gold occurs
    among the other items: the exact expectation over permutations. Where drawing stopped early, what was not drawn is
    continued with fresh draws from the pooled first draws of all items (a stopped sequence goes on like a fresh one).

    Args:
        draws: Each item's draws, in their order.
        golds: Each item's human label.
        scale: The scale of both.
        accept: When a label matches.
        samples: The most draws an item may have.
        exhausted: Whether all items were meant to have all draws (stopping did not depend on their outcome).
        seed: Of the bootstrap over items.
    """
    drawn = list(dict.fromkeys(draw.label for item in draws for draw in item if draw.label is not None))
    levels = list(dict.fromkeys(golds))
    column = {gold: number for number, gold in enumerate(levels)}
    row = {label: number for number, label in enumerate(drawn)}
    matches = np.array([[accept.matches(label, gold, scale) for gold in levels] for label in drawn], dtype=bool)
    matches = np.vstack([matches.reshape(len(drawn), len(levels)), np.zeros((1, len(levels)), dtype=bool)])
    codes = [[len(drawn) if draw.label is None else row[draw.label] for draw in item] for item in draws]
    own = np.array([column[gold] for gold in golds], dtype=int)
    weights = _other_golds(own, len(levels))
    ks = sorted({k for k in (2**power for power in range(20)) if k < samples} | {samples})
    estimator = "first match; luck continued by pooled draws"
    unbiased = exhausted and len({len(item) for item in codes}) == 1 and bool(codes) and len(codes[0]) == samples
    made = np.array([len(item) for item in codes])
    hits = np.array([matches[item].sum(axis=0) if item else np.zeros(len(levels)) for item in codes], dtype=float)
    hits = hits.reshape(len(codes), len(levels))
    curve: dict[int, float] = {}
    luck: dict[int, float] = {}
    by_item_luck = np.zeros(len(codes))
    for k in ks if codes and made.sum() else []:
        if unbiased:
            within = _unbiased(hits, samples, k)
        else:
            within = _stopped(codes, matches, k)
        mine = within[np.arange(len(codes)), own]
        observed = mine if unbiased else _observed(codes, matches, own, k)
        by_item_luck = (within * weights).sum(axis=1)
        curve[k], luck[k] = float(observed.mean()), float(by_item_luck.mean())
    accepted = hits[np.arange(len(codes)), own] > 0
    unparsed = sum(code == len(drawn) for item in codes for code in item)
    return Utilization(
        items=len(codes),
        accepted=int(accepted.sum()),
        draws=int(made.sum()),
        unparsed=int(unparsed),
        curve=curve,
        luck=luck,
        by_level=_by_level(levels, own, accepted, made, hits, by_item_luck, scale),
        advantage=_advantage(codes, matches, own, weights, all_draws=unbiased, seed=seed),
        estimator="unbiased over all subsets of the draws" if unbiased else estimator,
    )


def _other_golds(own: npt.NDArray[np.int_], levels: int) -> _Floats:
    """Return for each item the distribution of gold over the *other* items, shape (items, levels)."""
    counts = np.bincount(own, minlength=levels).astype(float)
    others = np.tile(counts, (len(own), 1))
    others[np.arange(len(own)), own] -= 1
    return others / max(len(own) - 1, 1)


def _unbiased(hits: _Floats, n: int, k: int) -> _Floats:
    """Return 1 - C(n-h, k) / C(n, k) for each count h of hits among n draws."""
    table = np.array([1 - math.comb(n - h, k) / math.comb(n, k) for h in range(n + 1)])
    return table[hits.astype(int)]


def _observed(
    codes: Sequence[Sequence[int]], matches: npt.NDArray[np.bool_], own: npt.NDArray[np.int_], k: int
) -> _Floats:
    return np.array([float(matches[item[:k], gold].any()) for item, gold in zip(codes, own, strict=True)])


def _stopped(codes: Sequence[Sequence[int]], matches: npt.NDArray[np.bool_], k: int) -> _Floats:
    """Return P(match within k) of each item for each gold, continuing stopped draws with the pooled first draws."""
    firsts = [item[0] for item in codes if item]
    pooled = matches[firsts].mean(axis=0) if firsts else np.zeros(matches.shape[1])
    rows = []
    for item in codes:
        seen = matches[item[:k]].any(axis=0) if item else np.zeros(matches.shape[1], dtype=bool)
        rows.append(np.where(seen, 1.0, 1 - (1 - pooled) ** max(k - len(item), 0)))
    return np.array(rows)


def _by_level(
    levels: Sequence[Label],
    own: npt.NDArray[np.int_],
    accepted: npt.NDArray[np.bool_],
    made: npt.NDArray[np.int_],
    hits: _Floats,
    luck: _Floats,
    scale: Scale,
) -> dict[str, LevelUtilization]:
    found: dict[str, LevelUtilization] = {}
    for number in sorted(range(len(levels)), key=lambda number: scale.position(levels[number])):
        here = own == number
        found[scale.write(levels[number])] = LevelUtilization(
            items=int(here.sum()),
            accepted=int(accepted[here].sum()),
            draws=int(made[here].sum()),
            hits=int(hits[here, number].sum()),
            luck=float(luck[here].mean()),
        )
    return found


def _advantage(
    codes: Sequence[Sequence[int]],
    matches: npt.NDArray[np.bool_],
    own: npt.NDArray[np.int_],
    weights: _Floats,
    *,
    all_draws: bool,
    seed: int,
) -> Estimate:
    """Return the mean hit rate minus the one under permuted gold; from first draws where drawing stopped early."""
    used = [(number, item if all_draws else item[:1]) for number, item in enumerate(codes) if item]
    if not used:
        return Estimate(None, None, None, "no draws were made")
    gains = np.empty(len(used))
    for place, (number, item) in enumerate(used):
        rates = matches[item].mean(axis=0)
        gains[place] = rates[own[number]] - rates @ weights[number]
    if len(used) < 2:
        return Estimate(float(gains.mean()), None, None, "one item gives no interval")
    rng = np.random.default_rng(seed)
    means = np.array([gains[rng.integers(0, len(gains), len(gains))].mean() for _ in range(_RESAMPLES)])
    low, high = np.quantile(means, [0.025, 0.975])
    return Estimate(float(gains.mean()), float(low), float(high), "")
