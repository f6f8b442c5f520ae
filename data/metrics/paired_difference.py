"""Knows whether one rater agrees with gold better than another on the same items; knows nothing about either rater."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..jsonable import JsonableRecord
from ..scales import Label, Scale
from ..statistics import Bootstrap, Floats, Units, estimate, resample, two_sided_p
from .paired_raters import Paired

_DIRECTIONS = {
    "mse": "mse of b - mse of a: above 0, a errs less",
    "mae": "mae of b - mae of a: above 0, a errs less",
    "bias": "|bias| of b - |bias| of a: above 0, a is less biased",
}


@dataclass(frozen=True)
class Difference(JsonableRecord):
    """How much better one rater agrees with gold than another. Above 0, a is better, whatever the metric.

    Attributes:
        metric: What is compared.
        direction: The difference in words, e.g. "mse of b - mse of a: above 0, a errs less".
        value: The difference on the items as they are; None where a metric is undefined.
        low: Lower end of the interval; None where there is none.
        high: Upper end of the interval; None where there is none.
        p: Two-sided bootstrap p-value, from the smaller share of resamples on which the difference is <= 0 or >= 0, see
            `two_sided_p`. It falls below 0.05 about where the 95 % interval leaves 0 out. None where there is no
            interval.
        n: Items compared.
        left_out: Items left out because a rating was None and there was no fill.
        unparsed: Ratings that were None, of a and of b.
        groups: Units that were resampled: groups where given, else items.
        resamples: Bootstrap resamples.
        seed: Seed of the bootstrap.
        level: Confidence level of the interval.
        note: Why something is None or needs care; '' when there is nothing to say.
    """

    metric: str
    direction: str
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    n: int
    left_out: int
    unparsed: tuple[int, int]
    groups: int
    resamples: int
    seed: int
    level: float
    note: str = ""


def paired_difference(
    a: Sequence[Label | None],
    b: Sequence[Label | None],
    gold: Sequence[Label],
    scale: Scale,
    *,
    metric: str = "alpha",
    groups: Sequence[str | None] | None = None,
    fill: Label | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Difference:
    """Compare two raters on the same items by a paired bootstrap: every resample serves both.

    The difference is ``metric(a) - metric(b)`` where more is better, and ``metric(b) - metric(a)`` for ``mse``, ``mae``
    and the absolute ``bias``: above 0 always speaks for a.

    Args:
        a: Labels of the first rater; None where there was no readable answer.
        b: Labels of the second rater, in the same order.
        gold: The gold labels, in the same order.
        scale: The scale of all three.
        metric: A metric of the scale, see `agreement`.
        groups: Group of each item; whole groups are resampled, and items whose group is None one by one. None resamples
            items.
        fill: The label that stands for an unreadable answer; None leaves the item out for both raters.
        resamples: Bootstrap resamples; 0 for no interval and no p.
        seed: Seed of the bootstrap; the result does not depend on the order of the items.
        level: Confidence level of the interval.

    Raises:
        SetupError: For a metric that the scale does not have.
        InputError: For lengths that differ or a label that is not on the scale.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    # Cells are distinct (a, b, gold) triples: the joint resample of both raters is one draw of triple counts.
    paired = Paired.of(a, b, gold, scale, metric=metric, groups=groups, fill=fill)
    data, cell = paired.data, paired.cell
    units = Units.of(cell, len(paired.codes), data.groups)

    def statistics(weights: Floats) -> dict[str, Floats]:
        return {"difference": paired.difference(weights)}

    point = statistics(units.observed)
    draws = resample(units, statistics, bootstrap, rows=paired.rows).get("difference")
    found = data.remark(
        estimate(
            point["difference"][0],
            draws,
            units=units.count,
            unit=units.name,
            level=level,
            why=paired.why_undefined(),
        )
    )
    return Difference(
        metric=metric,
        direction=_DIRECTIONS.get(metric, f"{metric} of a - {metric} of b: above 0, a agrees better"),
        value=found.value,
        low=found.low,
        high=found.high,
        p=None if draws is None or found.low is None else two_sided_p(draws, units.count),
        n=cell.size,
        left_out=data.left_out,
        unparsed=(data.unparsed[0], data.unparsed[1]),
        groups=units.count,
        **vars(bootstrap),
        note=found.note,
    )
