"""Knows whether a rater may stand in for people, and whether that says anything on skewed labels; knows no models.

Source: N. Calderon, R. Reichart, R. Dror, The Alternative Annotator Test for LLM-as-a-Judge (2025, arXiv 2501.10970).
On skewed labels the plain test passes raters that never look at an item: a constant "5" passes where 89 % of the labels
are 5. So constant raters are tested beside every rater, and a variant in which every level weighs the same.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..errors import InputError, SetupError
from ..frozen import FrozenDict
from ..jsonable import JsonableRecord
from ..metrics import Labels
from ..scales import Label, Scale
from ..statistics import Floats
from ..values import as_number, plain
from .alt_advantage import Advantage, AdvantageContest, Fit
from .annotation_matrix import human_table

EPSILON: Mapping[str, float] = FrozenDict({"expert": 0.2, "skilled": 0.15, "crowd": 0.1})
"""How much worse than a person a rater may be, by who the people are: it saves more where people cost more."""

CONSTANTS = 50
"""Levels that occur from which on only the most frequent label, the median and the mean are tried as constants."""

Similarity = Callable[[Label, Label], float]
AltTestScoring = Literal["accuracy", "rmse", "distance"]
Verdict = Literal["passed", "failed", "not shown", "undefined"]


@dataclass(frozen=True)
class AltTest(JsonableRecord):
    """What the alternative annotator test says of a rater, with its guard against skewed labels.

    Attributes:
        plain: The test of the paper.
        balanced: The same on classes of items that weigh the same: a class is a level, that of the others' typical
            label; for each person, levels of fewer than 10 items are pooled. It needs two classes of 10 items, and is
            cautious: one loss is added to each class, as few items without a loss prove little.
        constants: The plain test of constant raters, by the label they always give.
        majority: The most frequent human label, as it stands in ``constants``.
        median: The median human label; None where labels have no order.
        skewed: Whether a constant rater passes the plain test too. Then passing it shows nothing.
        scoring: How labels were compared: "accuracy", "rmse", "distance" or "similarity".
        epsilon: How much worse than a person the rater may be.
        q: Level of the Benjamini-Yekutieli rule over people.
        n: Items the test stands on.
        unparsed: Ratings that were None.
        left_out: Items the test does not stand on, by reason.
        note: What needs care; "" when there is nothing to say.
    """

    plain: Advantage
    balanced: Advantage
    constants: Mapping[str, Advantage]
    majority: str | None
    median: str | None
    skewed: bool
    scoring: str
    epsilon: float
    q: float
    n: int
    unparsed: int
    left_out: Mapping[str, int]
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """Sum up: on skewed labels a pass counts only if the balanced test is passed as well."""
        if self.plain.passed is None:
            return "undefined"
        if not self.plain.passed:
            return "failed"
        return "passed" if not self.skewed or self.balanced.passed else "not shown"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data; None stands for what is undefined, never NaN."""
        return {**super().to_dict(), "verdict": self.verdict}


def alt_test(
    ratings: Sequence[Label | None],
    labels: Sequence[Labels],
    scale: Scale,
    *,
    epsilon: float = EPSILON["crowd"],
    scoring: AltTestScoring | Similarity | None = None,
    fill: Label | None = None,
    q: float = 0.05,
) -> AltTest:
    """Test whether a rater may stand in for the people who labelled the items.

    For each person, rater and person are compared in how well they fit the *other* people's labels. The rater beats a
    person if being worse by ``epsilon`` or more can be ruled out (one-sided t-test, Wilcoxon's signed-rank test below
    30 items, Benjamini-Yekutieli over people). It passes if it beats at least half of them. People with fewer than 10
    items are not tested, and said to be so; 50 to 100 items of each of 3 people or more are advised.

    Args:
        ratings: The rater's labels; None where there was no readable answer.
        labels: For each item a mapping from annotator to label, or a list of labels by position; see
            `labels_by_annotator` for those of a corpus.
        scale: The scale of all of them.
        epsilon: How much worse than a person the rater may be, see `EPSILON`; 0.1, the strictest, is for crowd workers.
        scoring: ``"accuracy"`` (share of the others with the same label; nominal, pairwise), ``"rmse"`` (root mean
            squared difference of values, less is better; ordinal, interval), ``"distance"`` (mean absolute difference
            of values), or a function of two labels that is larger the more alike they are. None takes the scale's own.
        fill: The label that stands for an unreadable answer; None leaves the item out.
        q: Level of the Benjamini-Yekutieli rule.

    Raises:
        InputError: For lengths that differ, a label off the scale, or epsilon or q that make no sense.
        SetupError: For a scoring that the scale has no numbers for.
    """
    for name, value in (("epsilon", epsilon), ("q", q)):
        if not 0 <= value < 1:
            raise InputError(f"{name} is {value}", cure="Give a number from 0 to below 1.")
    table = human_table(ratings, labels, scale, groups=None, fill=fill)
    ordered = scale.ordered
    chosen = ("rmse" if ordered else "accuracy") if scoring is None else scoring
    contest = AdvantageContest.of(table.names, table.packed(), _fit(chosen, scale), ordered=ordered)

    def advantage(rating: Floats, *, balanced: bool = False) -> Advantage:
        return contest.advantage(rating, epsilon=epsilon, q=q, balanced=balanced)

    given = table.grid[np.isfinite(table.grid)]
    constants, majority, median = _constants(given, scale, ordered=ordered)
    rows = {
        name: advantage(np.full(table.rating.size, value)) for name, value in constants.items() if table.rating.size
    }
    skewed = any(row.passed for row in rows.values())
    if scale.levels is None:
        why = "the scale has no levels to balance by; Corpus.cut makes some"
        balanced = Advantage(None, None, None, (), why)
    else:
        balanced = advantage(table.rating, balanced=True)
    return AltTest(
        plain=advantage(table.rating),
        balanced=balanced,
        constants=FrozenDict(rows),
        majority=majority,
        median=median,
        skewed=skewed,
        scoring=chosen if isinstance(chosen, str) else "similarity",
        epsilon=float(epsilon),
        q=float(q),
        n=table.rating.size,
        unparsed=table.unparsed,
        left_out=table.left_out,
        note=_note(labels, [name for name, row in rows.items() if row.passed]),
    )


def _note(labels: Sequence[Labels], passing: Sequence[str]) -> str:
    notes = []
    if passing:
        notes.append(f"a constant rater ({', '.join(passing)}) passes too: read the balanced test")
    if not all(isinstance(item, Mapping) for item in labels):
        notes.append("the labels of one position are taken as one annotator's")
    return "; ".join(notes)


def _constants(given: Floats, scale: Scale, *, ordered: bool) -> tuple[dict[str, float], str | None, str | None]:
    """Return constant raters by name, and which of them are the most frequent label and the median."""
    if given.size == 0:
        return {}, None, None
    values, counts = np.unique(given, return_counts=True)
    most = float(values[counts.argmax()])
    middle = float(np.sort(given)[(given.size - 1) // 2]) if ordered else most
    tried = values.tolist() if values.size <= CONSTANTS else sorted({most, middle})
    if scale.unit is not None:
        tried = sorted({*tried, float(given.mean())})
    names = {value: _written(value, scale) for value in tried}
    return {name: value for value, name in names.items()}, names[most], names[middle] if ordered else None


def _written(value: float, scale: Scale) -> str:
    return str(scale.label_of(value)) if scale.unit is None else f"{value:.6g}"


def _label(value: float, scale: Scale) -> Label:
    return scale.label_of(value) if scale.unit is None else value


def _fit(scoring: AltTestScoring | Similarity, scale: Scale) -> Fit:
    if callable(scoring):
        return _similarity(scoring, scale)
    if scoring == "accuracy":
        return lambda x, y: (x == y).astype(float)
    if scoring not in ("rmse", "distance"):
        raise SetupError(f"unknown scoring {scoring!r}", cure="Use accuracy, rmse, distance or a function.")
    if not scale.ordered:
        raise SetupError(f"a {scale.kind} scale has no {scoring}", cure='Use scoring="accuracy" or a function.')
    # The root is left out: it does not change which of two mean squares is the smaller.
    return (lambda x, y: -((x - y) ** 2)) if scoring == "rmse" else (lambda x, y: -np.abs(x - y))


def _similarity(similarity: Similarity, scale: Scale) -> Fit:
    """Turn a function of two labels into one of arrays that asks once for each distinct pair."""
    known: dict[tuple[float, float], float] = {}

    def of_pair(a: float, b: float) -> float:
        if (a, b) not in known:
            x, y = _label(a, scale), _label(b, scale)
            given = plain(similarity(x, y))
            value = given if isinstance(given, bool) else as_number(given)
            if value is None:
                raise InputError(
                    f"the similarity of {x} and {y} is no finite number", cure="Mend the scoring function."
                )
            known[a, b] = float(value)
        return known[a, b]

    def fit(x: Floats, y: Floats) -> Floats:
        x, y = np.broadcast_arrays(x, y)
        found = np.zeros(x.shape)
        there = np.isfinite(x) & np.isfinite(y)
        found[there] = [of_pair(a, b) for a, b in zip(x[there].tolist(), y[there].tolist(), strict=True)]
        return found

    return fit
