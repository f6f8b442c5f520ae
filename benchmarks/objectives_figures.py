"""Knows how the records of `bench_objectives` become figures with intervals; makes no ratings and prints nothing.

An arm's figure is the mean over its seeds. Its interval is a percentile bootstrap over the test items: one resample of
items serves all seeds and all arms, so that differences are paired. The interval takes the seeds as given; how far they
are apart stands beside it as the standard deviation over seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from objectives_arms import FIXED

from accord.data import Corpus, Interval, Scale
from accord.data.metrics.agreement import metrics_of
from accord.data.metrics.coefficients import Coefficient
from accord.data.metrics.label_numbers import pairs_of, prepare
from accord.data.statistics.cells import Floats, totals

RESAMPLES, SEED = 2000, 0
NAMES = {
    "zero_shot": "zero-shot, forced label",
    "teacher": "prompted teacher",
    "compiled_teacher": "compiled teacher",
    "tfidf": "TF-IDF + ridge",
    "one_human": "one human against the others",
}


@dataclass(frozen=True)
class Arm:
    """One arm's records, and what is computed from them."""

    name: str
    records: Mapping[int, dict[str, Any]]
    scored: bool = False

    @property
    def shown(self) -> str:
        """Return its name in tables."""
        return NAMES.get(self.name, self.name) + (", score" if self.scored else "")

    @property
    def skipped(self) -> str:
        """Return why it could not be trained, or nothing."""
        return next((record["skipped"] for record in self.records.values() if "skipped" in record), "")


@dataclass(frozen=True)
class Summary:
    """A mean over seeds with its interval over items and its spread over seeds; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None
    deviation: float | None
    seeds: int

    def to_dict(self) -> dict[str, float | None]:
        """Return plain data, rounded."""
        return {name: None if number is None else round(number, 4) for name, number in vars(self).items()}

    def __str__(self) -> str:
        """Return ``0.41 [0.32, 0.50] ±0.03``: the mean, its interval over items, the deviation over seeds."""
        if self.value is None:
            return "-"
        apart = "" if self.deviation is None else f" ±{self.deviation:.2f}"
        return f"{self.value:.2f} [{self.low:.2f}, {self.high:.2f}]{apart}"


@dataclass
class Tables:
    """The figures of one corpus.

    Attributes:
        test: The test items.
        places: Those of them that count; all unless a part is looked at.
    """

    test: Corpus
    places: Sequence[int]
    weights: Floats = field(init=False)

    def __post_init__(self) -> None:
        """Draw the resamples that everything shares; the first column is the items as they are."""
        count = len(self.places)
        drawn = np.random.default_rng(SEED).multinomial(count, np.full(count, 1 / count), size=RESAMPLES).T
        self.weights = np.zeros((len(self.test), 1 + RESAMPLES))
        self.weights[list(self.places), 0] = 1
        self.weights[list(self.places), 1:] = drawn

    def values(self, arm: Arm, metric: str) -> dict[int, Floats]:
        """Return for each seed the metric on the items as they are and on every resample."""
        scale: Scale = self.test.scale
        levels = scale.levels or ()
        if arm.scored:
            scale = Interval(float(min(levels)), float(max(levels)))  # pyright: ignore
        compute = metrics_of(scale)[metric]
        return {seed: self._values(record, compute, scale, arm.scored) for seed, record in arm.records.items()}

    def _values(self, record: dict[str, Any], compute: Coefficient, scale: Scale, scored: bool) -> Floats:
        gold = record.get("gold", self.test.golds())
        given = record["scores"] if scored else record["labels"]
        data = prepare([given], gold, scale, groups=None, fill=record["fill"])
        pairs = pairs_of(data.numbers[0], data.numbers[1], scale)
        weights = self.weights
        if "items" in record:
            known = set(record["items"])
            weights = weights[[id in known for id in self.test.ids]]
        with np.errstate(invalid="ignore", divide="ignore"):
            return compute(pairs, totals(pairs.cell, pairs.x.size, weights))

    def summary(self, arm: Arm, metric: str) -> Summary:
        """Return an arm's mean over seeds."""
        return _summary(self.values(arm, metric))

    def difference(self, a: Arm, b: Arm, metric: str = "alpha") -> Summary:
        """Return how much better a is than b on the same items, over the seeds that both have; above 0 is for a."""
        sign = -1 if metric == "mae" else 1
        left, right = self.values(a, metric), self.values(b, metric)
        # What is not trained was rated once and is held against every seed of the other.
        for name, side, other in ((a.name, left, right), (b.name, right, left)):
            if name in FIXED and side:
                side.update(dict.fromkeys(other, next(iter(side.values()))))
        return _summary({seed: sign * (left[seed] - right[seed]) for seed in left.keys() & right.keys()})


def _summary(by_seed: Mapping[int, Floats]) -> Summary:
    if not by_seed:
        return Summary(None, None, None, None, 0)
    table = np.array(list(by_seed.values()))
    means = table.mean(axis=0)
    if not np.isfinite(means[0]):
        return Summary(None, None, None, None, len(table))
    drawn = means[1:][np.isfinite(means[1:])]
    low, high = (float(end) for end in np.percentile(drawn, [2.5, 97.5]))
    deviation = float(table[:, 0].std(ddof=1)) if len(table) > 1 else None
    return Summary(float(means[0]), low, high, deviation, len(table))
