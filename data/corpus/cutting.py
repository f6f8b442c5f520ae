"""Knows how labels on an interval become ordinal levels; knows nothing about where the thresholds come from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import InputError, SetupError
from ..scales import Label, Ordinal, Scale
from ..values import spell
from .items import Annotation, Item


def cut_items(
    items: Sequence[Item], scale: Scale, thresholds: Sequence[float], anchors: Mapping[Any, str] | None = None
) -> tuple[list[Item], Ordinal]:
    """Return items with levels ``1 + number of thresholds below the value``, and their scale; see `Corpus.cut`."""
    if scale.unit is None:
        raise SetupError(f"labels of type {scale.kind} cannot be cut", cure="Only an Interval can.")
    marks, (low, high) = [float(threshold) for threshold in thresholds], map(float, scale.ends)
    if not marks or not all(a < b for a, b in zip([low, *marks], [*marks, high], strict=True)):
        raise InputError(
            f"thresholds {marks} do not cut the scale",
            cure=f"Give ascending numbers between {spell(low)} and {spell(high)}.",
        )

    def level(label: Label) -> int:
        return 1 + sum(float(label) > mark for mark in marks)

    levelled = [
        replace(
            item,
            annotations=tuple(Annotation(a.annotator, level(a.label)) for a in item.annotations),
            gold=None if item.gold is None else level(item.gold),
        )
        for item in items
    ]
    return levelled, Ordinal(1, len(marks) + 1, {} if anchors is None else anchors)
