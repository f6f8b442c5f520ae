"""Knows what share of items draws explain, and what share luck alone would; does not know where draws come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...data import Draw, Estimate, InputError, Label, Scale
from ..sampling import Acceptance, Target, can_match
from .disagreement import DISAGREEMENTS, UNKNOWN
from .luck_control import LuckScoring, WholeNumbers, _Floats

UNBIASED = "unbiased over all subsets of the draws"
STOPPED = "first match; luck continued by pooled draws"


@dataclass(frozen=True)
class LevelUtilization:
    """How the items of one gold level, or of one kind of disagreement between their annotators, fared.

    Attributes:
        items: Items of this group.
        accepted: Of them, with at least one match.
        draws: Draws made of them.
        hits: Of those, matching.
        luck: Expected share of these items that would have a match if targets were permuted over all items.
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
        by_level: Written gold label (several, where any of them may be reached, joined by ``|``) -> its part of the
            story.
        advantage: Mean over items of (hit rate - hit rate under permuted gold), with a 95 % bootstrap interval.
        estimator: How the curve was estimated.
        repaired: Draws whose label was forced out of a reply that had none. They match nothing above.
        repaired_hits: Of those, with a label that would have matched.
        by_disagreement: How much the annotators disagree (see `disagreement`) -> its part of the story.
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
    repaired: int = 0
    repaired_hits: int = 0
    by_disagreement: Mapping[str, LevelUtilization] = field(default_factory=dict)

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
            "repaired": self.repaired,
            "repaired_hits": self.repaired_hits,
            "by_disagreement": {name: vars(group) for name, group in self.by_disagreement.items()},
        }


def utilization(
    draws: Sequence[Sequence[Draw]],
    targets: Sequence[Target],
    scale: Scale,
    accept: Acceptance,
    *,
    samples: int,
    exhausted: bool,
    disagreements: Sequence[str] | None = None,
    unselected: Sequence[int] | None = None,
    seed: int = 0,
) -> Utilization:
    """Measure how many items the draws explain, and how many they would by luck.

    With exhausted draws the share within k is unbiased (see `Scoring.unbiased`). Where drawing stopped early, it is the
    share of items whose first match came within k, which is exact for the draws made (see `Scoring.stopped`).

    The luck control scores the same draws against every other item's target, weighted by how often it occurs among the
    other items: the exact expectation over permutations. Repaired draws and draws without a rationale are draws without
    a match, for the curve, the luck, the levels and the advantage alike: a label forced out of noise matches by luck,
    and a bare label explains nothing. Repaired draws are counted apart.

    Args:
        draws: Each item's blind draws, in their order.
        targets: What each item's draws had to reach; see `Acceptance.target`.
        scale: The scale of both.
        accept: When a label matches.
        samples: The most draws an item may have.
        exhausted: Whether all items were meant to have all draws (stopping did not depend on their outcome).
        disagreements: How much each item's annotators disagree; see `disagreement`. None: nothing is known of them.
        unselected: How many of each item's draws, the first ones, were made whatever they said (its first wave): they
            alone tell the advantage where drawing stopped early. None: the first.
        seed: Of the bootstrap over items.

    Raises:
        InputError: If they do not have one entry for each item.
    """
    for name, given in {"targets": targets, "disagreements": disagreements, "unselected": unselected}.items():
        if given is not None and len(given) != len(draws):
            what = f"{len(draws)} items have draws, {len(given)} have {name}"
            raise InputError(what, place="utilization", cure=f"Give {name} for each item, in the order of the draws.")
    scoring = _scoring(draws, targets, scale, accept)
    unbiased = bool(draws) and exhausted and all(len(item) == samples for item in draws)
    ks = sorted({k for k in (2**power for power in range(20)) if k < samples} | {samples})
    first = np.ones(len(draws), dtype=int) if unselected is None else np.array(unselected, dtype=int)
    hits = scoring.hits
    curve: dict[int, float] = {}
    luck: dict[int, float] = {}
    by_item = np.zeros(len(draws))
    for k in ks if scoring.made.sum() else []:
        shares = scoring.unbiased(k) if unbiased else scoring.stopped(k)
        curve[k], luck[k] = float(shares.own.mean()), float(shares.luck.mean())
        by_item = shares.luck
    names = {target: _written(target, scale) for target in dict.fromkeys(targets)}
    ordered = sorted(names, key=lambda target: [scale.position(label) for label in _labels(target)])
    said = [UNKNOWN] * len(draws) if disagreements is None else disagreements
    # What is not among the known answers is the caller's own grouping, and comes after them as it came.
    listed = dict.fromkeys([*(name for name in DISAGREEMENTS if name in said), *said])
    repaired = [
        draw.label is not None and accept.matches(draw.label, target, scale)
        for item, target in zip(draws, targets, strict=True)
        for draw in item
        if draw.repaired
    ]
    return Utilization(
        items=len(draws),
        accepted=int((hits > 0).sum()),
        draws=int(scoring.made.sum()),
        unparsed=sum(draw.label is None for item in draws for draw in item),
        curve=curve,
        luck=luck,
        by_level=_grouped(
            [names[target] for target in targets], [names[target] for target in ordered], scoring.made, hits, by_item
        ),
        advantage=scoring.advantage(scoring.made if unbiased else np.minimum(scoring.made, first), seed=seed),
        estimator=UNBIASED if unbiased else STOPPED,
        repaired=len(repaired),
        repaired_hits=sum(repaired),
        by_disagreement=_grouped(said, list(listed), scoring.made, hits, by_item),
    )


def _scoring(
    draws: Sequence[Sequence[Draw]], targets: Sequence[Target], scale: Scale, accept: Acceptance
) -> LuckScoring:
    labels = list(dict.fromkeys(draw.label for item in draws for draw in item if draw.label is not None))
    different = list(dict.fromkeys(targets))
    row = {label: number for number, label in enumerate(labels)}
    column = {target: number for number, target in enumerate(different)}
    nothing = len(labels)
    matches = np.zeros((len(labels) + 1, len(different)), dtype=bool)
    for number, label in enumerate(labels):
        matches[number] = [accept.matches(label, target, scale) for target in different]
    made = np.array([len(item) for item in draws], dtype=int)
    codes = np.full((len(draws), max(made, default=0)), nothing)
    for place, item in enumerate(draws):
        codes[place, : len(item)] = [
            row[draw.label] if can_match(draw) and draw.label is not None else nothing for draw in item
        ]
    return LuckScoring(codes, made, matches, np.array([column[target] for target in targets], dtype=int))


def _labels(target: Target) -> tuple[Label, ...]:
    return target if isinstance(target, tuple) else (target,)


def _written(target: Target, scale: Scale) -> str:
    return "|".join(scale.write(label) for label in _labels(target))


def _grouped(
    names: Sequence[str], order: Sequence[str], made: WholeNumbers, hits: WholeNumbers, luck: _Floats
) -> dict[str, LevelUtilization]:
    """Return how the items of each name fared, in the given order of names."""
    places: dict[str, list[int]] = {name: [] for name in order}
    for place, name in enumerate(names):
        places[name].append(place)
    return {
        name: LevelUtilization(
            items=len(here),
            accepted=int((hits[here] > 0).sum()),
            draws=int(made[here].sum()),
            hits=int(hits[here].sum()),
            luck=float(luck[here].mean()),
        )
        for name, here in places.items()
    }
