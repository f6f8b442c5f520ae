"""Knows whether a rater's verdicts on pairs depend on which of the two is shown first; knows no rater."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from ..errors import InputError
from ..frozen import FrozenDict
from ..pairwise import check_pairwise, turned
from ..scales import Label, Pairwise, Scale
from ..statistics import Bootstrap, Codes, Estimate, Finding, Floats, Units, distinct_rows, estimates, ratio

POSITION_BIAS = "position bias"
PREFERENCE = "preference for the first shown"

_LEANS = {"A": 1, "B": -1, "tie": 0}


def position_bias(
    given: Sequence[Label | None],
    swapped: Sequence[Label | None],
    *,
    gold: Sequence[Label] | None = None,
    scale: Scale | None = None,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Finding:
    """Compare verdicts on the same pairs in both orders.

    =====================================  =========================================================================
    ``preference for the first shown``     share of verdicts for whichever was shown first, less the share for the
                                           second, over both orders. Every text stands once in each place, so what it
                                           is worth cancels out, and noise does too: a rater that flips coins has 0, one
                                           that says "the first" in a share b of its verdicts, whatever stands there,
                                           has b
    ``flips``                              share of pairs whose verdict changes with the order: bias and noise together
    ``flips for the first shown``          of the pairs whose two verdicts lean to one place, the share that leans to
                                           the first: 0.5 for noise alone
    ``ties``                               share of ties over both orders
    ``right in both orders``               with gold: Acc_both, the share of pairs judged rightly in either order
    ``right in one order``                 with gold: Acc_random, accuracy in an order drawn by lot
    =====================================  =========================================================================

    The last two are those of Wei et al., Systematic Evaluation of LLM-as-a-Judge in LLM Alignment Tasks
    (arXiv:2408.13006). Bias is shown where the interval of the preference leaves 0 out and an exact sign test on the
    pairs that lean to one place (McNemar's test; on groups, where there are some) rejects as well: few pairs that lean
    make intervals too short.

    Args:
        given: Verdicts on the pairs as they are; None where there was no readable answer.
        swapped: Verdicts on the same pairs with the two exchanged, as they were said there: ``A`` is what was shown
            first, the pair's B.
        gold: The right verdicts on the pairs as they are; None leaves the accuracies out.
        scale: A `Pairwise`; None for one with ties.
        groups: Group of each pair (the instruction, say); whole groups are resampled. None resamples pairs.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Of the bootstrap; the result does not depend on the order of the pairs.
        level: Confidence level of the intervals, and one less the level of the test.

    Raises:
        InputError: For lengths that differ, or a verdict that is not on the scale.
        SetupError: For a scale that is not of pairs.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    scale = check_pairwise(Pairwise() if scale is None else scale, POSITION_BIAS)
    for name, list_ in (("swapped verdicts", swapped), ("gold verdicts", gold), ("groups", groups)):
        if list_ is not None and len(list_) != len(given):
            raise InputError(
                f"{len(list_)} {name} for {len(given)} verdicts", place=POSITION_BIAS, cure="Give one for each."
            )
    for name, verdicts in (("given", given), ("swapped", swapped), ("gold", () if gold is None else gold)):
        for verdict in set(verdicts):
            if verdict is None and name == "gold":
                cure = "Leave pairs without a gold verdict out."
                raise InputError("a gold verdict is missing", place=POSITION_BIAS, cure=cure)
            if verdict is not None:
                scale.check(verdict, name)
    kept = [place for place, both in enumerate(zip(given, swapped, strict=True)) if None not in both]
    levels = scale.levels or ()
    rank = {verdict: number for number, verdict in enumerate(levels)}
    answers = [given, [turned(verdict) for verdict in swapped], *([] if gold is None else [gold])]
    codes = np.array([[rank[column[place]] for column in answers] for place in kept], dtype=np.int64)  # pyright: ignore
    codes = codes.reshape(len(kept), len(answers))
    cells = distinct_rows(codes)
    chosen = None if groups is None else [groups[place] for place in kept]
    units = Units.of(cells.cell, len(cells.rows), chosen)
    table = _Table(cells.rows, [str(verdict) for verdict in levels], gold is not None)
    found = estimates(units, table.statistics, bootstrap, why=lambda name: _why(name, len(kept)))
    p = _sign_test(table.leans[cells.cell], units)
    shown = _shown(found[PREFERENCE], p, level)
    turned_counts = Counter((str(given[place]), str(answers[1][place])) for place in kept)
    return Finding(
        name=POSITION_BIAS,
        shown=shown,
        verdict=_verdict(shown, found, units.count, table, p),
        measures=FrozenDict(found),
        n=len(kept),
        left_out=FrozenDict(_left_out(given, swapped)),
        details=FrozenDict(
            {
                "sign_test_p": p,
                "units": units.count,
                "verdicts": {f"{one}, turned back {other}": n for (one, other), n in sorted(turned_counts.items())},
            }
        ),
    )


class _Table:
    """What each distinct row of verdicts (given, turned back, gold) counts for."""

    def __init__(self, rows: Codes, names: Sequence[str], with_gold: bool) -> None:
        lean = np.array([_LEANS[name] for name in names], dtype=float)
        one, other = rows[:, 0], rows[:, 1]
        tie = np.array([name == "tie" for name in names], dtype=float)
        # The second verdict is turned back: leaning to the pair's A there is leaning to what was shown second.
        self.leans: Floats = (lean[one] - lean[other]) / 2
        self.flips: Floats = (one != other).astype(float)
        self.ties: Floats = (tie[one] + tie[other]) / 2
        self.right: Floats | None = (rows[:, :2] == rows[:, 2:]).astype(float) if with_gold else None

    def statistics(self, weights: Floats) -> dict[str, Floats]:
        """Return every measure on weighted rows; see `position_bias`."""
        total = weights.sum(axis=0)
        some = total > 0
        towards, leaning = (self.leans > 0).astype(float) @ weights, (self.leans != 0).astype(float) @ weights
        found = {
            PREFERENCE: ratio(self.leans @ weights, total, some),
            "flips": ratio(self.flips @ weights, total, some),
            "flips for the first shown": ratio(towards, leaning, leaning > 0),
            "ties": ratio(self.ties @ weights, total, some),
        }
        if self.right is not None:
            found["right in both orders"] = ratio(self.right.min(axis=1) @ weights, total, some)
            found["right in one order"] = ratio(self.right.mean(axis=1) @ weights, total, some)
        return found


def _sign_test(leans: Floats, units: Units) -> float | None:
    """Return the exact two-sided p of "as many units lean to the first as to the second"; None where none leans."""
    group = np.arange(leans.size) if units.group is None else units.group
    sums = np.bincount(group, weights=leans, minlength=units.count) if leans.size else leans
    first, second = int((sums > 0).sum()), int((sums < 0).sum())
    if first + second == 0:
        return None
    from scipy.stats import binomtest

    return float(binomtest(first, first + second).pvalue)


def _shown(preference: Estimate, p: float | None, level: float) -> bool | None:
    if preference.low is None or preference.high is None:
        return None
    return bool((preference.low > 0 or preference.high < 0) and p is not None and p < 1 - level)


def _verdict(shown: bool | None, found: Mapping[str, Estimate], units: int, table: _Table, p: float | None) -> str:
    preference, flips = found[PREFERENCE], found["flips"]
    if preference.value is None or flips.value is None:
        return f"could not be measured: {preference.note}"
    changed = f"{flips.value:.1%} of the verdicts change with the order"
    if shown is None:
        return f"could not be measured: {preference.note} ({changed})"
    place = "first" if preference.value > 0 else "second"
    if shown:
        return (
            f"whatever is shown {place} wins {100 * abs(preference.value):.1f} points more of the verdicts; {changed}"
        )
    if table.ties.size and table.ties.min() == 1:
        return "every verdict is a tie, which no order can turn"
    if flips.value == 0:
        return "no verdict changes with the order"
    if p is None:
        return f"{changed}, none of them towards a place"
    return f"no preference for a place is shown beyond noise; {changed}"


def _why(name: str, kept: int) -> str:
    if kept == 0:
        return "no pair has a verdict in both orders"
    return "no verdict leans to a place" if name == "flips for the first shown" else "undefined"


def _left_out(given: Sequence[Label | None], swapped: Sequence[Label | None]) -> dict[str, int]:
    reasons = {
        (True, False): "no verdict in the order given",
        (False, True): "no verdict with the two exchanged",
        (True, True): "no verdict in either order",
    }
    counts = Counter((one is None, other is None) for one, other in zip(given, swapped, strict=True))
    return {said: counts[key] for key, said in reasons.items() if counts[key]}
