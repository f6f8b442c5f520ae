"""Knows what becomes of people's agreement when a rater takes the place of one of them; knows no models.

After ACORN (A. Brassard et al., 2024, arXiv 2405.04818): a rater that is as good as a person can replace one without
lowering the agreement of those who remain. Alpha with the rater in a person's place is compared with alpha as it was,
on the items that this person labelled, always on the same resamples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..frozen import FrozenDict
from ..jsonable import JsonableRecord
from ..metrics import Distance, Labels, distance_of, krippendorff
from ..scales import Label, Scale
from ..statistics import Bootstrap, Codes, Estimate, Floats, Units, coded, distinct_rows, estimates
from .annotation_matrix import human_table

_LEAST = 10
"""Items below which a person is not replaced: alpha on fewer says next to nothing."""

UNVARIED = "the labels do not vary: nothing tells agreement from chance"


@dataclass(frozen=True)
class Replaced(JsonableRecord):
    """One person replaced by the rater.

    Attributes:
        n: Items that the person, another person and the rater have labelled.
        before: Alpha of the people on these items.
        after: Alpha with the rater's label in place of the person's.
        change: after - before, on the same resamples; below 0 the rater agrees less with the others than the person.
    """

    n: int
    before: Estimate
    after: Estimate
    change: Estimate


@dataclass(frozen=True)
class ReplaceOne(JsonableRecord):
    """What becomes of people's agreement when the rater replaces one of them.

    Attributes:
        annotators: One row a person with at least 10 items.
        change: The mean of their changes, on the same resamples.
        skipped: Persons who were not replaced and how many items they have.
        n: Items with at least two human labels and one of the rater.
        groups: Units that were resampled: groups where given, else items.
        unparsed: Ratings that were None.
        left_out: Items left out, by reason.
        resamples: Bootstrap resamples.
        seed: Seed of the bootstrap.
        level: Confidence level of the intervals.
    """

    annotators: Mapping[str, Replaced]
    change: Estimate
    skipped: Mapping[str, int]
    n: int
    groups: int
    unparsed: int
    left_out: Mapping[str, int]
    resamples: int
    seed: int
    level: float

    @property
    def worse_than(self) -> tuple[str, ...]:
        """The people whose replacement lowers the agreement for sure: the whole interval is below 0."""
        rows = self.annotators.items()
        return tuple(name for name, row in rows if row.change.high is not None and row.change.high < 0)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data; None stands for what is undefined, never NaN."""
        return {**super().to_dict(), "worse_than": list(self.worse_than)}


def replace_one(
    ratings: Sequence[Label | None],
    labels: Sequence[Labels],
    scale: Scale,
    *,
    groups: Sequence[str | None] | None = None,
    fill: Label | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> ReplaceOne:
    """Measure what becomes of Krippendorff's alpha when the rater replaces each person in turn.

    Args:
        ratings: The rater's labels; None where there was no readable answer.
        labels: For each item a mapping from annotator to label, or a list of labels by position; see
            `labels_by_annotator` for those of a corpus.
        scale: The scale of all of them; alpha is the one at its level.
        groups: Group of each item; whole groups are resampled, and items whose group is None one by one. None resamples
            items.
        fill: The label that stands for an unreadable answer; None leaves the item out.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Seed of the bootstrap; results do not depend on the order of the items.
        level: Confidence level of the intervals.

    Raises:
        InputError: For lengths that differ, or a label that is not on the scale.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    table = human_table(ratings, labels, scale, groups=groups, fill=fill)
    whole = np.column_stack([table.grid, table.rating])
    values, codes = coded(whole)
    rows, cell = distinct_rows(codes)
    units = Units.of(cell, len(rows), table.groups)
    counts = np.isfinite(table.grid).sum(axis=0)
    sides = {
        name: _Sides.of(rows, person, values, distance_of(scale))
        for person, name in enumerate(table.names)
        if counts[person] >= _LEAST
    }

    def statistics(weights: Floats) -> dict[str, Floats]:
        found: dict[str, Floats] = {}
        for name, side in sides.items():
            found[f"before {name}"], found[f"after {name}"] = side.alphas(weights)
            found[f"change {name}"] = found[f"after {name}"] - found[f"before {name}"]
        changes = [found[f"change {name}"] for name in sides]
        return {**found, "change": np.mean(changes, axis=0)} if changes else {}

    how = bootstrap if sides else replace(bootstrap, resamples=0)
    found = estimates(units, statistics, how, why=lambda _: UNVARIED, rows=values.size)
    nobody = f"no annotator has {_LEAST} items that another one and the rater have labelled too"
    return ReplaceOne(
        annotators=FrozenDict(
            {
                name: Replaced(
                    int(counts[table.names.index(name)]),
                    found[f"before {name}"],
                    found[f"after {name}"],
                    found[f"change {name}"],
                )
                for name in sides
            }
        ),
        change=found["change"] if sides else Estimate(None, None, None, nobody),
        skipped=FrozenDict(
            {name: int(count) for name, count in zip(table.names, counts, strict=True) if name not in sides}
        ),
        n=table.rating.size,
        groups=units.count,
        unparsed=table.unparsed,
        left_out=table.left_out,
        **vars(bootstrap),
    )


@dataclass(frozen=True, eq=False)
class _Sides:
    """One person's items with the person's label first, and with the rater's in its place."""

    here: Codes
    before: Codes
    after: Codes
    values: Floats
    distance: Distance

    @classmethod
    def of(cls, rows: Codes, person: int, values: Floats, distance: Distance) -> "_Sides":
        here = np.flatnonzero(rows[:, person] >= 0)
        own, rater = rows[here, person], rows[here, -1]
        # Alpha does not ask who gave a label: the others' are packed, so that a crowd is as cheap as a few.
        others = np.sort(np.delete(rows[here], [person, rows.shape[1] - 1], axis=1), axis=1)[:, ::-1]
        others = others[:, (others >= 0).any(axis=0)]
        return cls(here, np.column_stack([own, others]), np.column_stack([rater, others]), values, distance)

    def alphas(self, weights: Floats) -> tuple[Floats, Floats]:
        weights = weights[self.here]
        return (
            krippendorff(self.before, self.values, self.distance, weights),
            krippendorff(self.after, self.values, self.distance, weights),
        )
