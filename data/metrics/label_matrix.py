"""Knows people's labels as numbers, item by item, whoever is missing where; knows no coefficient and no rater."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import InputError
from ..scales import Label, Scale
from ..statistics import Codes, Floats
from ..values import show
from .label_numbers import Numbers

Labels = Mapping[str | None, Label | None] | Sequence[Label | None]
"""One item's labels: by annotator, or in an order that is the same for every item."""

BY_POSITION = "taking the labels of one position as one annotator's"


class GivenLabels(NamedTuple):
    """The labels there are.

    Attributes:
        items: For each item the number of each label there is, by annotator (by position where they have no names).
        missing: How many labels were None.
    """

    items: list[dict[Hashable, float]]
    missing: int


def given_labels(labels: Sequence[Labels], scale: Scale, groups: Sequence[str | None] | None) -> GivenLabels:
    """Check people's labels and turn them into numbers.

    Args:
        labels: For each item a mapping from annotator to label, or a list of labels; None is a missing label.
        scale: The scale of the labels.
        groups: Group of each item, or None.

    Raises:
        InputError: For a label that is not on the scale, or one group too few or too many.
    """
    if groups is not None and len(groups) != len(labels):
        raise InputError(f"{len(groups)} groups for {len(labels)} items", cure="Give one for each item.")
    number = Numbers(scale)
    items: list[dict[Hashable, float]] = []
    missing = 0
    for item in labels:
        named = item.items() if isinstance(item, Mapping) else enumerate(labels_in_order(item))
        cells = [(who, label) for who, label in named]
        items.append({who: number(label, "labels") for who, label in cells if label is not None})
        missing += sum(label is None for _, label in cells)
    return GivenLabels(items, missing)


def labels_in_order(item: Any) -> Sequence[Label | None]:
    """Return one item's labels by position.

    Raises:
        InputError: For a single label in place of a list of them.
    """
    if isinstance(item, str) or not isinstance(item, Iterable):
        cure = "Give each item's labels as a mapping from annotator to label, or as a list."
        raise InputError(f"{show(item)} is not the labels of an item", place="labels", cure=cure)
    return list(item)


def packed(items: Sequence[Mapping[Hashable, float]]) -> tuple[Codes, Floats]:
    """Return each item's labels as ascending codes, padded with -1, and the values of the codes.

    Who gave a label does not matter to alpha; sorting makes five labels on five levels 126 cells rather than 3,125.
    """
    values = np.unique([value for item in items for value in item.values()])
    rank = {float(value): code for code, value in enumerate(values)}
    codes = np.full((len(items), max((len(item) for item in items), default=2)), -1, dtype=np.int64)
    for row, item in zip(codes, items, strict=True):
        row[: len(item)] = sorted(rank[value] for value in item.values())
    return codes, values


def rectangle(items: Sequence[Mapping[Hashable, float]]) -> Floats | None:
    """Return (items, annotators) when every item has a label from the same annotators, else None."""
    if not items or any(item.keys() != items[0].keys() for item in items):
        return None
    who = list(items[0])
    return np.array([[item[name] for name in who] for item in items])
