"""Knows when an estimate or a test rules chance out, and how to say it; knows nothing about what is measured."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from .bootstrap import CHUNK, Bootstrap, Statistics, Units
from .cells import Codes, Floats
from .estimate import Estimate, estimates_with_draws, outside
from .multiple_testing import holm


class Tested(NamedTuple):
    """An estimate with its p-value, as it is and corrected for the others of its family; None where there is none."""

    found: Estimate
    p: float | None
    adjusted: float | None


def tested(
    units: Units,
    statistics: Statistics,
    family: Sequence[str],
    bootstrap: Bootstrap,
    *,
    why: Callable[[str], str] = lambda name: "undefined",
    rows: int = 0,
) -> dict[str, Tested]:
    """Bootstrap named statistics together; those of the family get two-sided p-values of "it is 0", Holm-corrected.

    The arguments are those of `estimates`, and ``family`` names the statistics that are tested.
    """
    found, draws = estimates_with_draws(units, statistics, bootstrap, why, rows)
    p = {name: two_sided_p(draws[name], units.count) if found[name].low is not None else None for name in family}
    adjusted = dict(zip(family, holm([p[name] for name in family]), strict=True))
    return {name: Tested(one, p.get(name), adjusted.get(name)) for name, one in found.items()}


def two_sided_p(draws: Floats, units: int) -> float:
    """Return the two-sided bootstrap p-value of "no difference".

    With the share ``s = min(1 + #{d <= 0}, 1 + #{d >= 0}) / (1 + #d)`` over the draws d that are defined (one more
    resample is counted, so that p is never 0), 1 - p is the level of the interval that leaves s out at each end: the
    intervals are wider than percentile ones on few items, and the p-values larger by as much (`outside`).

    Args:
        draws: (resamples,) differences; NaN where undefined.
        units: How many items or groups were resampled; at least 2.
    """
    kept = draws[np.isfinite(draws)]
    # Two raters that differ by a permutation of errors differ by rounding only: that is no difference.
    kept = np.where(np.abs(kept) < 1e-12, 0.0, kept)
    against = 1 + min(int((kept <= 0).sum()), int((kept >= 0).sum()))
    return outside(min(0.5, against / (1 + kept.size)), units)


def rules_out(found: Estimate, value: float = 0.0) -> bool | None:
    """Tell whether an interval leaves a value out; None where there is no interval."""
    if found.low is None or found.high is None:
        return None
    # What is equal but for rounding is no difference.
    return found.low > value + 1e-12 or found.high < value - 1e-12


def said(found: Estimate, *, signed: bool = False, percent: bool = False, unit: str = "") -> str:
    """Write an estimate into a sentence, e.g. ``+0.12 (0.08 to 0.16)``."""
    if found.value is None:
        return "undefined"
    form = f"{'+' if signed else ''}.{1 if percent else 2}{'%' if percent else 'f'}"
    value = f"{_tidy(found.value):{form}}{unit}"
    if found.low is None or found.high is None:
        return f"{value} (no interval)"
    return f"{value} ({_tidy(found.low):{form}} to {_tidy(found.high):{form}})"


def sign_flips(
    differences: Floats, groups: Sequence[str | None] | None, *, draws: int, seed: int
) -> tuple[Floats, Floats]:
    """Return the sums of differences as they are, and with signs that chance gave them.

    If the two labels of an item could as well have been given the other way round, every difference could have had the
    other sign. Items of one group change signs together. All ways are gone through where there are no more than
    ``draws``, else ways are drawn, with the one observed among them: a share of them that is as extreme is a p-value
    that holds at any number of items.

    Args:
        differences: (items, columns).
        groups: Group of each item, or None.
        draws: How many ways.
        seed: Of the draws.

    Returns:
        (columns,) and (columns, ways).
    """
    # In an order of their own from the start: sums in another order may differ by rounding, and draws by their places.
    order = np.lexsort((*differences.T, group_ranks(groups, len(differences))))
    differences = differences[order]
    chosen = None if groups is None else [groups[place] for place in order]
    units = Units.of(np.arange(order.size), order.size, chosen)
    rows = differences
    if units.group is not None:
        rows = np.zeros((units.count, differences.shape[1]))
        np.add.at(rows, units.group, differences)
    rows = rows[np.any(np.abs(rows) > 1e-12, axis=1)]
    observed = rows.sum(axis=0)
    if len(rows) < 63 and 2 ** len(rows) <= draws:
        bits = np.arange(2 ** len(rows))[None, :] >> np.arange(len(rows))[:, None] & 1
        return observed, rows.T @ (1.0 - 2.0 * bits)
    rng = np.random.default_rng(seed)
    size = max(1, CHUNK // len(rows))
    parts = [
        rows.T @ (1.0 - 2.0 * rng.integers(0, 2, (len(rows), min(size, draws - start))))
        for start in range(0, draws, size)
    ]
    return observed, np.column_stack([observed, *parts])


def group_ranks(groups: Sequence[str | None] | None, items: int) -> Codes:
    """Return the place of each item's group among the names of all, -1 for an item of none: something to sort by."""
    if groups is None:
        return np.full(items, -1, dtype=np.int64)
    ranks = {name: place for place, name in enumerate(sorted({group for group in groups if group is not None}))}
    return np.array([-1 if group is None else ranks[group] for group in groups], dtype=np.int64)


def share_as_extreme(observed: float, draws: Floats) -> float:
    """Return the share of draws at or above what was observed, which is one of them; equal but for rounding counts."""
    return float(np.mean(draws >= observed - 1e-9 * max(1.0, abs(observed))))


def shuffled_within(strata: Codes, rng: np.random.Generator) -> Codes:
    """Return a random order of places that keeps every place in its stratum; ``strata`` are whole and ascend."""
    return np.argsort(strata + rng.random(strata.size))


def _tidy(number: float) -> float:
    """Never write -0.00."""
    return number if abs(number) >= 0.0005 else 0.0
