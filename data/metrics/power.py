"""Knows how many labels would settle which of two raters is better; knows nothing about where labels come from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..jsonable import JsonableRecord
from ..scales import Label, Scale
from ..statistics import FEW_UNITS, Bootstrap, Estimate, Units, estimate, resample, tail
from .paired_raters import Paired

ASSUMED = (
    "assumes that the difference is the true one, that new items are like these, and an error that falls by root n"
)


@dataclass(frozen=True)
class LabelsNeeded(JsonableRecord):
    """How many items would tell two raters apart.

    Attributes:
        metric: What is compared.
        difference: How much better a is than b on the items there are, as in `paired_difference`; None if undefined.
        sought: The difference to be settled: the one found, unless another was asked for.
        standard_error: Bootstrap standard error of the difference on the items there are.
        settled: Whether its interval leaves 0 out already; None where there is none.
        items: Items at which it would with the power asked for; None where no number of items is known to.
        groups: The same in groups; equal to ``items`` where items are resampled.
        items_range: ``items`` if the truth were the far, and if it were the near end of the interval; the latter is
            None where the interval holds 0, as then no number of items is sure to do.
        power: Chance that the interval leaves 0 out.
        level: Confidence level of the interval.
        n: Items there are.
        units: Groups there are, else items.
        note: What was assumed, or why something is None.
    """

    metric: str
    difference: float | None
    sought: float | None
    standard_error: float | None
    settled: bool | None
    items: int | None
    groups: int | None
    items_range: tuple[int | None, int | None]
    power: float
    level: float
    n: int
    units: int
    note: str


def labels_needed(
    a: Sequence[Label | None],
    b: Sequence[Label | None],
    gold: Sequence[Label],
    scale: Scale,
    *,
    metric: str = "alpha",
    sought: float | None = None,
    power: float = 0.8,
    groups: Sequence[str | None] | None = None,
    fill: Label | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> LabelsNeeded:
    """Say at how many items the interval of a paired difference would leave 0 out.

    With the bootstrap standard error s on n items and the difference d,
    ``n ((z(1 - (1 - level) / 2) + z(power)) s / d)^2`` (the sample size of a two-sided normal test, the other side
    neglected). A difference that was found is a noisy guess of the true one, and too large where it was looked for:
    read ``items_range``, or give as ``sought`` the smallest difference that would matter.

    Args:
        a: Labels of the first rater; None where there was no readable answer.
        b: Labels of the second rater, in the same order.
        gold: The gold labels, in the same order.
        scale: The scale of all three.
        metric: A metric of the scale, see `agreement`.
        sought: The difference to be settled, in the metric's units; None for the one found.
        power: The chance that the interval shall leave 0 out.
        groups: Group of each item; whole groups are resampled, and it is groups that would be added.
        fill: The label that stands for an unreadable answer; None leaves the item out for both raters.
        resamples: Bootstrap resamples.
        seed: Seed of the bootstrap.
        level: Confidence level of the interval.

    Raises:
        SetupError: For a metric that the scale does not have.
        InputError: For lengths that differ, a label that is not on the scale, or a power or difference without sense.
    """
    from scipy.stats import norm

    bootstrap = Bootstrap(resamples, seed, level)
    if not 0.5 <= power < 1:
        raise InputError(f"power is {power}", cure="Give a chance from 0.5 to below 1; 0.8 is usual.")
    if sought is not None and not (math.isfinite(sought) and sought != 0):
        raise InputError(f"the difference sought is {sought}", cure="Give a number other than 0, or None.")
    paired = Paired.of(a, b, gold, scale, metric=metric, groups=groups, fill=fill)
    units = Units.of(paired.cell, len(paired.codes), paired.data.groups)
    draws = resample(units, lambda weights: {"d": paired.difference(weights)}, bootstrap, rows=paired.rows).get("d")
    value = float(paired.difference(units.observed)[0])
    found = paired.data.remark(
        estimate(value, draws, units=units.count, unit=units.name, level=level, why=paired.why_undefined())
    )
    error = None
    if draws is not None and found.low is not None:
        error = float(np.std(draws[np.isfinite(draws)], ddof=1)) if draws.size > 1 else None
    target = found.value if sought is None else sought
    reach = float(norm.ppf((1 + level) / 2) + norm.ppf(power))

    def needed(difference: float | None, count: int) -> int | None:
        if error is None or error < 1e-12 or difference is None or abs(difference) < 1e-12:
            return None
        return max(2, math.ceil(count * (reach * error / difference) ** 2))

    near, far = _ends(found)
    return LabelsNeeded(
        metric=metric,
        difference=found.value,
        sought=target,
        standard_error=error,
        settled=None if found.low is None else near is not None and near != 0,
        items=needed(target, paired.cell.size),
        groups=needed(target, units.count),
        items_range=(needed(far, paired.cell.size), needed(near, paired.cell.size)),
        power=float(power),
        level=bootstrap.level,
        n=paired.cell.size,
        units=units.count,
        note=_why(found, error, target),
    )


def power_at(
    a: Sequence[Label | None],
    b: Sequence[Label | None],
    gold: Sequence[Label],
    scale: Scale,
    *,
    items: int,
    metric: str = "alpha",
    groups: Sequence[str | None] | None = None,
    fill: Label | None = None,
    simulations: int = 200,
    resamples: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate:
    """Simulate how often the interval of a paired difference leaves 0 out at a number of items.

    Samples of that size are drawn from the items there are (whole groups where given: as many as hold that many items
    on average), and each gets a bootstrap interval of its own. Unlike `labels_needed` this takes no normal
    distribution and no root n for granted; it still takes the items there are for the whole world.

    Args:
        a: Labels of the first rater; None where there was no readable answer.
        b: Labels of the second rater, in the same order.
        gold: The gold labels, in the same order.
        scale: The scale of all three.
        items: How many items the simulated samples have; more or fewer than there are.
        metric: A metric of the scale, see `agreement`.
        groups: Group of each item, or None.
        fill: The label that stands for an unreadable answer; None leaves the item out for both raters.
        simulations: Samples drawn.
        resamples: Bootstrap resamples of each.
        seed: Seed of both.
        level: Confidence level of the intervals.

    Returns:
        The share of samples whose interval lies on the side of the difference there is, with the 95 % interval that is
        due to the number of simulations (Wilson). Samples on which there is no interval count as not settled.

    Raises:
        SetupError: For a metric that the scale does not have.
        InputError: For lengths that differ, a label that is not on the scale, or fewer than 2 items or 1 simulation.
    """
    from scipy.stats import binomtest

    Bootstrap(resamples, seed, level)  # refuses what makes no sense
    for name, given, least in (("items", items, 2), ("simulations", simulations, 1), ("resamples", resamples, 1)):
        if given < least:
            raise InputError(f"{name} is {given}", cure=f"Give {least} or more.")
    paired = Paired.of(a, b, gold, scale, metric=metric, groups=groups, fill=fill)
    units = Units.of(paired.cell, len(paired.codes), paired.data.groups)
    value = float(paired.difference(units.observed)[0])
    if not np.isfinite(value):
        return Estimate(None, None, None, paired.why_undefined())
    if value == 0:
        return Estimate(None, None, None, "the raters do not differ: there is no side to settle on")
    grouped = units.group is not None
    count = max(2, round(items * units.count / paired.cell.size)) if grouped else items
    shares = np.full(units.count, 1 / units.count) if grouped else units.observed[:, 0] / units.count
    rng = np.random.default_rng(seed)
    lost = won = 0
    cut = tail(level, count)
    for sample in rng.multinomial(count, shares, size=simulations):
        again = rng.multinomial(count, sample / count, size=resamples).T.astype(float)
        draws = paired.difference(units.spread(again) if grouped else again) * np.sign(value)
        kept = draws[np.isfinite(draws)]
        if 2 * kept.size < resamples or kept.size == 0:
            lost += 1
        else:
            won += bool(np.quantile(kept, cut) > 0)
    ends = binomtest(won, simulations).proportion_ci(0.95, method="wilson")
    notes = [f"{units.count} {units.name}s stand for all there are"]
    notes += [f"no interval on {lost} of {simulations} samples, which count as not settled"] * bool(lost)
    notes += [f"samples of {count} {units.name}s: such intervals are too short"] * (count < FEW_UNITS)
    found = Estimate(won / simulations, float(ends.low), float(ends.high), "; ".join(notes))
    return paired.data.remark(found)


def _ends(found: Estimate) -> tuple[float | None, float | None]:
    """Return the ends of the interval nearer to 0 and farther from it; the nearer is None where 0 lies inside."""
    if found.low is None or found.high is None:
        return None, None
    near, far = sorted([found.low, found.high], key=abs)
    return (near if found.low * found.high > 0 else None), far


def _why(found: Estimate, error: float | None, target: float | None) -> str:
    if error is None:
        return found.note or "no standard error: too few resamples"
    if error < 1e-12:
        why = "the difference is the same on every resample: nothing varies to judge by"
    elif target is None or abs(target) < 1e-12:
        why = "the raters do not differ: no number of items would tell them apart; give the difference sought"
    else:
        why = ASSUMED
    return "; ".join(filter(None, [why, found.note]))
