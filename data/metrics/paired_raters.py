"""Knows two raters and gold as cells, and how much better one is under weights; knows nothing about chance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import SetupError
from ..scales import Label, Scale
from ..statistics import Codes, Floats, distinct_rows, totals
from .agreement import metrics_of
from .coefficients import Coefficient, Pairs, why_undefined
from .label_numbers import Prepared, pairs_of, prepare


@dataclass(frozen=True, eq=False)
class Paired:
    """Distinct (a, b, gold) triples of labels; use `Paired.of`.

    Attributes:
        data: The labels as numbers: a, b, gold.
        metric: What is compared.
        codes: (cells, 3) the triples.
        cell: (items,) the cell each item lies in.
        sides: The pairs (a, gold) and (b, gold) of the cells.
        coefficient: The metric, turned so that more is better.
    """

    data: Prepared
    metric: str
    codes: Codes
    cell: Codes
    sides: tuple[Pairs, Pairs]
    coefficient: Coefficient

    @classmethod
    def of(
        cls,
        a: Sequence[Label | None],
        b: Sequence[Label | None],
        gold: Sequence[Label],
        scale: Scale,
        *,
        metric: str,
        groups: Sequence[str | None] | None,
        fill: Label | None,
        both_ways: bool = False,
    ) -> "Paired":
        """Gather items into cells.

        Args:
            a: Labels of the first rater; None where there was no readable answer.
            b: Labels of the second rater.
            gold: The gold labels.
            scale: The scale of all three.
            metric: A metric of the scale, see `agreement`.
            groups: Group of each item, or None.
            fill: The label that stands for an unreadable answer; None leaves the item out for both raters.
            both_ways: Whether there is a cell for each triple with a and b exchanged, too.

        Raises:
            SetupError: For a metric that the scale does not have.
            InputError: For lengths that differ or a label that is not on the scale.
        """
        metrics = metrics_of(scale)
        if metric not in metrics:
            cure = f"Give one of {', '.join(metrics)}."
            raise SetupError(f"{metric!r} is not a metric of {scale.kind} scales", cure=cure)
        data = prepare([a, b], gold, scale, groups=groups, fill=fill)
        values, codes = np.unique(data.numbers, return_inverse=True)
        triples = codes.reshape(3, -1).T.astype(np.int64)
        rows, cell = distinct_rows(np.vstack([triples, triples[:, [1, 0, 2]]]) if both_ways else triples)
        numbers = values[rows.T]
        sides = pairs_of(numbers[0], numbers[2], scale), pairs_of(numbers[1], numbers[2], scale)
        return cls(data, metric, rows, cell[: len(triples)], sides, better(metric, metrics[metric]))

    def difference(self, weights: Floats) -> Floats:
        """Return how much better a is than b for every column of (cells, columns) weights; NaN where undefined."""
        left, right = (self.coefficient(pairs, totals(pairs.cell, pairs.x.size, weights)) for pairs in self.sides)
        found = left - right
        # Two raters that differ by a permutation of errors differ by rounding only: that is no difference.
        return np.where(np.abs(found) < 1e-12, 0.0, found)

    @property
    def rows(self) -> int:
        """The longest column a coefficient makes: what a chunk of resamples is bounded by."""
        return max(len(self.codes), *(pairs.values.size for pairs in self.sides))

    def why_undefined(self) -> str:
        """Say why there is no difference on these items; "" where there is one."""
        weights = np.bincount(self.cell, minlength=len(self.codes)).astype(float)[:, None]
        lost = []
        for name, side, numbers in zip("ab", self.sides, self.data.numbers[:2], strict=True):
            if not np.isfinite(self.coefficient(side, totals(side.cell, side.x.size, weights))[0]):
                # Of the pairs there are: a side has those of exchanged triples too.
                pairs = Pairs.of(numbers, self.data.numbers[2])
                lost.append(f"{name}: {why_undefined(self.metric, pairs, self.cell.size)}")
        return "; ".join(lost)


def better(metric: str, coefficient: Coefficient) -> Coefficient:
    """Turn a coefficient so that more is better: errors are negated, a bias is negated and taken absolutely."""
    if metric in ("mse", "mae"):
        return lambda pairs, weights: -coefficient(pairs, weights)
    if metric == "bias":
        return lambda pairs, weights: -np.abs(coefficient(pairs, weights))
    return coefficient
