"""Knows what a rater adds to people as one more of them; knows no models.

After ACORN (A. Brassard et al., 2024, arXiv 2405.04818), where a model helped as a third rater and not as a fourth. Two
questions: does agreement hold when the rater joins everybody, and does it make the summary of a few people more like
that of the others? ACORN compares with the summary of all people, the few included; here the others are held out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..frozen import FrozenDict
from ..jsonable import JsonableRecord
from ..metrics import Labels, Pairs, distance_of, krippendorff, spearman
from ..scales import Label, Scale
from ..statistics import Bootstrap, Codes, Estimate, Floats, Units, coded, distinct_rows, estimates, totals
from .annotation_matrix import HumanTable, human_table
from .replace_one import UNVARIED


@dataclass(frozen=True)
class Helped(JsonableRecord):
    """What the rater adds to a few people.

    Attributes:
        n: Items with more human labels than that.
        alone: How well the few people's summary fits the other people's.
        joined: The same with the rater as one more of the few.
        gain: joined - alone, on the same resamples; above 0 the rater helps.
    """

    n: int
    alone: Estimate
    joined: Estimate
    gain: Estimate


@dataclass(frozen=True)
class AddOne(JsonableRecord):
    """What the rater adds to people as one more of them.

    Attributes:
        before: Alpha of the people.
        after: Alpha of the people and the rater.
        change: after - before, on the same resamples.
        people: What it adds to 1, 2, ... people, by how many they are.
        measure: How summaries are compared: "spearman" of means (ordinal, interval), else "shared", the share of the
            other people who gave the few's most frequent label (of equally frequent ones, their mean share).
        n: Items with at least two human labels and one of the rater.
        groups: Units that were resampled: groups where given, else items.
        unparsed: Ratings that were None.
        left_out: Items left out, by reason.
        resamples: Bootstrap resamples.
        seed: Seed of the bootstrap and of who the few are.
        level: Confidence level of the intervals.
    """

    before: Estimate
    after: Estimate
    change: Estimate
    people: Mapping[int, Helped]
    measure: str
    n: int
    groups: int
    unparsed: int
    left_out: Mapping[str, int]
    resamples: int
    seed: int
    level: float

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data; None stands for what is undefined, never NaN."""
        return {**super().to_dict(), "people": {str(count): row.to_dict() for count, row in self.people.items()}}


def add_one(
    ratings: Sequence[Label | None],
    labels: Sequence[Labels],
    scale: Scale,
    *,
    most: int = 5,
    groups: Sequence[str | None] | None = None,
    fill: Label | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> AddOne:
    """Measure what the rater adds to people as one more of them.

    Args:
        ratings: The rater's labels; None where there was no readable answer.
        labels: For each item a mapping from annotator to label, or a list of labels by position; see
            `labels_by_annotator` for those of a corpus.
        scale: The scale of all of them.
        most: How many people the few are at most, where items have more labels than that.
        groups: Group of each item; whole groups are resampled, and items whose group is None one by one. None resamples
            items.
        fill: The label that stands for an unreadable answer; None leaves the item out.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Seed of the bootstrap, and of which people are the few on each item.
        level: Confidence level of the intervals.

    Raises:
        InputError: For lengths that differ, a label that is not on the scale, or fewer than one person.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    if most < 1:
        raise InputError(f"most is {most}", cure="Give 1 or more people.")
    table = human_table(ratings, labels, scale, groups=groups, fill=fill)
    ordered = scale.ordered
    people = np.sort(table.packed().labels, axis=1)  # gaps last; who gave a label does not matter
    values, rows, units = _cells(people, table)

    def alphas(weights: Floats) -> dict[str, Floats]:
        distance = distance_of(scale)
        before = krippendorff(rows[:, :-1], values, distance, weights)
        after = krippendorff(rows, values, distance, weights)
        return {"before": before, "after": after, "change": after - before}

    why = UNVARIED if table.rating.size else "no item has two human labels and one of the rater"
    found = estimates(units, alphas, bootstrap, why=lambda _: why, rows=values.size)
    largest = min(most, int(np.isfinite(people).sum(axis=1).max(initial=1)) - 1)
    shuffled = _shuffled(people, table.rating, np.random.default_rng(seed))
    return AddOne(
        before=found["before"],
        after=found["after"],
        change=found["change"],
        people=FrozenDict(
            {count: _helped(shuffled, count, table, ordered, bootstrap) for count in range(1, largest + 1)}
        ),
        measure="spearman" if ordered else "shared",
        n=table.rating.size,
        groups=units.count,
        unparsed=table.unparsed,
        left_out=table.left_out,
        **vars(bootstrap),
    )


def _cells(people: Floats, table: HumanTable) -> tuple[Floats, Codes, Units]:
    whole = np.column_stack([people, table.rating])
    values, codes = coded(whole)
    rows, cell = distinct_rows(codes)
    return values, rows, Units.of(cell, len(rows), table.groups)


def _shuffled(people: Floats, rating: Floats, rng: np.random.Generator) -> Floats:
    """Bring each item's labels into a random order, gaps last; equal files in another order give equal draws."""
    order = np.lexsort(np.column_stack([people, rating]).T[::-1])
    keys = np.empty(people.shape)
    keys[order] = rng.random(people.shape)
    keys[np.isnan(people)] = np.inf
    return np.take_along_axis(people, np.argsort(keys, axis=1, kind="stable"), axis=1)


def _helped(shuffled: Floats, count: int, table: HumanTable, ordered: bool, bootstrap: Bootstrap) -> Helped:
    kept = np.isfinite(shuffled).sum(axis=1) > count
    few, rest = shuffled[kept, :count], shuffled[kept, count:]
    joined = np.column_stack([few, table.rating[kept]])
    groups = None if table.groups is None else [group for group, keep in zip(table.groups, kept, strict=True) if keep]
    if ordered:
        sides = np.column_stack([few.mean(axis=1), joined.mean(axis=1), np.nanmean(rest, axis=1)])
        why = "the means do not vary: no order to compare"
    else:
        sides = np.column_stack([_shared(few, rest), _shared(joined, rest), np.zeros(len(few))])
        why = "no item to compare"
    numbers, codes = np.unique(np.round(sides, 9), return_inverse=True)
    rows, cell = distinct_rows(codes.reshape(sides.shape).astype(np.int64))
    units = Units.of(cell, len(rows), groups)
    columns = numbers[rows]
    pairs = [Pairs.of(columns[:, side], columns[:, 2]) for side in (0, 1)]

    def statistics(weights: Floats) -> dict[str, Floats]:
        if ordered:
            alone, both = (spearman(one, _carried(one, weights)) for one in pairs)
        else:
            alone, both = (columns[:, side] @ weights / weights.sum(axis=0) for side in (0, 1))
        return {"alone": alone, "joined": both, "gain": both - alone}

    found = estimates(units, statistics, bootstrap, why=lambda _: why, rows=numbers.size)
    return Helped(int(kept.sum()), found["alone"], found["joined"], found["gain"])


def _carried(pairs: Pairs, weights: Floats) -> Floats:
    return totals(pairs.cell, pairs.x.size, weights)


def _shared(few: Floats, rest: Floats) -> Floats:
    """Return the share of the rest that gave the few's most frequent label, averaged over equally frequent ones."""
    votes = np.stack([(few == column[:, None]).sum(axis=1) for column in few.T], axis=1)
    given = np.isfinite(rest).sum(axis=1)
    shares = np.stack([(rest == column[:, None]).sum(axis=1) / given for column in few.T], axis=1)
    # A label given v times is a column v times over, so each of the equally frequent labels weighs the same.
    first = votes == votes.max(axis=1, keepdims=True)
    return (shares * first).sum(axis=1) / first.sum(axis=1)
