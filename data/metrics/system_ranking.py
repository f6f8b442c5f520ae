"""Knows whether a rater ranks systems as people do, by their mean ratings; knows nothing about what the systems are.

Who compares systems needs their order, not each item's label: a rater that is noisy item by item can still rank systems
rightly, as errors average out, and one with a taste for one system cannot. Two intervals answer two questions (D.
Deutsch, R. Dror, D. Roth, A Statistical Analysis of Summarization Evaluation Metrics Using Resampling Methods, TACL
2021): with other *items* of the same systems, and with other *systems* as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import InputError, SetupError
from ..frozen import FrozenDict
from ..jsonable import JsonableRecord
from ..scales import Label, Scale
from ..statistics import (
    CHUNK,
    Bootstrap,
    Codes,
    Estimate,
    Floats,
    Units,
    distinct_rows,
    estimate,
    ratio,
    resample,
    totals,
)
from .label_numbers import prepare

_METRICS = ("tau_b", "spearman", "pairwise_accuracy")


@dataclass(frozen=True)
class SystemMeans:
    """One system: how many items it has, and what rater and people gave them on average."""

    n: int
    rater: float
    human: float


@dataclass(frozen=True)
class SystemAgreement(JsonableRecord):
    """How far a rater ranks systems as people do.

    Attributes:
        items: ``tau_b``, ``spearman`` and ``pairwise_accuracy`` (the share of pairs of systems, untied by people, that
            the rater puts the same way round; a tie of the rater's counts half), with intervals for other items of
            these systems.
        systems: The same with intervals for other systems too: systems are drawn, and items within them.
        means: The systems, by name.
        n: Items.
        unparsed: Ratings that were None.
        fill: The label that stood in for them; None when they were left out.
        left_out: Items left out.
        resamples: Bootstrap resamples.
        seed: Seed of the bootstrap.
        level: Confidence level of the intervals.
    """

    items: Mapping[str, Estimate]
    systems: Mapping[str, Estimate]
    means: Mapping[str, SystemMeans]
    n: int
    unparsed: int
    fill: Label | None
    left_out: int
    resamples: int
    seed: int
    level: float


def system_agreement(
    ratings: Sequence[Label | None],
    gold: Sequence[Label],
    systems: Sequence[str],
    scale: Scale,
    *,
    sources: Sequence[str | None] | None = None,
    fill: Label | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> SystemAgreement:
    """Compare the order of systems by their mean rating with that by their mean gold label.

    Args:
        ratings: The rater's labels; None where there was no readable answer.
        gold: The gold labels, in the same order.
        systems: The system each item comes from.
        scale: The scale of both; ordinal or interval.
        sources: What each item was made from (a prompt, an article), where systems share them: sources are then drawn
            for all systems together. None draws each system's items by themselves.
        fill: The label that stands for an unreadable answer; None leaves the item out.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Seed of the bootstrap; results do not depend on the order of the items.
        level: Confidence level of the intervals.

    Raises:
        InputError: For lengths that differ, an item without a system, or a label that is not on the scale.
        SetupError: For a nominal or pairwise scale, whose labels have no mean.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    if not scale.ordered:
        cure = "Use an ordinal or an interval scale, or count each label's share yourself."
        raise SetupError(f"labels of a {scale.kind} scale have no mean", cure=cure)
    for name, given in (("systems", systems), ("sources", systems if sources is None else sources)):
        if len(given) != len(gold):
            raise InputError(f"{len(given)} {name} for {len(gold)} gold labels", cure="Give one for each item.")
    if any(not isinstance(name, str) or not name for name in systems):
        raise InputError("an item has no system", place="systems", cure="Name the system of every item.")
    data = prepare([ratings], gold, scale, groups=None, fill=fill)
    kept = [i for i, label in enumerate(ratings) if label is not None or fill is not None]
    names = sorted({systems[i] for i in kept})
    index = {name: place for place, name in enumerate(names)}
    code = np.array([index[systems[i]] for i in kept], dtype=np.int64)
    point = _means(data.numbers, code, len(names))
    drawn = _Drawn(data.numbers, code, len(names), None if sources is None else [sources[i] for i in kept])
    means = drawn.means(bootstrap)
    units = {"units": code.size if drawn.shared is None else drawn.shared.count, "level": level}
    unit = "item" if drawn.shared is None else "source"
    why = _why(len(names), point)
    observed = _compare(point[0], point[1], np.ones((len(names), 1)))
    fixed = _compare(means[0], means[1], np.ones((len(names), means[0].shape[1])))
    times = np.random.default_rng([seed, 1]).multinomial(
        max(len(names), 1), np.full(max(len(names), 1), 1 / max(len(names), 1)), size=means[0].shape[1]
    )
    others = _compare(means[0], means[1], times.T[: len(names)].astype(float))

    def summed(name: str, draws: Mapping[str, Floats], counted: Mapping[str, Any], unit: str) -> Estimate:
        return data.remark(estimate(observed[name][0], draws[name], **counted, unit=unit, why=why))

    return SystemAgreement(
        items=FrozenDict({name: summed(name, fixed, units, unit) for name in _METRICS}),
        systems=FrozenDict(
            {name: summed(name, others, {"units": len(names), "level": level}, "system") for name in _METRICS}
        ),
        means=FrozenDict(
            {
                name: SystemMeans(int((code == place).sum()), float(point[0][place, 0]), float(point[1][place, 0]))
                for name, place in index.items()
            }
        ),
        n=code.size,
        unparsed=data.unparsed[0],
        fill=fill,
        left_out=data.left_out,
        **vars(bootstrap),
    )


class _Drawn:
    """The systems' means on resampled items."""

    def __init__(self, numbers: Floats, code: Codes, count: int, sources: Sequence[str | None] | None) -> None:
        self.numbers, self.code, self.count = numbers, code, count
        values, codes = np.unique(numbers, return_inverse=True)
        rows, self.cell = distinct_rows(np.column_stack([code, codes.reshape(2, -1).T]).astype(np.int64))
        self.system, self.pairs = rows[:, 0], values[rows[:, 1:]]
        self.shared = None if sources is None else Units.of(self.cell, len(rows), sources)

    def means(self, bootstrap: Bootstrap) -> tuple[Floats, Floats]:
        """Return (systems, resamples) means of the rater and of people; NaN where a resample has no item of one."""
        if self.code.size == 0 or bootstrap.resamples == 0:
            return np.empty((self.count, 0)), np.empty((self.count, 0))
        if self.shared is not None:
            found = resample(self.shared, self._by_system, bootstrap)
            rater, human = (
                np.stack([found[f"{side} {system}"] for system in range(self.count)]) for side in ("rater", "human")
            )
            return rater, human
        rater, human = np.empty((self.count, bootstrap.resamples)), np.empty((self.count, bootstrap.resamples))
        for system in range(self.count):
            here = self.system == system
            place = np.cumsum(here) - 1
            units = Units.of(place[self.cell[self.code == system]], int(here.sum()))
            own = int(np.random.SeedSequence([bootstrap.seed, system]).generate_state(1)[0])
            pairs = self.pairs[here]

            def both(weights: Floats, pairs: Floats = pairs) -> dict[str, Floats]:
                total = weights.sum(axis=0)
                return {"rater": pairs[:, 0] @ weights / total, "human": pairs[:, 1] @ weights / total}

            found = resample(units, both, replace(bootstrap, seed=own))
            rater[system], human[system] = found["rater"], found["human"]
        return rater, human

    def _by_system(self, weights: Floats) -> dict[str, Floats]:
        sizes = totals(self.system, self.count, weights)
        found: dict[str, Floats] = {}
        for side, column in (("rater", 0), ("human", 1)):
            means = ratio(totals(self.system, self.count, self.pairs[:, [column]] * weights), sizes, sizes > 0)
            found |= {f"{side} {system}": means[system] for system in range(self.count)}
        return found


def _means(numbers: Floats, code: Codes, count: int) -> tuple[Floats, Floats]:
    sizes = np.bincount(code, minlength=count)
    rater, human = (np.bincount(code, weights=side, minlength=count) / sizes for side in numbers)
    return rater[:, None], human[:, None]


def _compare(rater: Floats, human: Floats, times: Floats) -> dict[str, Floats]:
    """Compare the orders of systems, column by column.

    Args:
        rater: (systems, columns) means of the rater.
        human: (systems, columns) means of people.
        times: (systems, columns) how often each system was drawn.
    """
    size = max(1, CHUNK // max(len(rater) ** 2, 1))
    parts = [
        _chunk(*(side[:, start : start + size] for side in (rater, human, times)))
        for start in range(0, max(rater.shape[1], 1), size)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in _METRICS}


def _chunk(rater: Floats, human: Floats, times: Floats) -> dict[str, Floats]:
    left, right = _signs(rater), _signs(human)
    # A system drawn twice is tied with itself, which a sign of 0 says by itself.
    together = times[:, None] * times[None, :]
    in_left, in_right = (left**2 * together).sum(axis=(0, 1)), (right**2 * together).sum(axis=(0, 1))
    score = (left * right * together).sum(axis=(0, 1))
    varied = (in_left > 0) & (in_right > 0)
    # Twice the mid-rank of a system, less a constant: how many it is above minus how many it is below.
    ranks = [(side * times[None, :]).sum(axis=1) for side in (left, right)]
    products = [(ranks[i] * ranks[j] * times).sum(axis=0) for i, j in ((0, 1), (0, 0), (1, 1))]
    found = {
        "tau_b": ratio(score, np.sqrt(in_left * in_right), varied),
        "spearman": ratio(products[0], np.sqrt(products[1] * products[2]), varied),
        "pairwise_accuracy": 0.5 + 0.5 * ratio(score, in_right, in_right > 0),
    }
    return {name: np.clip(value, -1, 1) for name, value in found.items()}


def _signs(means: Floats) -> Floats:
    """Return (systems, systems, columns): 1 where the first system is above the second, 0 where they tie."""
    gaps = means[:, None] - means[None, :]
    # Means of the same labels in another order may differ by their rounding.
    close = np.abs(gaps) <= 1e-12 * (np.abs(means[:, None]) + np.abs(means[None, :]))
    return np.where(close, 0.0, np.sign(gaps))


def _why(count: int, point: tuple[Floats, Floats]) -> str:
    if count < 2:
        return "no item to compare" if count == 0 else "one system only: no order to compare"
    flat = [name for name, side in zip(("rater", "human"), point, strict=True) if not _signs(side).any()]
    return f"the systems' {' and '.join(flat)} means are all equal: no order to compare"
