"""Knows how several labels of one item become one; knows nothing about files, models or agreement."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError, SetupError
from ..scales import Label, Scale
from ..values import show, suggestion

if TYPE_CHECKING:
    from .items import Item

RULES = ("auto", "median", "mean", "majority", "dawid_skene")


def consensus(labels: Sequence[Label], scale: Scale, rule: str = "auto") -> Label | None:
    """Return the consensus of one item's labels, or None when there is none (no labels, or a tied majority).

    Args:
        labels: Labels of the scale, one an annotator.
        scale: Their scale.
        rule: ``"median"``, ``"mean"``, ``"majority"``, or ``"auto"``: median on an ordinal, mean on an interval,
            majority on a nominal or pairwise scale.

    Raises:
        InputError: For an unknown rule or a label that is not on the scale.
        SetupError: For a rule the scale has no numbers for, or ``"dawid_skene"``, which needs all items at once.
    """
    rule = rule_for(scale, rule)
    if rule == "dawid_skene":
        raise SetupError("Dawid-Skene weighs annotators over all items", cure="Call dawid_skene(corpus, scale).")
    if not labels:
        return None
    return {"median": median, "mean": mean, "majority": majority}[rule](labels, scale)


def rule_for(scale: Scale, rule: str) -> str:
    """Return the rule that ``"auto"`` stands for on this scale, or the rule itself if it fits the scale.

    Raises:
        InputError: For an unknown rule.
        SetupError: For a rule that does not fit the scale.
    """
    if rule not in RULES:
        raise InputError(
            f"unknown consensus rule {show(rule)}", cure=f"Use one of {', '.join(RULES)}.{suggestion(str(rule), RULES)}"
        )
    if rule == "auto":
        return scale.central_tendency
    if rule in ("median", "mean") and not scale.ordered:
        raise SetupError(f"a {scale.kind} scale has no {rule}", cure='Use consensus="majority".')
    if rule in ("majority", "dawid_skene") and scale.levels is None:
        raise SetupError(f"a scale without levels has no {rule}", cure='Use consensus="mean" or "median".')
    return rule


def median(labels: Sequence[Label], scale: Scale) -> Label:
    """Return the middle label.

    With an even number of labels on an ordinal scale whose two middle labels differ, the one nearer to the mean of all
    labels; at equal distance the lower. On an interval, the mean of the two (brought onto a step if there is one).

    Raises:
        InputError: For no labels.
        SetupError: On nominal and pairwise scales.
    """
    values = _values(labels, scale)
    ordered = [label for _, label in sorted(zip(values, labels, strict=True), key=lambda pair: pair[0])]
    low, high = ordered[(len(labels) - 1) // 2], ordered[len(labels) // 2]
    a, b = scale.value(low), scale.value(high)
    if scale.unit is not None:
        return scale.nearest((a + b) / 2)
    # Compared times n, in whole numbers: no rounding decides a tie.
    total, n = sum(values), len(values)
    return high if abs(b * n - total) < abs(a * n - total) else low


def mean(labels: Sequence[Label], scale: Scale) -> Label:
    """Return the arithmetic mean of the labels' values, brought onto the nearest level if the scale has levels.

    Raises:
        InputError: For no labels.
        SetupError: On nominal and pairwise scales.
    """
    return scale.nearest(float(np.mean(_values(labels, scale))))


def majority(labels: Sequence[Label], scale: Scale) -> Label | None:
    """Return the most frequent label, or None when two or more labels share the first place.

    Raises:
        InputError: For no labels.
    """
    _some(labels)
    counts = Counter(scale.check(label) for label in labels).most_common(2)
    return None if len(counts) == 2 and counts[0][1] == counts[1][1] else counts[0][0]


def distribution(labels: Sequence[Label], scale: Scale) -> dict[Label, float]:
    """Return each level's share of the labels, levels nobody chose included; the shares sum to 1.

    On an interval without step: the shares of the values that occur, in ascending order.

    Raises:
        InputError: For no labels.
    """
    _some(labels)
    counts = Counter(scale.check(label) for label in labels)
    levels = sorted(counts, key=scale.position) if scale.levels is None else scale.levels
    return {level: counts[level] / len(labels) for level in levels}


def spread(labels: Sequence[Label], scale: Scale) -> float:
    """Return the sample standard deviation (ddof = 1) of the labels' values; NaN for fewer than two labels.

    Raises:
        SetupError: On nominal and pairwise scales.
    """
    values = [scale.value(label) for label in labels]
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def dawid_skene(items: Iterable["Item"], scale: Scale, *, iterations: int = 100) -> dict[str, Label]:
    """Return each item's most probable label under the model of Dawid and Skene, fitted by EM.

    Every annotator has a confusion matrix, estimated together with the items' true labels, so that careful annotators
    weigh more (A. P. Dawid, A. M. Skene, Applied Statistics 28(1), 1979, doi:10.2307/2346806). Done by crowd-kit.

    Args:
        items: A corpus or any items; those without annotations are left out of the answer.
        scale: Their scale; must have levels. Their order is not used.
        iterations: Most EM steps.

    Returns:
        Item id to label.

    Raises:
        InputError: For annotations without an annotator.
        SetupError: When crowd-kit is not installed, or the scale has no levels.
    """
    rule_for(scale, "dawid_skene")
    try:
        import pandas
        from crowdkit.aggregation import DawidSkene
    except ImportError as error:
        raise SetupError(
            "Dawid-Skene needs crowd-kit, which is not installed", cure='Run: pip install "accord[crowd]".'
        ) from error
    votes: list[tuple[str, str, str]] = []
    for item in items:
        for annotation in item.annotations:
            if annotation.annotator is None:
                raise InputError(
                    "Dawid-Skene needs to know who gave each label",
                    place=f"item {show(item.id)}",
                    cure="Name the annotator column, or choose another consensus.",
                )
            votes.append((item.id, annotation.annotator, scale.write(annotation.label)))
    if not votes:
        return {}
    # Sorted, so that the answer does not depend on the order of the file.
    frame = pandas.DataFrame(sorted(votes), columns=["task", "worker", "label"])
    found = DawidSkene(n_iter=iterations).fit_predict(frame)
    return {str(task): scale.read(label) for task, label in found.items()}


def _some(labels: Sequence[Label]) -> None:
    if not labels:
        raise InputError("there are no labels", cure="Give at least one.")


def _values(labels: Sequence[Label], scale: Scale) -> list[float]:
    _some(labels)
    return [scale.value(label) for label in labels]
