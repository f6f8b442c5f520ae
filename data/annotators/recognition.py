"""Knows how often people recognised their own reasoning, and how far they agree which it was; knows no page or file."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from ..metrics import gathered
from ..statistics import Bootstrap, Estimate, Floats, estimates

NO_PAIRS = "no two people chose about the same item from the same traces"


@dataclass(frozen=True)
class Seen:
    """What one person chose among the traces of one item.

    Attributes:
        person: Who.
        item: The item.
        shown: What there was to choose from, in any order; "none of these" could be chosen as well.
        chosen: Which of it; '' for none.
        stood: Which of it stood for the item at that time; '' where none did.
    """

    person: str
    item: str
    shown: frozenset[str]
    chosen: str
    stood: str = ""


@dataclass(frozen=True)
class Recognition:
    """How often people recognised their own reasoning.

    Attributes:
        choices: How many choices there are.
        items: About how many items.
        share: Share of the choices that are one of the traces; resampled by item.
        by_person: The same of each person alone, in the order of their names.
        stood: Of the choices that are a trace, where one of several stood for the item: the share that is the one that
            stood.
        stood_by_chance: What that share would be, had people picked blindly among the traces.
        pairs: How many pairs of people chose about one item from the same traces.
        agreement: The share of these pairs that made the same choice, none of them being a choice as well.
        by_chance: What that share would be, had everybody chosen blindly.
    """

    choices: int
    items: int
    share: Estimate
    by_person: dict[str, Estimate]
    stood: Estimate
    stood_by_chance: float | None
    pairs: int
    agreement: Estimate
    by_chance: float | None


def recognition(seen: Sequence[Seen], *, resamples: int = 2000, seed: int = 0, level: float = 0.95) -> Recognition:
    """Measure how often people recognised their own reasoning, with intervals from resampling items.

    Args:
        seen: Each person's choice about each item, at most one.
        resamples: Of the bootstrap; 0 for no intervals.
        seed: Of the bootstrap's own generator.
        level: Confidence level.

    Raises:
        InputError: For a negative number of resamples, or a level that is not between 0 and 1.
    """
    bootstrap = Bootstrap(resamples, seed, level)

    def share(flags: Sequence[bool], items: Sequence[str], why: str) -> Estimate:
        return _share(flags, items, bootstrap, why=why)

    persons: dict[str, list[Seen]] = defaultdict(list)
    sharing: dict[tuple[str, frozenset[str]], list[Seen]] = defaultdict(list)
    for one in sorted(seen, key=lambda one: (one.person, one.item)):
        persons[one.person].append(one)
        sharing[one.item, one.shown].append(one)
    pairs = [pair for together in sharing.values() for pair in combinations(together, 2)]
    picked = [one for one in seen if one.chosen and one.stood and len(one.shown) > 1]
    return Recognition(
        choices=len(seen),
        items=len({one.item for one in seen}),
        share=share([bool(one.chosen) for one in seen], [one.item for one in seen], "nobody has chosen yet"),
        by_person={
            name: share([bool(one.chosen) for one in own], [one.item for one in own], "nothing was chosen")
            for name, own in persons.items()
        },
        stood=share(
            [one.chosen == one.stood for one in picked],
            [one.item for one in picked],
            "no trace was picked of several of which one stood",
        ),
        stood_by_chance=_mean([1 / len(one.shown) for one in picked]),
        pairs=len(pairs),
        agreement=share([a.chosen == b.chosen for a, b in pairs], [a.item for a, _ in pairs], NO_PAIRS),
        by_chance=_mean([1 / (len(a.shown) + 1) for a, _ in pairs]),
    )


def _share(flags: Sequence[bool], items: Sequence[str], bootstrap: Bootstrap, why: str) -> Estimate:
    if not flags:
        return Estimate(None, None, None, why)
    # An item's choices are a group: what is said of one item twice is not said independently.
    groups = list(items) if len(set(items)) < len(items) else None
    cells = gathered([np.array(flags, dtype=float)], groups)
    (column,) = cells.columns

    def statistics(weights: Floats) -> dict[str, Floats]:
        return {"share": column @ weights / weights.sum(axis=0)}

    return estimates(cells.units, statistics, bootstrap)["share"]


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
