"""Knows how far a rater agrees with gold labels, by every coefficient the scale allows; knows no models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..frozen import FrozenDict
from ..jsonable import JsonableRecord
from ..notebook import html_table
from ..scales import Label, Scale
from ..statistics import Bootstrap, Estimate, Floats, Units, estimates
from .coefficients import COEFFICIENTS, Coefficient, Pairs, alpha_under, why_undefined
from .krippendorff import distance_of
from .label_numbers import Prepared, checked_scores, pairs_of, prepare

NUMERIC = ("tau_b", "spearman", "pearson", "icc3", "mse", "mae", "bias")
"""Metrics that take numbers, and so the scores of a rater that scores between the labels."""


@dataclass(frozen=True)
class Agreement(JsonableRecord):
    """How far labels agree, with intervals.

    Attributes:
        n: Items the metrics stand on.
        unparsed: Ratings that were None.
        fill: The label that stood in for them; None when they were left out (or there is no rater).
        left_out: Items handed in that the metrics do not stand on.
        groups: Units that were resampled: groups where given, else items.
        resamples: Bootstrap resamples.
        seed: Seed of the bootstrap.
        level: Confidence level of the intervals.
        metrics: Estimate by metric name; read-only.
        numbers: What the metrics that take numbers (`NUMERIC`) were measured on: ``labels``, or the ``scores`` of a
            rater that rates between them. Alpha, kappas and accuracy are of labels in any case.
    """

    n: int
    unparsed: int
    fill: Label | None
    left_out: int
    groups: int
    resamples: int
    seed: int
    level: float
    metrics: Mapping[str, Estimate]
    numbers: Literal["labels", "scores"] = "labels"

    def __str__(self) -> str:
        """Return one line on what the figures stand on, then one line a metric."""
        units = "" if self.groups == self.n else f" in {self.groups:,} groups"
        silent = f", {self.unparsed:,} unparsed" if self.unparsed else ""
        width = max(map(len, self.metrics))
        lines = [f"agreement on {self.n:,} items{units}{silent} ({self.level:.0%} bootstrap intervals)"]
        lines += [f"  {name:<{width}}  {found}" for name, found in self.metrics.items()]
        if self.numbers == "scores":
            lines.append(f"  ({', '.join(name for name in self.metrics if name in NUMERIC)}: of scores, not of labels)")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a table of the metrics with their intervals."""
        rows = [
            (
                name,
                "undefined" if one.value is None else f"{one.value:.3f}",
                "" if one.low is None or one.high is None else f"{one.low:.3f} to {one.high:.3f}",
                one.note,
            )
            for name, one in self.metrics.items()
        ]
        units = "" if self.groups == self.n else f" in {self.groups:,} groups"
        caption = f"Agreement on {self.n:,} items{units}, {self.unparsed:,} unparsed ({self.numbers})"
        return html_table(caption, ("metric", "value", f"{self.level:.0%} interval", "note"), rows)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data; None stands for what is undefined, never NaN."""
        record = super().to_dict()
        metrics = record.pop("metrics")  # records on disk have them last
        return {**record, "metrics": metrics}


def agreement(
    ratings: Sequence[Label | None],
    gold: Sequence[Label],
    scale: Scale,
    *,
    scores: Sequence[float | None] | None = None,
    groups: Sequence[str | None] | None = None,
    fill: Label | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Agreement:
    """Measure how far ratings agree with gold labels.

    Metrics by scale (`metrics_of`): ``alpha`` (Krippendorff at the scale's level, or under its own distances) always;
    scales without an order (nominal, pairwise) add ``kappa`` and ``accuracy``; ordinal adds ``kappa``,
    ``weighted_kappa`` (quadratic in steps), ``tau_b``, ``spearman``, ``pearson``, ``icc3`` (ICC(3,1)), ``mse``,
    ``mae``, ``accuracy`` and ``bias`` (mean of rating - gold); interval the same, without the kappas and accuracy
    unless the scale has steps. Numbers are the scale's values, so mse, mae and bias are in the scale's own units. On an
    interval with steps a value off its steps (a mean of several labels) counts as its nearest level in the kappas and
    accuracy.

    An unanswered item must not help a rater: ``None`` ratings become ``fill``. Callers pass the constant baseline's
    label, so that no answer is worth a constant answer. Without ``fill`` they are left out, and every note says so.

    A rater may score between the labels. Its scores then stand for its labels in the metrics that take numbers
    (`NUMERIC`): correlations, intraclass correlation, errors and bias. Alpha, kappas and accuracy compare levels with
    levels, and alpha is what raters are chosen by, so they stay with the labels nearest to the scores.

    Args:
        ratings: The rater's labels; None where there was no readable answer.
        gold: The gold labels, in the same order.
        scale: The scale of both.
        scores: The rater's scores in the same order, as the scale's values; None where the rating is None. None, or
            None throughout, for a rater that gives labels alone.
        groups: Group of each item; whole groups are resampled, and items whose group is None one by one. None resamples
            items.
        fill: The label that stands for an unreadable answer.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Seed of the bootstrap; results do not depend on the order of the items.
        level: Confidence level of the intervals.

    Raises:
        InputError: For lengths that differ, a label or score that is not on the scale, or one without the other.
        SetupError: For scores on a nominal or pairwise scale.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    data = prepare([ratings], gold, scale, groups=groups, fill=fill)
    pairs = pairs_of(data.numbers[0], data.numbers[1], scale)
    metrics = metrics_of(scale)
    exact = None if scores is None else checked_scores(scores, ratings, scale, fill=fill)
    measured = _Measured(data, bootstrap)
    found = measured.estimates(pairs, metrics)
    if exact is not None:
        between = pairs_of(exact, data.numbers[1], scale)
        found |= measured.estimates(between, {name: metrics[name] for name in metrics if name in NUMERIC})
    n, units = pairs.cell.size, measured.units(pairs).count
    return Agreement(
        n=n,
        unparsed=data.unparsed[0],
        fill=fill,
        left_out=len(gold) - n,
        groups=units,
        **vars(bootstrap),
        metrics=FrozenDict(found),
        numbers="labels" if exact is None else "scores",
    )


@dataclass(frozen=True)
class _Measured:
    """How the metrics of prepared labels are estimated."""

    data: Prepared
    bootstrap: Bootstrap

    def units(self, pairs: Pairs) -> Units:
        """Return what is resampled."""
        return Units.of(pairs.cell, pairs.x.size, self.data.groups)

    def estimates(self, pairs: Pairs, metrics: Mapping[str, Coefficient]) -> dict[str, Estimate]:
        """Estimate metrics of the same pairs, all on the same resamples."""

        def statistics(weights: Floats) -> dict[str, Floats]:
            return {name: metric(pairs, weights) for name, metric in metrics.items()}

        found = estimates(
            self.units(pairs),
            statistics,
            self.bootstrap,
            why=lambda name: why_undefined(name, pairs, pairs.cell.size),
            rows=pairs.values.size,
        )
        return {name: self.data.remark(one) for name, one in found.items()}


def metrics_of(scale: Scale) -> dict[str, Coefficient]:
    """Return the coefficients that make sense on a scale, by metric name; ``alpha`` first."""
    if not scale.ordered:
        names = ["kappa", "accuracy"]
    elif scale.levels is None:
        names = [name for name in COEFFICIENTS if name not in ("kappa", "weighted_kappa", "accuracy")]
    else:
        names = list(COEFFICIENTS)
    return {"alpha": alpha_under(distance_of(scale)), **{name: COEFFICIENTS[name] for name in names}}
