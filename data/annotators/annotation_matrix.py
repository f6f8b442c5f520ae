"""Knows a rater's labels beside those of named people as one table of numbers; knows no test and no coefficient."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..errors import InputError
from ..frozen import FrozenDict
from ..metrics import Labels, Numbers, labels_in_order
from ..scales import Label, Scale
from ..statistics import Codes, Floats
from ..values import show

if TYPE_CHECKING:
    from ..corpus import Corpus


class HumanTable(NamedTuple):
    """The items that a rater and at least two people have labelled, as numbers; use `human_table`.

    Attributes:
        names: The people, sorted; "annotator 1" and so on where labels come by position.
        grid: (items, people) their labels, the scale's values (nominal, pairwise: positions); NaN where there is none.
        rating: (items,) the rater's labels.
        groups: Group of each item, or None.
        unparsed: Ratings that were None.
        left_out: How many items are not in the table, by reason.
    """

    names: tuple[str, ...]
    grid: Floats
    rating: Floats
    groups: list[str | None] | None
    unparsed: int
    left_out: Mapping[str, int]

    def packed(self) -> "Packed":
        """Return the labels without the gaps between people: as many columns as an item has labels at most."""
        given = np.isfinite(self.grid)
        width = int(given.sum(axis=1).max(initial=2))
        row, person = np.nonzero(given)
        place = np.arange(row.size) - np.searchsorted(row, row)
        labels = np.full((len(self.grid), width), np.nan)
        who = np.full(labels.shape, -1, dtype=np.int64)
        labels[row, place] = self.grid[row, person]
        who[row, place] = person
        return Packed(labels, who)


class Packed(NamedTuple):
    """Labels item by item, filled up at the end.

    Attributes:
        labels: (items, most labels of one item) numbers; NaN where there are no more.
        who: The position of the person who gave each label; -1 where there is none.
    """

    labels: Floats
    who: Codes


def human_table(
    ratings: Sequence[Label | None],
    labels: Sequence[Labels],
    scale: Scale,
    *,
    groups: Sequence[str | None] | None,
    fill: Label | None,
) -> HumanTable:
    """Set a rater's labels beside people's, item by item.

    Args:
        ratings: The rater's labels; None where there was no readable answer.
        labels: For each item a mapping from annotator to label, or a list of labels; None is a missing label.
        scale: The scale of all of them.
        groups: Group of each item, or None.
        fill: The label that stands for an unreadable answer; None leaves the item out.

    Raises:
        InputError: For lengths that differ, a label that is not on the scale, or two annotators of one name.
    """
    for name, given in [("ratings", ratings), ("groups", labels if groups is None else groups)]:
        if len(given) != len(labels):
            raise InputError(f"{len(given)} {name} for {len(labels)} items", cure="Give one for each item.")
    number = Numbers(scale)
    stand_in = None if fill is None else number(fill, "fill")
    lost: Counter[str] = Counter()
    kept: list[int] = []
    rows: list[dict[str, float]] = []
    column: list[float] = []
    for place, (rating, item) in enumerate(zip(ratings, labels, strict=True)):
        row = {who: number(label, "labels") for who, label in named_labels(item).items() if label is not None}
        own = stand_in if rating is None else number(rating, "ratings")
        if len(row) < 2:
            lost["fewer than 2 human labels"] += 1
        elif own is None:
            lost["unparsed rating"] += 1
        else:
            kept.append(place)
            rows.append(row)
            column.append(own)
    names = tuple(sorted({who for row in rows for who in row}))
    index = {who: position for position, who in enumerate(names)}
    grid = np.full((len(rows), len(names)), np.nan)
    for line, row in zip(grid, rows, strict=True):
        line[[index[who] for who in row]] = list(row.values())
    chosen = None if groups is None else [groups[place] for place in kept]
    unparsed = sum(rating is None for rating in ratings)
    return HumanTable(names, grid, np.array(column, dtype=float), chosen, unparsed, FrozenDict(lost))


def labels_by_annotator(corpus: "Corpus") -> list[dict[str | None, Label]]:
    """Return each item's labels by annotator, in the corpus' order: what the tests against people take as ``labels``.

    A label whose annotator the corpus does not name counts as that of "annotator 1", "annotator 2" and so on, by its
    position among the item's labels.

    Raises:
        InputError: For two labels of one item by one annotator.
    """
    found: list[dict[str | None, Label]] = []
    for item in corpus:
        row: dict[str | None, Label] = {}
        for position, one in enumerate(item.annotations):
            who = position_name(position) if one.annotator is None else one.annotator
            if who in row:
                raise InputError(
                    f"annotator {show(who)} labelled the item twice",
                    place=f"item {show(item.id)}",
                    cure="Keep one label of each annotator, or give the repetitions names of their own.",
                )
            row[who] = one.label
        found.append(row)
    return found


def position_name(position: int) -> str:
    """Return what an annotator is called who has no name."""
    return f"annotator {position + 1}"


def named_labels(item: Labels) -> dict[str, Label | None]:
    """Return one item's labels by annotator: "unnamed" for the name None, "annotator 1" and so on by position.

    Raises:
        InputError: For two names that are written alike, as 1 and "1", or a single label in place of a list.
    """
    if not isinstance(item, Mapping):
        return {position_name(position): label for position, label in enumerate(labels_in_order(item))}
    found = {"unnamed" if who is None else str(who): label for who, label in item.items()}
    if len(found) < len(item):
        names = ", ".join(map(show, item))
        raise InputError(f"two annotators of an item have the same name: {names}", place="labels", cure="Rename one.")
    return found
