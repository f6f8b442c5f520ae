"""Knows how reliable a consensus of people is, and what a rater that knew the truth could score against it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..corpus import rule_for
from ..errors import InputError, SetupError
from ..frozen import FrozenDict
from ..jsonable import JsonableRecord
from ..metrics import Labels, agreement, distance_of, given_labels, icc1, icc3, krippendorff, packed, rectangle
from ..scales import Scale
from ..statistics import Bootstrap, Codes, Estimate, Floats, Units, distinct_rows, estimates
from .simulated_annotators import People

SIMULATED = 10_000
"""Items simulated for the ceilings, whose own standard error is about 0.005 then."""

_CEILING = "of a simulated rater that knows the truth; the interval is that of the reliability"
_NO_NOISE = "no item has two labels: one label an item says nothing about how far a second would differ"
_UNRELATED = "labels of one item are no more alike than any: there is no truth in them that a rater could know"


@dataclass(frozen=True)
class GoldReliability(JsonableRecord):
    """How reliable gold labels are, and the ceiling that sets.

    Attributes:
        single: Reliability of one person's label: the share of the variance of labels that is due to items. Ordinal and
            interval scales: ICC(3,1) where every item has a label of each of the same named people, else ICC(1,1), in
            which a person's leniency counts as noise. Names: Krippendorff's nominal alpha.
        gold: Reliability of the consensus of as many people as there are, by the formula of Spearman and Brown.
        correlation: The most that anything can correlate with that gold: the root of its reliability.
        ceilings: What a rater that knew the truth would score against gold, by metric: see `gold_reliability`.
        coefficient: Which one ``single`` is: "icc1", "icc3" or "alpha".
        people: Labels an item, as the harmonic mean: what the noise of gold depends on.
        rule: How labels become gold: "median", "mean" or "majority".
        n: Items with a label.
        judged: Items with two labels or more, from which the noise is known.
        left_out: Items without a label.
        level: Confidence level of the intervals.
        seed: Seed of bootstrap and simulation.
    """

    single: Estimate
    gold: Estimate
    correlation: Estimate
    ceilings: Mapping[str, Estimate]
    coefficient: str
    people: float | None
    rule: str
    n: int
    judged: int
    left_out: int
    level: float
    seed: int

    def of(self, people: float) -> Estimate:
        """Return the reliability of the consensus of another number of people, after Spearman and Brown.

        Raises:
            InputError: For less than one person.
        """
        if not people >= 1:
            raise InputError(f"{people} people", cure="Give 1 or more.")
        ends = [None if one is None else _stepped(one, people) for one in self._ends()]
        return Estimate(*ends, note=self.single.note)

    def people_for(self, reliability: float) -> float | None:
        """Return how many labels an item would give a reliability; None where no number would.

        Raises:
            InputError: For a reliability that is not between 0 and 1.
        """
        if not 0 < reliability < 1:
            raise InputError(f"a reliability of {reliability}", cure="Give a number between 0 and 1, e.g. 0.9.")
        one = self.single.value
        if one is None or one <= 0:
            return None
        return 1.0 if one >= reliability else reliability * (1 - one) / (one * (1 - reliability))

    def _ends(self) -> tuple[float | None, float | None, float | None]:
        return self.single.value, self.single.low, self.single.high

    def __str__(self) -> str:
        """Return what the figures stand on, then one line a figure."""
        people = "" if self.people is None else f", {self.people:.3g} labels each (harmonic mean)"
        rows = {
            f"one label ({self.coefficient})": self.single,
            f"gold ({self.rule})": self.gold,
            "most it can correlate": self.correlation,
            **{f"ceiling of {name}": one for name, one in self.ceilings.items()},
        }
        width = max(map(len, rows))
        lines = [f"reliability of gold on {self.n:,} items{people} ({self.level:.0%} intervals)"]
        return "\n".join([*lines, *(f"  {name:<{width}}  {found}" for name, found in rows.items())])


def gold_reliability(
    labels: Sequence[Labels],
    scale: Scale,
    *,
    rule: str = "auto",
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> GoldReliability:
    """Say how reliable the consensus of people is, and what a rater that knew the truth could score against it.

    A label is taken as the item's truth and noise that is independent of it and of other people's. From r, the
    reliability of one label, that of k follows as ``k r / (1 + (k - 1) r)`` (C. Spearman 1910, W. Brown 1910); where
    items have different numbers of labels, k is their harmonic mean, as the noise of a mean is ``1 / k`` of one
    label's. No rater can correlate with gold by more than the root of gold's reliability (attenuation, C. Spearman
    1904). Both are about means of values, on names about the share of people who chose each. People who err alike, and
    items that were dropped because people disagreed on them, make gold look more reliable than it is.

    ``ceilings`` are about the gold that ``rule`` makes, in every metric of the scale but bias. They cannot be read off
    the reliability without a model, so items and people are simulated that have the same shares of labels, numbers of
    people and reliability (see `simulated_annotators` for the models), and a rater that always gives the truth: what
    endlessly many such people would agree on. Items whose simulated people tie have no gold and are left out. The
    interval of a ceiling is what it is at both ends of the interval of the reliability.

    Args:
        labels: For each item a mapping from annotator to label, or a list of labels; None is a missing label. Labels in
            a list are anybody's: their position says nothing.
        scale: The scale of the labels.
        rule: How labels become gold, see `consensus`; Dawid-Skene has no ceiling here.
        groups: Group of each item; whole groups are resampled, and items whose group is None one by one. None resamples
            items.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Seed of bootstrap and simulation; results do not depend on the order of the items.
        level: Confidence level of the intervals.

    Raises:
        InputError: For a label that is not on the scale, one group too few or too many, or an unknown rule.
        SetupError: For a rule that does not fit the scale, or Dawid-Skene.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    rule = rule_for(scale, rule)
    if rule == "dawid_skene":
        raise SetupError("the reliability of a Dawid-Skene consensus is not known", cure='Use rule="majority".')
    given = given_labels(labels, scale, groups).items
    kept = [place for place, item in enumerate(given) if item]
    items = [given[place] for place in kept]
    codes, values = packed(items)
    # Only names make two items' labels those of the same people.
    named = all(isinstance(labels[place], Mapping) for place in kept)
    table = rectangle(items) if named and scale.ordered else None
    if table is not None and table.shape[1] >= 2:
        coefficient, codes = "icc3", np.searchsorted(values, table)
    else:
        coefficient = "icc1" if scale.ordered else "alpha"
    rows, cell = distinct_rows(codes)
    sizes = (rows >= 0).sum(axis=1).astype(float)

    def statistics(weights: Floats) -> dict[str, Floats]:
        one = _single(coefficient, rows, values, weights, scale)
        people = weights.sum(axis=0) / np.maximum((1 / sizes) @ weights, 1e-300)
        gold = _stepped(one, people)
        return {"single": one, "gold": gold, "correlation": np.sqrt(gold)}

    units = Units.of(cell, len(rows), None if groups is None else [groups[place] for place in kept])
    counts = np.sort((codes >= 0).sum(axis=1))
    judged = int((counts >= 2).sum())
    why = _why(judged, values)
    found = estimates(units, statistics, bootstrap, why=lambda _: why, rows=values.size)
    if 0 < judged < len(items):
        said = f"{len(items) - judged} items with one label are taken to be as noisy as the others"
        found = {name: one.remark(said) if one.value is not None else one for name, one in found.items()}
    shares = np.bincount(codes[codes >= 0], minlength=values.size) / max(int((codes >= 0).sum()), 1)
    return GoldReliability(
        single=found["single"],
        gold=found["gold"],
        correlation=found["correlation"],
        ceilings=FrozenDict(_ceilings(People(scale, rule, values, shares), found["single"], counts, seed)),
        coefficient=coefficient,
        people=float(counts.size / (1 / counts).sum()) if counts.size else None,
        rule=rule,
        n=len(items),
        judged=judged,
        left_out=len(labels) - len(items),
        level=float(level),
        seed=seed,
    )


def _single(coefficient: str, rows: Codes, values: Floats, weights: Floats, scale: Scale) -> Floats:
    if coefficient == "icc3":
        return icc3(values[rows], weights).single
    if coefficient == "icc1":
        return icc1(rows, values, weights)
    return krippendorff(rows, values, distance_of(scale), weights)


def _stepped(single: Any, people: Any) -> Any:
    """Step a reliability up from one label to several; below 0 there is nothing to step up."""
    single = np.maximum(single, 0.0)
    found = people * single / (1 + (people - 1) * single)
    return found if np.ndim(found) else float(found)


def _ceilings(people: People, single: Estimate, counts: Codes, seed: int) -> dict[str, Estimate]:
    """Simulate the ceilings at the reliability there is and at both ends of its interval."""
    if single.value is None:
        why, ends = single.note, []
    else:
        why, ends = _UNRELATED, [single.value, single.low, single.high] if single.value > 0 else []
    if not ends:
        names = agreement([], [], people.scale, resamples=0).metrics
        return {name: Estimate(None, None, None, why) for name in names if name != "bias"}
    many = counts[np.arange(SIMULATED) * counts.size // SIMULATED]
    scored = [{} if end is None else _scores(people, min(max(end, 1e-3), 1.0), many, seed) for end in ends]
    found = {}
    for name, value in scored[0].items():
        around = [score for one in scored[1:] if (score := one.get(name)) is not None]
        if value is None:
            found[name] = Estimate(None, None, None, "undefined in the simulation: the labels hardly vary")
        elif len(around) < 2:
            found[name] = Estimate(value, None, None, f"{_CEILING}, which has none")
        else:
            # The simulations' own noise must not put the value outside.
            found[name] = Estimate(value, min(value, *around), max(value, *around), _CEILING)
    return found


def _scores(people: People, reliability: float, counts: Codes, seed: int) -> dict[str, float | None]:
    truth, gold = people.simulate(reliability, counts, seed)
    decided = [(one, other) for one, other in zip(truth, gold, strict=True) if other is not None]
    found = agreement([one for one, _ in decided], [other for _, other in decided], people.scale, resamples=0)
    return {name: one.value for name, one in found.metrics.items() if name != "bias"}


def _why(judged: int, values: Floats) -> str:
    if judged == 0:
        return _NO_NOISE
    if values.size < 2:
        return "every label is the same level: nothing tells agreement from chance"
    return "too few items have two labels" if judged < 2 else "the labels do not vary between items"
