"""Knows how far people agree with each other on the same items; knows nothing about raters or gold labels."""

from collections.abc import Callable, Hashable, Mapping, Sequence

import numpy as np

from .agreement import Agreement
from .alpha import Distance, krippendorff
from .bootstrap import Units, resample
from .cells import Codes, Floats, distinct_rows
from .errors import InputError
from .estimate import Estimate, check_bootstrap, estimate
from .frozen import FrozenDict
from .intraclass import icc3
from .numeric import Numbers
from .scale import Kind, Label, Scale

Labels = Mapping[str | None, Label | None] | Sequence[Label | None]
"""One item's labels: by annotator, or in an order that is the same for every item."""

DISTANCES: Mapping[Kind, Distance] = {
    "nominal": "nominal",
    "pairwise": "nominal",
    "ordinal": "ordinal",
    "interval": "interval",
}
_BY_POSITION = "taking the labels of one position as one annotator's"


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
        level: Confidence level of the percentile intervals.

    Returns:
        An `Agreement` whose ``unparsed`` counts the missing (None) labels and whose ``fill`` is None.

    Raises:
        InputError: For a label that is not on the scale, or one group too few or too many.
    """
    check_bootstrap(resamples, level)
    if groups is not None and len(groups) != len(labels):
        raise InputError(f"{len(groups)} groups for {len(labels)} items", cure="Give one for each item.")
    number = Numbers(scale)
    given: list[dict[Hashable, float]] = []
    missing = 0
    for item in labels:
        named = item.items() if isinstance(item, Mapping) else enumerate(item)
        cells = [(who, label) for who, label in named]
        given.append({who: number(label, "labels") for who, label in cells if label is not None})
        missing += sum(label is None for _, label in cells)
    kept = [i for i, item in enumerate(given) if len(item) >= 2]
    items = [given[i] for i in kept]
    units_of = _units_maker(None if groups is None else [groups[i] for i in kept])

    def summed(name: str, values: Floats, draws: Mapping[str, Floats], units: Units, why: str) -> Estimate:
        return estimate(values[0], draws.get(name), units=units.count, unit=units.name, level=level, why=why)

    codes, values = _packed(items)
    rows, cell = distinct_rows(codes)
    units = units_of(cell, len(rows))

    def alpha(weights: Floats) -> dict[str, Floats]:
        return {"alpha": krippendorff(rows, values, DISTANCES[scale.kind], weights)}

    draws = resample(units, alpha, resamples=resamples, seed=seed, rows=values.size)
    why = "every label is the same level: nothing tells agreement from chance" if items else "no item has two labels"
    found = {"alpha": summed("alpha", alpha(units.observed)["alpha"], draws, units, why)}

    if scale.kind in ("ordinal", "interval"):
        table = _rectangle(items)
        if table is None:
            why = "the items do not all have a label from each of the same annotators" if items else why
            found |= {name: Estimate(None, None, None, why) for name in ("icc3", "icc3k")}
        else:
            distinct, codes = np.unique(table, return_inverse=True)
            full = distinct_rows(codes.reshape(table.shape).astype(np.int64))
            columns = distinct[full.rows]
            units = units_of(full.cell, len(columns))

            def intraclass(weights: Floats) -> dict[str, Floats]:
                both = icc3(columns, weights)
                return {"icc3": both.single, "icc3k": both.average}

            draws = resample(units, intraclass, resamples=resamples, seed=seed)
            for name, point in intraclass(units.observed).items():
                one = summed(name, point, draws, units, _why_no_icc(name, table))
                by_position = not any(isinstance(labels[i], Mapping) for i in kept)
                found[name] = _remark(one, _BY_POSITION) if by_position and one.value is not None else one
    n = len(items)
    return Agreement(n, missing, None, len(labels) - n, units.count, resamples, seed, float(level), FrozenDict(found))


def _units_maker(groups: Sequence[str | None] | None) -> Callable[[Codes, int], Units]:
    return lambda cell, cells: Units.of(cell, cells, groups)


def _packed(items: Sequence[Mapping[Hashable, float]]) -> tuple[Codes, Floats]:
    """Return each item's labels as ascending codes, padded with -1, and the values of the codes.

    Who gave a label does not matter to alpha; sorting makes five labels on five levels 126 cells rather than 3,125.
    """
    values = np.unique([value for item in items for value in item.values()])
    rank = {float(value): code for code, value in enumerate(values)}
    codes = np.full((len(items), max((len(item) for item in items), default=2)), -1, dtype=np.int64)
    for row, item in zip(codes, items, strict=True):
        row[: len(item)] = sorted(rank[value] for value in item.values())
    return codes, values


def _rectangle(items: Sequence[Mapping[Hashable, float]]) -> Floats | None:
    """Return (items, annotators) when every item has a label from the same annotators, else None."""
    if not items or any(item.keys() != items[0].keys() for item in items):
        return None
    who = list(items[0])
    return np.array([[item[name] for name in who] for item in items])


def _why_no_icc(name: str, table: Floats) -> str:
    if len(table) == 1:
        return "one item only: nothing varies"
    if (table == table[0]).all():
        return "no annotator's labels vary: there are no differences between items to agree on"
    return "the items' mean labels do not vary" if name == "icc3k" else "undefined"


def _remark(found: Estimate, said: str) -> Estimate:
    return Estimate(found.value, found.low, found.high, "; ".join(filter(None, [found.note, said])))
