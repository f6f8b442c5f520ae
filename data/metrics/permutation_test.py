"""Knows whether it matters which of two raters gave which label; knows nothing about either rater.

If two raters are equally good in every respect, each item's two labels could as well have been given the other way
round. The test exchanges them, item by item or group by group, and asks how often the metrics then differ as much as
they do. With m items that have unlike labels there are 2^m ways: all of them are gone through where that is little,
else ways are drawn. Items enter as cell counts, as in the bootstrap: of N items in a pair of cells that mirror each
other, a draw puts a binomial (N, 1/2) number one way round.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..jsonable import JsonableRecord
from ..scales import Label, Scale
from ..statistics import CHUNK, Codes, Floats, Units
from .paired_raters import Paired


@dataclass(frozen=True)
class Permutation(JsonableRecord):
    """The outcome of a paired permutation test.

    Attributes:
        metric: What is compared.
        value: How much better a is than b, as in `paired_difference`; None where the metric is undefined.
        p: Two-sided p-value of "exchanging the raters changes nothing"; None where there is no value.
        n: Items compared.
        left_out: Items left out because a rating was None and there was no fill.
        unparsed: Ratings that were None, of a and of b.
        exchanged: Items, or groups, whose exchange changes anything: the others have the same labels from both.
        exact: Whether all ways to exchange were gone through.
        permutations: How many ways were.
        seed: Seed of the draws.
        note: Why something is None or needs care; "" when there is nothing to say.
    """

    metric: str
    value: float | None
    p: float | None
    n: int
    left_out: int
    unparsed: tuple[int, int]
    exchanged: int
    exact: bool
    permutations: int
    seed: int
    note: str = ""


def permutation_test(
    a: Sequence[Label | None],
    b: Sequence[Label | None],
    gold: Sequence[Label],
    scale: Scale,
    *,
    metric: str = "alpha",
    groups: Sequence[str | None] | None = None,
    fill: Label | None = None,
    permutations: int = 10_000,
    seed: int = 0,
) -> Permutation:
    """Test whether one rater agrees with gold better than another by exchanging their labels.

    Unlike the bootstrap's, this p-value is valid at any number of items: under the null it is at or below any level at
    most that often. The null is stronger than "the metrics are equal": the raters' labels are exchangeable.

    Args:
        a: Labels of the first rater; None where there was no readable answer.
        b: Labels of the second rater, in the same order.
        gold: The gold labels, in the same order.
        scale: The scale of all three.
        metric: A metric of the scale, see `agreement`.
        groups: Group of each item; the labels of a group are exchanged together, and those of items whose group is None
            one by one. None exchanges item by item.
        fill: The label that stands for an unreadable answer; None leaves the item out for both raters.
        permutations: All ways are gone through where there are no more than this, else this many are drawn. Drawn ways
            and the one observed are counted together, so that p is never 0.
        seed: Seed of the draws; the result does not depend on the order of the items.

    Raises:
        SetupError: For a metric that the scale does not have.
        InputError: For lengths that differ, a label that is not on the scale, or no permutations.
    """
    if permutations < 1:
        raise InputError(f"permutations is {permutations}", cure="Give 1 or more; 10000 is usual.")
    paired = Paired.of(a, b, gold, scale, metric=metric, groups=groups, fill=fill, both_ways=True)
    ways = _Ways.of(paired)
    observed = float(paired.difference(ways.unchanged)[0])
    exact = ways.units.count < 63 and 2**ways.units.count <= permutations
    count = 2**ways.units.count if exact else permutations
    p, note = None, paired.why_undefined()
    if np.isfinite(observed):
        draws = np.concatenate(
            [paired.difference(weights) for weights in ways.weights(count, exact, seed, paired.rows)]
        )
        lost = int((~np.isfinite(draws)).sum())
        if lost:
            note = f"undefined on {lost} of {count} exchanges, which count as no less extreme"
        # What is equal but for rounding is as extreme as what was observed.
        extreme = int((~(np.abs(draws) < abs(observed) - 1e-12)).sum())
        p = extreme / count if exact else (1 + extreme) / (1 + count)
    if paired.data.left_out:
        kept = paired.cell.size
        said = f"on {kept} of {kept + paired.data.left_out} items: the others' ratings were unparsed"
        note = "; ".join(filter(None, [note, said]))
    return Permutation(
        metric=metric,
        value=None if p is None else observed + 0.0,
        p=p,
        n=paired.cell.size,
        left_out=paired.data.left_out,
        unparsed=(paired.data.unparsed[0], paired.data.unparsed[1]),
        exchanged=ways.units.count,
        exact=exact,
        permutations=count,
        seed=seed,
        note=note,
    )


@dataclass(frozen=True, eq=False)
class _Ways:
    """The ways to exchange labels.

    Attributes:
        fixed: (cells, 1) items whose labels are alike: exchanging them changes nothing.
        units: The other items, or their groups.
        mirror: (cells,) the cell with a and b exchanged.
    """

    fixed: Floats
    units: Units
    mirror: Codes

    @classmethod
    def of(cls, paired: Paired) -> "_Ways":
        cells = len(paired.codes)
        # Every triple is there both ways, so the exchanged rows are the same rows in another order.
        mirror = np.empty(cells, dtype=np.int64)
        mirror[np.lexsort(paired.codes[:, [1, 0, 2]].T[::-1])] = np.arange(cells)
        moving = paired.codes[paired.cell, 0] != paired.codes[paired.cell, 1]
        fixed = np.bincount(paired.cell[~moving], minlength=cells).astype(float)[:, None]
        groups = paired.data.groups
        chosen = None if groups is None else [group for group, keep in zip(groups, moving, strict=True) if keep]
        return cls(fixed, Units.of(paired.cell[moving], cells, chosen), mirror)

    @property
    def unchanged(self) -> Floats:
        return self.fixed + self.units.observed

    def weights(self, count: int, exact: bool, seed: int, rows: int) -> Iterator[Floats]:
        """Yield (cells, some) weights: all ways, or drawn ones."""
        rng = np.random.default_rng(seed)
        size = max(1, CHUNK // max(rows, self.units.count, 1))
        for start in range(0, count, size):
            some = min(size, count - start)
            if exact:
                bits = np.arange(start, start + some)[None, :] >> np.arange(self.units.count)[:, None]
                yield self._exchanged((bits & 1).astype(float))
            elif self.units.group is None:
                yield self._drawn(some, rng)
            else:
                yield self._exchanged(rng.integers(0, 2, (self.units.count, some)).astype(float))

    def _exchanged(self, turned: Floats) -> Floats:
        return self.fixed + self.units.spread(1 - turned) + self.units.spread(turned)[self.mirror]

    def _drawn(self, size: int, rng: np.random.Generator) -> Floats:
        """Draw for mirrored cells together: how many of their items lie one way round."""
        weights = np.repeat(self.fixed, size, axis=1)
        one = np.flatnonzero(np.arange(self.mirror.size) < self.mirror)
        other = self.mirror[one]
        both = (self.units.observed[one] + self.units.observed[other]).astype(np.int64)
        kept = rng.binomial(both, 0.5, (one.size, size))
        weights[one] += kept
        weights[other] += both - kept
        return weights
