"""Knows which draws of an item make a pair of a better and a worse reply, and why others make none; trains nothing.

After "Self-Rationalization" (arXiv 2410.05495), where pairs of judgments that differ from each other by at least two
score points trained better raters than pairs that differ at all.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, overload

import dspy

from ...data import Draw, Label, Scale, SetupError
from ..sampling import ItemDraws
from ..traces import Traces

Lack = Literal[
    "no_target",
    "not_drawn",
    "no_match",
    "not_above_luck",
    "filtered",
    "hinted",
    "human",
    "no_wrong_draw",
    "within_margin",
]
"""Why an item has no pair: how it came out without a blind trace (see `Outcome`); or, with a trace, that no readable
draw was wrong, or none by the margin."""


@dataclass(frozen=True)
class Preference:
    """A better and a worse reply to one prompt.

    Attributes:
        item_id: Whose prompt.
        example: The item as a trace: its fields, ``rationale`` and ``label`` are the better reply.
        rejected: The worse reply: a blind draw of the same teacher for the same prompt.
        apart: Steps from the label of the one to that of the other.
    """

    item_id: str
    example: dspy.Example
    rejected: Draw
    apart: float

    @property
    def rejected_label(self) -> Label:
        """The label of the worse reply."""
        if self.rejected.label is None:
            raise ValueError("a draw without a label is no half of a pair")
        return self.rejected.label


@dataclass(frozen=True)
class Preferences(Sequence[Preference]):
    """The pairs of all items, in their order, and why other items have none.

    Attributes:
        pairs: The pairs.
        lacks: Reason -> items without a pair. With the items that have one they are all items.
        margin: Steps by which the labels of a pair differ at least; the wanted ones, or all that the scale has.
    """

    pairs: tuple[Preference, ...]
    lacks: Mapping[Lack, int]
    margin: float

    @overload
    def __getitem__(self, index: int) -> Preference: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Preference, ...]: ...
    def __getitem__(self, index: int | slice) -> Preference | tuple[Preference, ...]:
        """Return one pair, or a tuple of them."""
        return self.pairs[index]

    def __len__(self) -> int:
        """Return how many pairs there are."""
        return len(self.pairs)

    def __iter__(self) -> Iterator[Preference]:
        """Iterate over the pairs."""
        return iter(self.pairs)

    @property
    def items(self) -> int:
        """How many items have a pair."""
        return len({pair.item_id for pair in self.pairs})


def preferences(traces: Traces, *, margin: float = 2.0, per_item: int = 1) -> Preferences:
    """Pair the trace of each item with blind draws whose label is far from it.

    The better reply is the trace that stands for the item, with the label it teaches (the human one); hinted traces and
    those that people wrote are none, since the model did not come to them by itself. The worse ones are taken in the
    order in which they were drawn, so they are a fair sample of how the teacher goes wrong; draws whose label was
    forced out of them, or that have no rationale, are left out.

    Args:
        traces: Draws of every item, accepted or not. A teacher that stops at the first match leaves few wrong ones.
        margin: How many steps apart the labels of a pair are at least: levels on an ordinal scale, steps on an interval
            scale, quarters of its range where that has no step. On a scale of names any other label will do, and on one
            with fewer steps only the farthest.
        per_item: The most pairs an item gives.

    Raises:
        SetupError: If a number makes no sense.
    """
    if not margin > 0:
        raise SetupError(f"margin={margin!r}", place="preferences", cure="Give a number above 0, e.g. 2.")
    if not isinstance(per_item, int) or per_item < 1:
        raise SetupError(f"per_item={per_item!r}", place="preferences", cure="Give a whole number from 1 on.")
    scale = traces.scale
    margin = min(margin, _farthest(scale))
    trace_of = {example.item_id: example for example in traces}
    pairs: list[Preference] = []
    lacks: Counter[Lack] = Counter({"no_target": len(traces.aimless)}) if traces.aimless else Counter()
    for item in traces.items:
        if item.outcome != "blind":
            lacks[item.outcome] += 1
            continue
        example = trace_of[item.item_id]
        wrong = _wrong(item, example["label"], scale)
        # 0.3 - 0.1 is a little less than two steps of 0.1, and they are two steps apart all the same.
        far = [pair for pair in wrong if pair[1] >= margin - 1e-9 * (1 + margin)]
        if not far:
            lacks["within_margin" if wrong else "no_wrong_draw"] += 1
        pairs += [Preference(item.item_id, example, draw, apart) for draw, apart in far[:per_item]]
    return Preferences(tuple(pairs), dict(lacks), margin)


def _wrong(item: ItemDraws, gold: Label, scale: Scale) -> list[tuple[Draw, float]]:
    """Return the draws that did not match, with how far they are off, in the order in which they were drawn."""
    return [
        (draw, _apart(scale, gold, draw.label))
        for draw, matched in zip(item.draws, item.matches, strict=True)
        if not matched and draw.label is not None and not draw.repaired and draw.rationale.strip()
    ]


def _apart(scale: Scale, one: Label, other: Label) -> float:
    apart = scale.distance(one, other)
    return apart if scale.levels is not None else 4 * apart / scale.span


def _farthest(scale: Scale) -> float:
    """Return the most steps that two labels can be apart."""
    return 4.0 if scale.levels is None else scale.span
