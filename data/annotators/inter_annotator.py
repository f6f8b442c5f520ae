"""Knows how far people agree with each other on the same items; knows nothing about raters or gold labels."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..frozen import FrozenDict
from ..metrics import BY_POSITION, Agreement, Labels, distance_of, given_labels, icc3, krippendorff, packed, rectangle
from ..scales import Scale
from ..statistics import Bootstrap, Estimate, Floats, Units, distinct_rows, estimates


def human_agreement(
    labels: Sequence[Labels],
    scale: Scale,
    *,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Agreement:
    """Measure how far annotators agree with each other.

    ``alpha`` is Krippendorff's at the scale's level: any number of annotators, any of them missing anywhere. Items with
    fewer than two labels say nothing about agreement and are left out (``left_out``). On ordinal and interval scales
    ``icc3`` (ICC(3,1), one annotator) and ``icc3k`` (ICC(3,k), the mean of all k) are added; they need a label from
    each of the same annotators on every item.

    Args:
        labels: For each item a mapping from annotator to label, or a list of labels; None is a missing label.
        scale: The scale of the labels.
        groups: Group of each item; whole groups are resampled, and items whose group is None one by one. None resamples
            items.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Seed of the bootstrap; results do not depend on the order of the items.
        level: Confidence level of the intervals.

    Returns:
        An `Agreement` whose ``unparsed`` counts the missing (None) labels and whose ``fill`` is None.

    Raises:
        InputError: For a label that is not on the scale, or one group too few or too many.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    given, missing = given_labels(labels, scale, groups)
    kept = [i for i, item in enumerate(given) if len(item) >= 2]
    items = [given[i] for i in kept]
    chosen = None if groups is None else [groups[i] for i in kept]
    distance = distance_of(scale)
    codes, values = packed(items)
    rows, cell = distinct_rows(codes)
    units = Units.of(cell, len(rows), chosen)
    lost = "every label is the same level: nothing tells agreement from chance" if items else "no item has two labels"
    found = estimates(
        units,
        lambda weights: {"alpha": krippendorff(rows, values, distance, weights)},
        bootstrap,
        why=lambda _: lost,
        rows=values.size,
    )
    if scale.ordered:
        table = rectangle(items)
        if table is None:
            why = "the items do not all have a label from each of the same annotators" if items else lost
            found |= {name: Estimate(None, None, None, why) for name in ("icc3", "icc3k")}
        else:
            by_position = not any(isinstance(labels[i], Mapping) for i in kept)
            distinct, codes = np.unique(table, return_inverse=True)
            full = distinct_rows(codes.reshape(table.shape).astype(np.int64))
            units = Units.of(full.cell, len(full.rows), chosen)
            both = _intraclass(distinct[full.rows], units, table, bootstrap)
            for name, one in both.items():
                found[name] = one.remark(BY_POSITION) if by_position and one.value is not None else one
    n = len(items)
    left_out = len(labels) - n
    return Agreement(n, missing, None, left_out, units.count, **vars(bootstrap), metrics=FrozenDict(found))


def _intraclass(columns: Floats, units: Units, table: Floats, bootstrap: Bootstrap) -> dict[str, Estimate]:
    def both(weights: Floats) -> dict[str, Floats]:
        found = icc3(columns, weights)
        return {"icc3": found.single, "icc3k": found.average}

    return estimates(units, both, bootstrap, why=lambda name: _why_no_icc(name, table))


def _why_no_icc(name: str, table: Floats) -> str:
    if len(table) == 1:
        return "one item only: nothing varies"
    if (table == table[0]).all():
        return "no annotator's labels vary: there are no differences between items to agree on"
    return "the items' mean labels do not vary" if name == "icc3k" else "undefined"
