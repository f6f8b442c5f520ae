"""Knows how labels on an interval become ordinal levels; knows nothing about where the thresholds come from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..errors import InputError, SetupError
from ..scales.scale_from_dict import Interval, Label, Ordinal
from ..values import spell
from .corpus import Corpus
from .items import Annotation


def cut(corpus: Corpus, thresholds: Sequence[float], anchors: Mapping[Any, str] | None = None) -> Corpus:
    """Return the corpus with levels ``1 + number of thresholds below the value``; see `Corpus.cut`."""
    scale = corpus.scale
    if not isinstance(scale, Interval):
        raise SetupError(f"labels of type {scale.kind} cannot be cut", cure="Only an Interval can.")
    marks = [float(threshold) for threshold in thresholds]
    if not marks or not all(a < b for a, b in zip([scale.low, *marks], [*marks, scale.high], strict=True)):
        raise InputError(
            f"thresholds {marks} do not cut the scale",
            cure=f"Give ascending numbers between {spell(scale.low)} and {spell(scale.high)}.",
        )

    def level(label: Label) -> int:
        return 1 + sum(float(label) > mark for mark in marks)

    items = [
        replace(
            item,
            annotations=tuple(Annotation(a.annotator, level(a.label)) for a in item.annotations),
            gold=None if item.gold is None else level(item.gold),
        )
        for item in corpus
    ]
    return replace(corpus, items=items, scale=Ordinal(1, len(marks) + 1, {} if anchors is None else anchors))
