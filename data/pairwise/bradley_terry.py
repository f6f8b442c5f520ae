"""Knows how verdicts on pairs of systems become a strength of each system; does not know who gave the verdicts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError
from ..frozen import FrozenDict
from ..jsonable import JsonableRecord
from ..scales import Label, Pairwise
from ..statistics import Bootstrap, Estimate, Floats, Units, distinct_rows, estimates
from .davidson import Design, fit_davidson
from .win_graph import win_graph

_PLACE = "bradley_terry"
_VERDICTS = Pairwise()
_COLUMNS = 16
"""Numbers that a step of the fit makes of each ordered pair."""


class Comparison(NamedTuple):
    """A verdict on two systems: ``A`` where the first is better, ``B``, ``tie``, or None for no readable answer."""

    a: str
    b: str
    verdict: Label | None


class Record(NamedTuple):
    """How often a system won, lost and tied."""

    won: int
    lost: int
    tied: int


@dataclass(frozen=True)
class BradleyTerry(JsonableRecord):
    """Strengths of systems that were compared in pairs.

    Attributes:
        strengths: Logarithm of each system's strength, strongest first; they add up to 0. Two systems whose strengths
            differ by d win against each other as ``exp(d) : 1``.
        wins: For each system and each other one, the expected share of wins, a tie for half a win, neither at home.
        home: What the first place adds to the log-odds of winning; None where it was not asked for.
        tie: Davidson's parameter: between equals a tie is this many times as likely as a win of the first; None where
            nothing tied.
        records: What each system's comparisons came to.
        n: Comparisons the strengths stand on.
        left_out: Comparisons without a verdict.
        groups: Units that were resampled: groups where given, else comparisons.
        prior: As given.
        resamples: Bootstrap resamples.
        seed: Seed of the bootstrap.
        level: Confidence level of the intervals.
        note: Why there are no strengths, or what some rest on; '' when there is nothing to say.
    """

    strengths: Mapping[str, Estimate]
    wins: Mapping[str, Mapping[str, Estimate]]
    home: Estimate | None
    tie: Estimate | None
    records: Mapping[str, Record]
    n: int
    left_out: int
    groups: int
    prior: float
    resamples: int
    seed: int
    level: float
    note: str = ""

    def __str__(self) -> str:
        """Return one line on what the strengths stand on, then one line a system."""
        width = max(map(len, self.records), default=0)
        units = "" if self.groups == self.n else f" in {self.groups:,} groups"
        lines = [f"strengths by {self.n:,} comparisons{units} ({self.level:.0%} bootstrap intervals)"]
        for name, found in self.strengths.items():
            record = self.records[name]
            lines.append(f"  {name:<{width}}  {found}  won {record.won}, lost {record.lost}, tied {record.tied}")
        lines += [f"  {name}: {found}" for name, found in (("home", self.home), ("tie", self.tie)) if found is not None]
        return "\n".join([*lines, *([f"  ({self.note})"] if self.note else [])])


def bradley_terry(
    comparisons: Sequence[Comparison | tuple[str, str, Label | None]],
    *,
    home: bool = False,
    prior: float = 0.1,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> BradleyTerry:
    """Fit the strengths that make the verdicts likeliest: Bradley-Terry, with Davidson's ties where something tied.

    Verdicts alone need not settle finite strengths: a system that never lost is ever stronger, and one set of systems
    that never lost to the others is too (L. R. Ford 1957, Solution of a ranking problem from binary comparisons,
    American Mathematical Monthly 64). So each system is given ``prior`` comparisons beforehand, half won and half
    lost, against one of average strength. It keeps every strength finite, moves one with a hundred comparisons by about
    a thousandth, and the note says which strengths rest on it. Where no comparison links two sets of systems, nothing
    is said of either, and there are no strengths at all.

    Args:
        comparisons: (a, b, verdict) each, a shown first.
        home: Whether to fit an effect of being shown first.
        prior: Comparisons given beforehand; 0 for the plain maximum of the likelihood, or none where there is none.
        groups: Group of each comparison (the instruction, say); whole groups are resampled. None resamples comparisons.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Of the bootstrap; the result does not depend on the order of the comparisons.
        level: Confidence level of the intervals.

    Raises:
        InputError: For a verdict that is none, a system without a name or compared with itself, lengths that differ,
            or a prior that is no number from 0 on.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    if not np.isfinite(prior) or prior < 0:
        raise InputError(f"prior is {prior}", place=_PLACE, cure="Give a number from 0 on; 0.1 is usual.")
    if groups is not None and len(groups) != len(comparisons):
        what = f"{len(groups)} groups for {len(comparisons)} comparisons"
        raise InputError(what, place=_PLACE, cure="Give one for each comparison.")
    given = [_checked(number, one) for number, one in enumerate(comparisons)]
    kept = [number for number, one in enumerate(given) if one.verdict is not None]
    names = sorted({name for number in kept for name in given[number][:2]})
    index = {name: place for place, name in enumerate(names)}
    outcomes = {"A": 0, "B": 1, "tie": 2}
    rows = [[index[given[i].a], index[given[i].b], outcomes[str(given[i].verdict)]] for i in kept]
    cells = distinct_rows(np.array(rows, dtype=np.int64).reshape(-1, 3))
    a, b, outcome = cells.rows.T
    ties = bool((outcome == 2).any())
    design = Design(a, b, outcome, len(names), home, ties, float(prior))
    units = Units.of(cells.cell, len(cells.rows), None if groups is None else [groups[i] for i in kept])
    stood = win_graph(design, names)
    problem, note = stood.unlinked, ""
    if stood.open and prior > 0:
        note = (
            f"{stood.open}: what the verdicts leave open rests on the prior of {prior:g} comparisons, without intervals"
        )
    elif stood.open:
        problem = f"no finite strengths without a prior: {stood.open}"
    how = replace(bootstrap, resamples=0) if problem or note else bootstrap
    found = _estimated(design, units, problem, how)
    if note:
        found = {name: replace(one, note="no interval: it rests on the prior") for name, one in found.items()}
    strengths = {name: found[str(place)] for place, name in enumerate(names)}
    order = sorted(names, key=lambda name: _last(strengths[name]))
    return BradleyTerry(
        strengths=FrozenDict({name: strengths[name] for name in order}),
        wins=FrozenDict(
            {
                name: FrozenDict({other: found[f"{index[name]} {index[other]}"] for other in order if other != name})
                for name in order
            }
        ),
        home=found.get("home"),
        tie=found.get("tie"),
        records=FrozenDict(_records([given[i] for i in kept], names)),
        n=len(kept),
        left_out=len(given) - len(kept),
        groups=units.count,
        prior=float(prior),
        **vars(bootstrap),
        note=problem if problem else note,
    )


def _estimated(design: Design, units: Units, problem: str, bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Estimate strengths (by place), shares of wins (by two places), ``home`` and ``tie`` on the same resamples."""
    size = design.systems
    first, second = (side[~np.eye(size, dtype=bool)] for side in np.indices((size, size)))
    # From the fit of all comparisons every resample's is a few steps away.
    start = None if problem else fit_davidson(design, units.observed)[:, 0]

    def statistics(weights: Floats) -> dict[str, Floats]:
        if start is None or not np.isfinite(start).all():
            found = np.full((design.parameters, weights.shape[1]), np.nan)
        else:
            # Equal systems differ by rounding otherwise, and would have an order.
            found = np.round(fit_davidson(design, weights, start), 12) + 0.0
        chances = replace(design, home=False).chances(_without_home(design, found), first, second)
        shares = chances[0] + chances[2] / 2
        named = {str(place): found[place] for place in range(size)}
        named |= {f"{one} {other}": share for one, other, share in zip(first, second, shares, strict=True)}
        named |= {"home": found[size]} if design.home else {}
        return {**named, **({"tie": np.exp(found[-1])} if design.ties else {})}

    return estimates(
        units,
        statistics,
        bootstrap,
        why=lambda name: problem if problem else "the likelihood has no maximum in reach",
        rows=_COLUMNS * size**2,
    )


def _without_home(design: Design, found: Floats) -> Floats:
    return np.delete(found, design.systems, axis=0) if design.home else found


def _checked(number: int, given: Sequence[Any]) -> Comparison:
    """Return a comparison after checking its parts."""
    place = f"comparison {number}"
    if len(given) != 3:
        raise InputError(f"it has {len(given)} parts", place=place, cure="Give (a, b, verdict).")
    one = Comparison(*given)
    if not all(isinstance(name, str) and name for name in (one.a, one.b)):
        raise InputError("a system has no name", place=place, cure="Name both systems.")
    if one.a == one.b:
        raise InputError(f"{one.a!r} is compared with itself", place=place, cure="Leave it out.")
    if one.verdict is not None:
        _VERDICTS.check(one.verdict, place)
    return one


def _records(comparisons: Sequence[Comparison], names: Sequence[str]) -> dict[str, Record]:
    counts = Counter((one.a, {"A": 0, "B": 1, "tie": 2}[str(one.verdict)]) for one in comparisons)
    counts.update((one.b, {"A": 1, "B": 0, "tie": 2}[str(one.verdict)]) for one in comparisons)
    return {name: Record(*(counts[name, kind] for kind in range(3))) for name in names}


def _last(strength: Estimate) -> float:
    """Return what sorts the strongest first, and keeps the order of names between equals, up to rounding."""
    return 0.0 if strength.value is None else -round(strength.value, 9)
