"""Knows which human labels the teacher clearly speaks against; does not know which of the two is right.

The model behind the probabilities is in `readings`.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...data import InputError, Label, Scale, SetupError
from .luck_control import _Floats
from .teacher_readings import fit_readings

_MOST_CELLS = 16
"""More labels than that, in order, are taken together in as many equal stretches of the scale."""


@dataclass(frozen=True)
class Suspect:
    """An item whose human label may be an error, or show a hole in the guideline.

    Attributes:
        item_id: Its id.
        place: Its place among the items, from 0.
        gold: The human label.
        believed: What the teacher says most often (on interval scales: in the middle of its draws).
        probability: That the true label is far from gold, if a share `noise` of all labels is wrong. Good for ranking;
            as a probability no better than that assumption.
        disagreeing: Draws that are far from gold.
        draws: Draws with a label.
    """

    item_id: str
    place: int
    gold: Label
    believed: Label
    probability: float
    disagreeing: int
    draws: int


def suspects(
    drawn: Sequence[Sequence[Label | None]],
    golds: Sequence[Label],
    scale: Scale,
    *,
    ids: Sequence[str] | None = None,
    least: int = 2,
    tolerance: float | None = None,
    noise: float = 0.05,
) -> list[Suspect]:
    """List the items whose label the teacher repeatedly disagrees with, most suspicious first.

    Listed is an item with `least` draws or more whose usual draw is far from gold: what was drawn most often (of
    equally frequent labels the nearest to gold), on an interval scale the median (of the two in the middle the nearer).
    The order is that of P(true label far from gold), which takes account of what this teacher often gets wrong, of how
    surely its draws show what it believes, and of their not being independent; see `readings`.

    Scales with more than 16 labels in order, and intervals without a step, enter the model in equal stretches of half
    the tolerance, at most 16 of them; far means that the middles of two stretches are further apart than the tolerance.

    Args:
        drawn: Each item's drawn labels in order; None for a draw without one. Labels that were forced out of unreadable
            replies are better given as None too.
        golds: Each item's human label.
        scale: The scale of both.
        ids: Each item's id; None takes the places.
        least: Fewest draws with a label.
        tolerance: Distance from gold, as `Scale.distance` measures it, that is still no disagreement. None takes one
            step on ordinal scales, a quarter of the range on interval scales, and 0 where every other label is simply
            another one; see `Scale.one_step`.
        noise: Share of the labels taken to be wrong, in (0, 1).

    Raises:
        InputError: If the arguments do not have one entry for each item, or a label is not on the scale.
        SetupError: If `least` is below 1, the tolerance is negative or `noise` is no share.
    """
    near = scale.one_step if tolerance is None else tolerance
    names = [str(place) for place in range(len(golds))] if ids is None else ids
    _check(drawn, golds, names, least=least, tolerance=near, noise=noise)
    for name, gold in zip(names, golds, strict=True):
        scale.check(gold, place=f"item {name!r}")
    said = [[label for label in labels if label is not None] for labels in drawn]
    asked = [place for place, labels in enumerate(said) if labels]
    if not asked:
        return []
    probabilities = _far_truth([said[place] for place in asked], [golds[place] for place in asked], scale, near, noise)
    found: list[Suspect] = []
    for place, probability in zip(asked, probabilities, strict=True):
        labels, gold = said[place], golds[place]
        believed = _usual(labels, gold, scale)
        if len(labels) < least or scale.distance(believed, gold) <= near:
            continue
        apart = {label: scale.distance(label, gold) > near for label in set(labels)}
        disagreeing = sum(apart[label] for label in labels)
        found.append(Suspect(names[place], place, gold, believed, float(probability), disagreeing, len(labels)))
    return sorted(found, key=lambda one: (-one.probability, -one.disagreeing / one.draws, one.place))


def _far_truth(
    said: Sequence[Sequence[Label]], golds: Sequence[Label], scale: Scale, near: float, noise: float
) -> _Floats:
    """Return P(true label far from gold) of each item."""
    middles, width = _cells(scale, near)
    cell = {
        label: min(int(_steps_up(label, scale) / width), len(middles) - 1)
        for label in {*golds, *(label for labels in said for label in labels)}
    }
    counts = np.zeros((len(said), len(middles)))
    for place, labels in enumerate(said):
        for label, count in Counter(labels).items():
            counts[place, cell[label]] += count
    held = np.array([cell[gold] for gold in golds])
    readings = fit_readings(counts, held, noise)
    apart = np.abs(np.subtract.outer(middles, middles)) if scale.ordered else np.array(scale.distances)
    # From (truth, gold, reading), the far truths added up: P(far | gold, reading).
    far = (readings.truth * (apart > near)[:, :, None]).sum(axis=0)
    return (readings.reading * far[held]).sum(axis=1)


def _cells(scale: Scale, near: float) -> tuple[_Floats, float]:
    """Return where the middles of the model's labels lie above the lowest label, and the width of each, in steps."""
    levels = scale.levels
    if levels is not None and (not scale.ordered or len(levels) <= _MOST_CELLS):
        return np.arange(len(levels), dtype=float), 1.0
    span = scale.span
    cells = _MOST_CELLS if near == 0 else min(max(math.ceil(span / (near / 2)), 2), _MOST_CELLS)
    width = span / cells
    return np.linspace(width / 2, span - width / 2, cells), width


def _steps_up(label: Label, scale: Scale) -> float:
    """Return how many steps a label is above the lowest; the index of a name."""
    steps = scale.distance(label, scale.ends[0]) if scale.ordered else scale.position(label)
    return steps if scale.levels is None else float(round(steps))


def _usual(labels: Sequence[Label], gold: Label, scale: Scale) -> Label:
    """Return the mode, or the median on an interval scale; what is nearest to gold where there are several."""
    if scale.unit is not None:
        ordered = sorted(labels, key=scale.position)
        usual = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    else:
        counts = Counter(labels)
        usual = [label for label, count in counts.items() if count == max(counts.values())]
    return min(usual, key=lambda label: scale.distance(label, gold))


def _check(
    drawn: Sequence[object], golds: Sequence[Label], names: Sequence[str], *, least: int, tolerance: float, noise: float
) -> None:
    for what, given in {"draws": drawn, "ids": names}.items():
        if len(given) != len(golds):
            cure = "Give one entry for each item, in the same order."
            raise InputError(f"{len(given)} items have {what}, {len(golds)} have a gold", place="suspects", cure=cure)
    if least < 1:
        raise SetupError(f"least={least}", place="suspects", cure="Give least=1 or more.")
    if not tolerance >= 0:
        raise SetupError(f"tolerance={tolerance}", place="suspects", cure="Give 0 or more.")
    if not 0 < noise < 1:
        raise SetupError(f"noise={noise}", place="suspects", cure="Give the share of wrong labels, e.g. noise=0.05.")
