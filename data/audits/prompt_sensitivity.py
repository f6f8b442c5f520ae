"""Knows whether other words for the same task change what a rater says, beyond its own noise; knows no prompts."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..frozen import FrozenDict
from ..metrics import Distance, Numbers, check_counts, distance_of, krippendorff, numbers_of
from ..scales import Label, Scale
from ..statistics import Bootstrap, Finding, Floats, Tested, Units, coded, distinct_rows, ratio, said, tested
from .repeated_ratings import padded, read_repeats, unlike_shares

PROMPT_SENSITIVITY = "sensitivity"


def sensitivity(
    variants: Mapping[str, Sequence[Label | None]],
    gold: Sequence[Label] | None,
    scale: Scale,
    *,
    noise: float | None = None,
    repeats: Sequence[Sequence[Label | None]] | None = None,
    groups: Sequence[str | None] | None = None,
    fill: Label | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Finding:
    """Compare what a rater says under several templates or paraphrases with what it says as deployed.

    A rater that flips by itself gives other labels under another template even if the template does not matter: as many
    as two of its ratings of one item differ. So the share of labels that change is compared with the flip rate, which
    ``repeats`` (ratings of the deployed variant; resampled together with the variants) or ``noise`` (taken as known
    exactly; 0 for a rater that always answers alike) gives. With neither, changes of labels prove nothing, and only a
    change of agreement with gold can show that the template matters; without gold labels nothing can, then.

    Measures for each variant: ``NAME: labels changed``, ``NAME: beyond noise`` (less the flip rate), ``NAME: alpha with
    deployed``, ``NAME: change of alpha with gold`` (on the items readable in both); then ``flip rate`` and ``worst
    change``, the most negative of the changes of alpha; those of agreement with gold only where gold is given. The
    worst of several was picked for being bad: expect it to be less bad on other items. All "beyond noise" and "change
    of alpha" make one family, corrected by Holm; ``shown`` says whether any p stays at or below ``1 - level``, of
    labels changed beyond noise or of alpha changed either way.

    Args:
        variants: Labels by variant, the deployed one first; None where an answer was unreadable.
        gold: The gold labels, in the same order; None where there are none.
        scale: The scale of all.
        noise: The rater's own flip rate, from 0 to 1 (``consistency(...).measures["flip rate"]``).
        repeats: For each item several ratings by the deployed variant, instead of ``noise``.
        groups: Group of each item; whole groups are resampled. None resamples items.
        fill: The label that stands for an unreadable answer; None leaves it out.
        resamples: Bootstrap resamples; 0 for no intervals and no tests.
        seed: Seed of the bootstrap; results do not depend on the order of the items.
        level: Confidence level.

    Raises:
        InputError: For fewer than two variants, lengths that differ, a label that is not on the scale, a noise that is
            no chance, or both noise and repeats.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    names = list(variants)
    if len(names) < 2:
        raise InputError(f"{len(names)} variants", place="variants", cure="Give the deployed one first, then others.")
    if noise is not None and repeats is not None:
        raise InputError("both noise and repeats are given", cure="Give one of them.")
    if noise is not None and not 0 <= noise <= 1:
        raise InputError(f"noise is {noise}", place="noise", cure="Give the rater's flip rate, a chance from 0 to 1.")
    n, what = (len(variants[names[0]]), f"labels of {names[0]}") if gold is None else (len(gold), "gold labels")
    check_counts(n, what, groups=groups, repeats=repeats)
    for name, labels in variants.items():
        check_counts(n, what, **{f"labels of {name}": labels})
    number = Numbers(scale)
    columns = [numbers_of(labels, number, f"labels of {name}", fill) for name, labels in variants.items()]
    if gold is not None:
        columns.append(numbers_of(gold, number, "gold", gaps=False))
    own = np.full(n, np.nan)
    if repeats is not None:
        own = unlike_shares(padded(read_repeats(repeats, scale)))
    cells = _Cells(columns, own, scale, noise, names, groups)
    family = [f"{name}: {what}" for name in names[1:] for what in cells.tested]
    found = tested(
        cells.units,
        cells.statistics,
        family,
        bootstrap,
        why=lambda name: "labels do not vary, or too few items have them",
        rows=cells.values.size,
    )
    unread = {name: sum(label is None for label in labels) for name, labels in variants.items()}
    both = {name: cells.comparable(place) for place, name in enumerate(names) if place}
    some = cells.some
    changes = {name: found[f"{name}: change of alpha with gold"].found.value for name in names[1:] if gold is not None}
    known = [(change, name) for name, change in changes.items() if change is not None]
    worst = min(known)[1] if known else None
    details: dict[str, Any] = {
        "deployed": names[0],
        "worst": worst,
        "items compared": both,
        "unreadable": unread,
        "noise given": noise,
        "tests": {name: {"p": found[name].p, "adjusted": found[name].adjusted} for name in family},
    }
    lost = n - some
    left_out = FrozenDict({"unreadable as deployed or in all others": lost} if lost else {})
    shown, verdict = _verdict(found, names[1:], cells.knows_noise, 1 - level)
    measures = FrozenDict({name: one.found for name, one in found.items()})
    return Finding(PROMPT_SENSITIVITY, shown if some else None, verdict, measures, some, left_out, FrozenDict(details))


class _Cells:
    """Variants, gold and the items' own flips as cells."""

    def __init__(
        self,
        columns: list[Floats],
        own: Floats,
        scale: Scale,
        noise: float | None,
        names: list[str],
        groups: Sequence[str | None] | None,
    ) -> None:
        # The flips are coded by themselves: alpha has to see the labels' values only.
        self.values, codes = coded(np.column_stack(columns))
        shares, flips = coded(own[:, None])
        rows, self._cell = distinct_rows(np.hstack([codes, flips]))
        self.units = Units.of(self._cell, len(rows), groups)
        self.rows, self.flips = rows[:, :-1], np.append(shares, np.nan)[rows[:, -1]]
        self.noise, self.names = noise, names
        self.distance: Distance = distance_of(scale)
        self.knows_noise = noise is not None or bool(np.isfinite(self.flips).any())
        self.golden = len(columns) > len(names)
        self.tested = ["beyond noise"] * self.knows_noise + ["change of alpha with gold"] * self.golden

    @property
    def some(self) -> int:
        """How many items can be compared at all."""
        return int(((self.rows[:, 0] >= 0) & (self.rows[:, 1 : len(self.names)] >= 0).any(axis=1))[self._cell].sum())

    def comparable(self, place: int) -> int:
        """How many items have a label both as deployed and from a variant."""
        return int(((self.rows[:, 0] >= 0) & (self.rows[:, place] >= 0))[self._cell].sum())

    def statistics(self, weights: Floats) -> dict[str, Floats]:
        found: dict[str, Floats] = {}
        flip_rate = np.full(weights.shape[1], np.nan if self.noise is None else self.noise)
        there = np.isfinite(self.flips)
        if there.any():
            size = there.astype(float) @ weights
            flip_rate = ratio(np.where(there, self.flips, 0.0) @ weights, size, size > 0)
        deployed = self.rows[:, 0]
        losses = []
        for place, name in enumerate(self.names):
            if not place:
                continue
            other = self.rows[:, place]
            both = (deployed >= 0) & (other >= 0)
            size = both.astype(float) @ weights
            changed = ratio((both & (deployed != other)).astype(float) @ weights, size, size > 0)
            found[f"{name}: labels changed"] = changed
            if self.knows_noise:
                found[f"{name}: beyond noise"] = changed - flip_rate
            found[f"{name}: alpha with deployed"] = self._alpha([0, place], both, weights)
            if self.golden:
                gold = len(self.names)
                losses.append(self._alpha([place, gold], both, weights) - self._alpha([0, gold], both, weights))
                found[f"{name}: change of alpha with gold"] = losses[-1]
        if self.knows_noise:
            found["flip rate"] = flip_rate
        if self.golden:
            found["worst change"] = np.min(np.where(np.isnan(losses), np.inf, losses), axis=0)
            found["worst change"][~np.isfinite(found["worst change"])] = np.nan
        return found

    def _alpha(self, columns: list[int], both: Any, weights: Floats) -> Floats:
        codes = np.where(both[:, None], self.rows[:, columns], -1)
        return krippendorff(codes, self.values, self.distance, weights)


def _verdict(
    found: Mapping[str, Tested], others: list[str], knows_noise: bool, alpha: float
) -> tuple[bool | None, str]:
    def sure(name: str, sign: int) -> bool:
        one = found.get(name)
        if one is None or one.adjusted is None or one.adjusted > alpha or one.found.value is None:
            return False
        return sign * one.found.value >= 0

    moved = [name for name in others if sure(f"{name}: beyond noise", 1)]
    worse = [name for name in others if sure(f"{name}: change of alpha with gold", -1)]
    better = [name for name in others if sure(f"{name}: change of alpha with gold", 1)]
    told = []
    if moved:
        told.append(f"labels change more than by the rater's own noise under {', '.join(moved)}")
    if worse:
        told.append(f"agreement with gold falls under {', '.join(worse)}")
    if better:
        told.append(f"agreement with gold rises under {', '.join(better)}")
    if told:
        return True, "; ".join(told)
    most = max(others, key=lambda name: found[f"{name}: labels changed"].found.value or 0.0)
    change = f"at most {said(found[f'{most}: labels changed'].found, percent=True)} of labels change ({most})"
    if not knows_noise:
        return None, f"{change}, but the rater's own flip rate is not known: give repeats, or noise=0 if it never flips"
    if all(one.adjusted is None for one in found.values()):
        return None, f"{change}; nothing could be tested"
    return False, f"{change}, not shown to be more than the rater's own noise"
