"""Knows from which confidence on a rater's labels may be kept if they are to agree as wanted; rates nothing itself.

Thresholds are hypotheses, "the labels kept from here on agree less than wanted", and one is taken if it can be rejected
at a level that holds for all of them together (Angelopoulos, Bates, Candes, Jordan and Lei 2021, Learn then Test, arXiv
2110.01052). As each keeps what a stricter one keeps and some more, their tests go together like looks at one growing
sample, and get one and the same level, such that labels that are just not good enough pass any of them in a share
1 - `level` of cases (Pocock 1977, Group sequential methods in the design and analysis of clinical trials, Biometrika
64). The threshold taken keeps its promise for new items in a share `level` of all draws of the items it was fitted on.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError, SetupError
from ..frozen import FrozenDict
from ..jsonable import JsonableRecord
from ..metrics import metrics_of
from ..scales import Label, Scale
from ..statistics import FEW_UNITS, Bootstrap, Codes, Estimate, Finding
from .confidences import Judged, checked_confidences, top_coded
from .threshold_tests import bootstrapped, critical, exact

STEPS = 20
"""Most thresholds that are tried, equally far apart in coverage."""

_ERRORS = ("mse", "mae", "bias")


@dataclass(frozen=True)
class TriedThreshold:
    """A threshold that was tried.

    Attributes:
        confidence: Labels at least so sure are kept.
        kept: Items kept.
        coverage: The share of all items handed in that they are.
        agreement: Their agreement with gold; None where it is undefined.
        p: Of "they agree less than wanted"; None where it could not be tested.
        low: Lower confidence bound of the agreement, at the level all thresholds were tested at.
        passed: Whether p is at most that level.
    """

    confidence: float
    kept: int
    coverage: float
    agreement: float | None
    p: float | None
    low: float | None
    passed: bool


@dataclass(frozen=True)
class Abstention(JsonableRecord):
    """From which confidence on labels are kept.

    Attributes:
        metric: What is wanted of the labels kept.
        wanted: At least how much of it.
        within: Distance from gold that is still right, for accuracy.
        level: Confidence of the promise.
        at: The level each threshold was tested at, for all of them together to be tested at 1 - `level`.
        chosen: The threshold; None where no threshold keeps the promise.
        tried: All that were tried, the strictest first.
        n: Items that were fitted on.
        left_out: Why others were not; they count as held back. Read-only.
        note: Why there is no threshold, or ''.
    """

    metric: str
    wanted: float
    within: float
    level: float
    at: float
    chosen: TriedThreshold | None
    tried: tuple[TriedThreshold, ...]
    n: int
    left_out: Mapping[str, int]
    note: str = ""

    def keeps(self, confidences: Sequence[float | None]) -> list[bool]:
        """Tell which labels are kept: none without a threshold, and none without a confidence.

        Raises:
            InputError: For a confidence that is not from 0 to 1.
        """
        numbers = checked_confidences(confidences, len(confidences))
        return [self.chosen is not None and bool(number >= self.chosen.confidence) for number in numbers]

    @property
    def finding(self) -> Finding:
        """The threshold as the answer of an audit; `shown` tells whether one keeps the promise."""
        chosen = self.chosen
        if chosen is None:
            none = Estimate(None, None, None, self.note)
            measures = {"coverage": none, f"{self.metric} of kept labels": none}
            verdict = f"cannot be reached: {self.note}"
        else:
            rather = f"a lower bound only: {chosen.low:.3f}" if chosen.low is not None else "no interval"
            measures = {
                "coverage": Estimate(chosen.coverage, None, None, "of the items fitted on"),
                f"{self.metric} of kept labels": Estimate(chosen.agreement, None, None, rather),
            }
            verdict = (
                f"labels at least {chosen.confidence:.3f} sure keep {self.metric} {self.wanted:g} with "
                f"{self.level:.0%} confidence: {chosen.coverage:.0%} of the items"
            )
        measured = any(one.p is not None for one in self.tried)
        shown = True if chosen is not None else (False if measured else None)
        details = {key: value for key, value in self.to_dict().items() if key not in ("n", "left_out")}
        return Finding("abstention", shown, verdict, FrozenDict(measures), self.n, self.left_out, FrozenDict(details))


def fit_abstention(
    confidences: Sequence[float | None],
    ratings: Sequence[Label | None],
    gold: Sequence[Label],
    scale: Scale,
    *,
    wanted: float,
    metric: str = "accuracy",
    within: float = 0.0,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Abstention:
    """Find the threshold of confidence that keeps the most labels and still agrees with gold as wanted.

    For accuracy each threshold has an exact binomial test; groups, whose errors go together, count as one item each
    (unequal ones as the fewer that weigh the same). For other metrics the test is a bootstrap over items or groups, to
    which one disagreement of the commonest kind is added, so that a few labels without any error prove nothing; it
    holds for large samples.

    Args:
        confidences: The rater's confidence in the label it gave, from 0 to 1; None where there is none.
        ratings: The rater's labels in the same order; None where there was no readable answer.
        gold: The gold labels. Fit on dev: the promise is about new items like these.
        scale: The scale of both.
        wanted: Agreement that the labels kept are to have, at least.
        metric: ``accuracy``, or a metric of the scale of which more is better (see `agreement`).
        within: For accuracy: distance from gold, in steps, that is still right.
        groups: Group of each item; items whose group is None stand alone.
        resamples: Bootstrap resamples, for other metrics than accuracy.
        seed: Seed of the bootstrap.
        level: Confidence of the promise.

    Raises:
        InputError: For lengths that differ, a label off the scale, or a confidence that is not from 0 to 1.
        SetupError: For a metric that the scale does not have or that measures errors, or a `within` or `wanted` that
            makes no sense.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    _check(metric, wanted, within, scale)
    # A metric other than accuracy knows no "right": any distance will do.
    near = within if metric == "accuracy" else float(scale.levels is None)
    data = Judged.of(confidences, ratings, gold, scale, within=near, groups=groups)
    block, edges, note = _steps(data, wanted if metric == "accuracy" else None, level)
    if metric == "accuracy":
        tests = [exact(data, block <= number, wanted) for number in range(len(edges))]
    else:
        coefficient = metrics_of(scale)[metric]
        tests = bootstrapped(data, scale, block, len(edges), coefficient, wanted, bootstrap)
    units = [test.units for test in tests]
    at = critical(units, 1 - wanted if metric == "accuracy" else 0.5, 1 - level, seed)
    tried = [
        TriedThreshold(
            confidence=edge,
            kept=test.kept,
            coverage=test.kept / data.handed_in,
            agreement=test.agreement,
            p=test.p,
            low=test.low(at),
            passed=test.p is not None and test.p <= at,
        )
        for test, edge in zip(tests, edges, strict=True)
    ]
    passed = [one for one in tried if one.passed]
    if not passed and not note:
        best = max((one.agreement for one in tried if one.agreement is not None), default=None)
        seen = "it is undefined at every threshold" if best is None else f"the highest seen is {best:.3f}"
        note = f"no threshold proves {metric} {wanted:g} on {data.n} items; {seen}"
    chosen = passed[-1] if passed else None
    return Abstention(
        metric=metric,
        wanted=float(wanted),
        within=float(within),
        level=float(level),
        at=at,
        chosen=chosen,
        tried=tuple(tried),
        n=data.n,
        left_out=data.left_out,
        note="" if passed else note,
    )


def _check(metric: str, wanted: float, within: float, scale: Scale) -> None:
    known = [name for name in {"accuracy": None, **metrics_of(scale)} if name not in _ERRORS]
    if metric not in known:
        cure = f"Give one of {', '.join(known)}, of which more is better."
        raise SetupError(f"no threshold can be fitted for {metric!r} on {scale.kind} scales", cure=cure)
    if not math.isfinite(wanted) or not 0 < wanted < 1:
        raise InputError(f"wanted is {wanted}", cure="Give an agreement between 0 and 1; 1 can never be proved.")
    if within and metric != "accuracy":
        raise SetupError(f"within={within} means nothing for {metric}", cure="Leave within out, or take accuracy.")


def _steps(data: Judged, wanted: float | None, level: float) -> tuple[Codes, list[float], str]:
    """Return the thresholds, the step that each item is first kept at, and why there is no threshold."""
    if data.n == 0:
        return np.empty(0, dtype=np.int64), [], "no item has a label and a confidence"
    surest = top_coded(data.confidence)
    upto = np.cumsum(np.bincount(surest))
    # So few that even without any error nothing is proved; known before an outcome is seen.
    least = FEW_UNITS if wanted is None else math.ceil(math.log(1 - level) / math.log(wanted) - 1e-9)
    if data.n < least:
        return np.empty(0, dtype=np.int64), [], f"{data.n} items are too few: it takes {least} without any error"
    marks = np.searchsorted(upto, np.ceil(np.arange(1, STEPS + 1) / STEPS * data.n - 1e-9))
    ends = [int(end) for end in np.unique(marks) if upto[end] >= least]
    values = np.unique(data.confidence)[::-1]
    return np.searchsorted(ends, surest).astype(np.int64), [float(values[end]) for end in ends], ""
