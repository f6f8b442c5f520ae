"""Knows how far each annotator agrees with the others; knows nothing about raters, and no verdict on anybody."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..corpus import consensus, rule_for
from ..errors import InputError, SetupError
from ..frozen import FrozenDict
from ..jsonable import JsonableRecord
from ..metrics import BY_POSITION, Agreement, Labels, Numbers, agreement
from ..scales import Label, Scale
from ..statistics import Bootstrap
from ..values import undefined_last
from .alt_classes import LEAST_ITEMS
from .annotation_matrix import named_labels

_SHOWN = ("alpha", "kappa", "tau_b", "spearman", "mae", "accuracy", "bias")


@dataclass(frozen=True)
class EachAnnotator(JsonableRecord):
    """How far each annotator agrees with the others.

    Attributes:
        annotators: Agreement of each annotator's labels with the consensus of the others', by name, the highest alpha
            first and those without alpha last. The lowest of many is low by chance, too: the order is no test, and
            nobody is called an outlier for being last.
        skipped: Annotators with fewer than 10 such items, and how many they have.
        rule: How the others' labels become their consensus.
        n: Items with two labels or more.
        left_out: Labels without anything to compare them with, by reason.
        note: What needs care; '' when there is nothing to say.
    """

    annotators: Mapping[str, Agreement]
    skipped: Mapping[str, int]
    rule: str
    n: int
    left_out: Mapping[str, int]
    note: str = ""

    def __str__(self) -> str:
        """Return one line an annotator with the main coefficients."""
        about = f"each annotator against the {self.rule} of the others on {self.n:,} items"
        lines = [f"{about}: {self.note}" if self.note else about]
        width = max(map(len, self.annotators), default=0)
        for name, row in self.annotators.items():
            figures = [f"{one} {found}" for one, found in row.metrics.items() if one in _SHOWN]
            lines.append(f"  {name:<{width}}  {row.n:>6,} items  {'  '.join(figures)}")
        if self.skipped:
            lines.append(f"  {len(self.skipped)} more have fewer than {LEAST_ITEMS} items")
        return "\n".join(lines)


def each_annotator(
    labels: Sequence[Labels],
    scale: Scale,
    *,
    rule: str = "auto",
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> EachAnnotator:
    """Measure how far each annotator agrees with the consensus of the others on the items both have labelled.

    The others' consensus stands on one label fewer than gold does, so the figures are a little low; and where
    annotators have few items each, they are far apart by chance alone. Read the intervals.

    Args:
        labels: For each item a mapping from annotator to label, or a list of labels by position; None is a missing
            label. See `labels_by_annotator` for those of a corpus.
        scale: The scale of the labels.
        rule: How the others' labels become their consensus, see `consensus`; not Dawid-Skene.
        groups: Group of each item; whole groups are resampled, and items whose group is None one by one. None resamples
            items.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Seed of the bootstrap; results do not depend on the order of the items.
        level: Confidence level of the intervals.

    Raises:
        InputError: For a label that is not on the scale, one group too few or too many, two annotators of one
            name, or an unknown rule.
        SetupError: For a rule that does not fit the scale, or Dawid-Skene.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    rule = rule_for(scale, rule)
    if rule == "dawid_skene":
        raise SetupError("Dawid-Skene weighs annotators over all items", cure='Use rule="majority".')
    if groups is not None and len(groups) != len(labels):
        raise InputError(f"{len(groups)} groups for {len(labels)} items", cure="Give one for each item.")
    checked = Numbers(scale)
    lost: Counter[str] = Counter()
    rows: dict[str, list[_Compared]] = {}
    known: dict[tuple[Any, ...], Label | None] = {}
    several = 0
    for place, item in enumerate(labels):
        row = {who: label for who, label in named_labels(item).items() if label is not None}
        for label in row.values():
            checked(label, "labels")
        several += len(row) >= 2
        for who, label in row.items():
            mine = rows.setdefault(who, [])
            rest = tuple(sorted(other for name, other in row.items() if name != who))
            if rest not in known:
                known[rest] = consensus(rest, scale, rule)
            others = known[rest]
            if others is None:
                lost["no consensus among the others" if rest else "nobody else labelled the item"] += 1
            else:
                mine.append(_Compared(label, others, None if groups is None else groups[place]))
    found = {
        who: agreement(
            [one.label for one in mine],
            [one.others for one in mine],
            scale,
            groups=None if groups is None else [one.group for one in mine],
            **vars(bootstrap),
        )
        for who, mine in sorted(rows.items())
        if len(mine) >= LEAST_ITEMS
    }
    return EachAnnotator(
        annotators=FrozenDict(sorted(found.items(), key=lambda pair: -undefined_last(pair[1].metrics["alpha"].value))),
        skipped=FrozenDict({who: len(mine) for who, mine in sorted(rows.items()) if len(mine) < LEAST_ITEMS}),
        rule=rule,
        n=several,
        left_out=FrozenDict(lost),
        note=_note(labels, rows),
    )


class _Compared(NamedTuple):
    label: Label
    others: Label
    group: str | None


def _note(labels: Sequence[Labels], rows: Mapping[str, Any]) -> str:
    if len(rows) < 2:
        return "one annotator only: there are no others to compare with" if rows else "there are no labels"
    return "" if all(isinstance(item, Mapping) for item in labels) else BY_POSITION
