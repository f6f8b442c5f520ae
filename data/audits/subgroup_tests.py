"""Knows whether errors differ between parts of the data by more than shuffling the parts does; knows no coefficient."""

from typing import NamedTuple

import numpy as np

from ..metrics import Rated, in_steps
from ..statistics import Codes, Floats, group_ranks, share_as_extreme, shuffled_within


class PartTest(NamedTuple):
    """One kind of error, tested in all parts.

    Attributes:
        difference: Each part's mean error less what parts with the same gold labels have on average.
        p: p-value of each part; None where shuffling changes nothing.
        together: p-value of all parts together; None where shuffling changes nothing.
    """

    difference: list[float]
    p: list[float | None]
    together: float | None


def part_tests(rated: Rated, part: Codes, parts: int, *, draws: int, seed: int) -> dict[str, PartTest]:
    """Test the mean error, and on ordinal and interval scales the mean of rating - gold, given gold.

    Args:
        rated: The labels.
        part: (items,) the part of each item.
        parts: How many parts there are; each has an item.
        draws: How many shufflings.
        seed: Of the shufflings.
    """
    if rated.scale.ordered:
        both = in_steps(np.concatenate([rated.rating, rated.gold]), rated.scale)
        kinds = {"error": np.abs(both[: rated.n] - both[rated.n :]), "bias": rated.rating - rated.gold}
    else:
        kinds = {"error": (rated.rating != rated.gold).astype(float)}
    # In an order of their own from the start: sums in another order may differ by rounding, and draws by their places.
    ranks, strata = group_ranks(rated.groups, rated.n), rated.strata()
    order = np.lexsort((*kinds.values(), part, strata, ranks))
    part, strata, ranks = part[order], strata[order], ranks[order]
    each = [errors[order] for errors in kinds.values()]
    table = np.stack([errors - _means(errors, strata)[strata] for errors in each], axis=1)
    units = _Shuffled.of(table, strata, part, ranks)
    observed = units.means(units.part, parts)
    rng = np.random.default_rng(seed)
    drawn = np.stack([units.means(units.shuffle(rng), parts) for _ in range(draws)])
    return {kind: _test(observed[:, place], drawn[:, :, place]) for place, kind in enumerate(kinds)}


def _test(observed: Floats, drawn: Floats) -> PartTest:
    everything = np.vstack([observed, drawn])
    middle, spread = everything.mean(axis=0), everything.std(axis=0)
    moving = spread > 1e-12
    standard = np.abs(np.where(moving, (everything - middle) / np.where(moving, spread, 1.0), 0.0))
    p = [
        share_as_extreme(float(column[0]), column) if moves else None
        for column, moves in zip(standard.T, moving, strict=True)
    ]
    squares = (standard**2).sum(axis=1)
    together = share_as_extreme(float(squares[0]), squares) if moving.any() else None
    return PartTest((observed - middle).tolist(), p, together)


class _Shuffled(NamedTuple):
    """What changes parts: items within their strata, or whole groups.

    Attributes:
        total: (units, kinds) sum of errors.
        size: (units,) items.
        strata: (units,) ascending; a unit changes places with others of its stratum.
        part: (units,) the part of each.
    """

    total: Floats
    size: Floats
    strata: Codes
    part: Codes

    @classmethod
    def of(cls, table: Floats, strata: Codes, part: Codes, ranks: Codes) -> "_Shuffled":
        size = np.ones(len(table))
        if (ranks >= 0).any():
            # An item of no group is a group by itself.
            own = np.where(ranks >= 0, ranks, ranks.max() + np.cumsum(ranks < 0))
            first = np.zeros(int(own.max()) + 1, dtype=np.int64)
            first[own] = part
            if (first[own] == part).all():
                sums = np.zeros((first.size, table.shape[1]))
                np.add.at(sums, own, table)
                table, part = sums, first
                size = np.bincount(own, minlength=first.size).astype(float)
                strata = np.zeros(first.size, dtype=np.int64)
            else:
                strata = own
        order = np.argsort(strata, kind="stable")
        return cls(table[order], size[order], strata[order], part[order])

    def shuffle(self, rng: np.random.Generator) -> Codes:
        return self.part[shuffled_within(self.strata, rng)]

    def means(self, part: Codes, parts: int) -> Floats:
        """Return (parts, kinds) mean errors."""
        items = np.bincount(part, weights=self.size, minlength=parts)
        sums = [np.bincount(part, weights=column, minlength=parts) for column in self.total.T]
        return np.stack(sums, axis=1) / np.maximum(items, 1)[:, None]


def _means(errors: Floats, strata: Codes) -> Floats:
    return np.bincount(strata, weights=errors) / np.maximum(np.bincount(strata), 1)
