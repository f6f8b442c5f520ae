"""Knows a set of items on one scale and what can be asked of it; knows nothing about file formats or models."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

from ..errors import InputError
from ..frozen import FrozenDict
from ..scales.scale_from_dict import Label, Scale
from ..values import show, suggestion
from .corpus_corpus_doors import CorpusDoors
from .items import Item

if TYPE_CHECKING:
    from .splits import Splits

RESERVED = ("annotations", "corpus_id", "group", "item_id", "label", "rationale")
"""Names a field may not have: the examples and the raters' answers use them."""


@dataclass(frozen=True, repr=False)
class Corpus(CorpusDoors, Sequence[Item]):
    """An immutable sequence of items that were judged on one scale.

    Args:
        items: The items, each with a different id.
        scale: Scale of every label and gold.
        fields: Names of the items' texts, in order.
        consensus: Rule by which the golds were made.
        dropped: What loading left out, reason to count; empty on corpora derived from another.
        parent: The corpus that this one is a part of, at the root; None for a corpus that is a part of nothing.

    Raises:
        InputError: For repeated ids, items with other fields, reserved field names, or labels off the scale.
    """

    items: Sequence[Item]
    scale: Scale
    fields: tuple[str, ...]
    consensus: str = "auto"
    dropped: Mapping[str, int] = FrozenDict()
    parent: "Corpus | None" = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Take copies and check that the parts belong together."""
        object.__setattr__(self, "items", tuple(self.items))
        object.__setattr__(self, "fields", tuple(self.fields))
        object.__setattr__(self, "dropped", FrozenDict(self.dropped))
        for name in self.fields:
            if name in RESERVED:
                cure = f"Rename the column; {', '.join(RESERVED)} are taken."
                raise InputError(f"a field cannot be called {name!r}", cure=cure)
        seen: set[str] = set()
        for item in self.items:
            place = f"item {show(item.id)}"
            if item.id in seen:
                raise InputError("the id is used twice", place=place, cure="Give every item an id of its own.")
            seen.add(item.id)
            if tuple(item.fields) != self.fields:
                raise InputError(
                    f"the fields are {list(item.fields)}, not {list(self.fields)}",
                    place=place,
                    cure="Give every item the corpus's fields, in their order.",
                )
            for annotation in item.annotations:
                self.scale.check(annotation.label, place)
            if item.gold is not None:
                self.scale.check(item.gold, place)

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.items)

    def __iter__(self) -> Iterator[Item]:
        """Go through the items in order."""
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> "Corpus": ...
    def __getitem__(self, index: int | slice) -> "Item | Corpus":
        """Return the item at a position, or the corpus of a slice."""
        return self._with(self.items[index]) if isinstance(index, slice) else self.items[index]

    def __repr__(self) -> str:
        """Say how many items of what on which scale."""
        return (
            f"Corpus({len(self)} items, fields={list(self.fields)}, scale={self.scale}, consensus={self.consensus!r})"
        )

    @cached_property
    def _by_id(self) -> dict[str, Item]:
        return {item.id: item for item in self.items}

    @property
    def ids(self) -> list[str]:
        """The items' ids, in order."""
        return [item.id for item in self.items]

    def item(self, id: str) -> Item:
        """Return the item with an id.

        Raises:
            InputError: When there is none.
        """
        if id not in self._by_id:
            near = suggestion(id, self._by_id) if isinstance(id, str) and len(self) <= 10_000 else ""
            raise InputError(f"no item has the id {show(id)}", cure=f"The corpus has {len(self)} items.{near}")
        return self._by_id[id]

    def golds(self) -> list[Label]:
        """Return the golds, in the items' order.

        Raises:
            InputError: When an item has none.
        """
        golds = [item.gold for item in self.items if item.gold is not None]
        if len(golds) < len(self):
            raise InputError(
                f"{len(self) - len(golds)} of {len(self)} items have no gold label",
                cure="Load the corpus with label= naming the column of the human labels.",
            )
        return golds

    def groups(self) -> list[str | None]:
        """Return the items' groups, in order; None where an item has none."""
        return [item.group for item in self.items]

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of ids, fields, golds and scale; the order of the items does not matter, nor who annotated."""
        digest = hashlib.sha256(_line([self.scale.to_dict(), self.fields]))
        for item in sorted(self.items, key=lambda item: item.id):
            gold = None if item.gold is None else self.scale.write(item.gold)
            digest.update(_line([item.id, list(item.fields.values()), gold]))
        return digest.hexdigest()

    @property
    def origin(self) -> str:
        """The hash of the corpus that this one is a part of, or of itself: all splits of a corpus have one origin."""
        return self.hash if self.parent is None else self.parent.hash

    def select(self, ids: Iterable[str]) -> "Corpus":
        """Return the corpus of the items with these ids, in the order given.

        Raises:
            InputError: For an id that no item has, or that is given twice.
        """
        return self._with(self.item(id) for id in ids)

    def check_trainable(self) -> None:
        """Refuse a corpus from which no rater can be built: no items, items without gold, or one label only.

        Raises:
            InputError: Naming what is missing.
        """
        if not self.items:
            raise InputError("the corpus is empty", cure="Load at least two items with different labels.")
        present = set(self.golds())
        if len(present) < 2:
            raise InputError(
                f"all {len(self)} items have the label {show(present.pop())}",
                cure="A rater is built from at least two different labels; add items with other labels.",
            )

    def cut(self, thresholds: Sequence[float], anchors: Mapping[Any, str] | None = None) -> "Corpus":
        """Turn interval labels into ordinal levels 1 to len(thresholds) + 1.

        ``level = 1 + number of thresholds below the value``: a value *on* a threshold goes to the lower level. Each
        annotation is cut, and gold is the cut of the gold there was (not a new consensus of cut labels).

        Args:
            thresholds: Ascending, inside the scale's ends.
            anchors: What the levels mean.

        Raises:
            SetupError: When the scale is not an interval.
            InputError: When the thresholds do not ascend inside the scale.
        """
        from .cutting import cut

        return cut(self, thresholds, anchors)

    def split(self, *, dev: float = 0.2, test: float = 0.3, seed: int = 0, near_duplicates: bool = True) -> "Splits":
        """Split into train, dev and test; see `accord.data.split`."""
        from .splits import split

        return split(self, dev=dev, test=test, seed=seed, near_duplicates=near_duplicates)

    def examples(self) -> list[Any]:
        """Return one ``dspy.Example`` an item, in order.

        Keys: each field (the inputs), ``label`` (the gold), ``item_id``, ``group``, ``annotations`` (a tuple of
        `Annotation`) and ``corpus_id`` (the corpus's `origin`).
        """
        import dspy

        return [
            dspy.Example(
                **item.fields,
                label=item.gold,
                item_id=item.id,
                group=item.group,
                annotations=item.annotations,
                corpus_id=self.origin,
            ).with_inputs(*self.fields)
            for item in self.items
        ]

    def _with(self, items: Iterable[Item]) -> "Corpus":
        parent = self if self.parent is None else self.parent
        return replace(self, items=tuple(items), dropped=FrozenDict(), parent=parent)


def _line(parts: Any) -> bytes:
    return json.dumps(parts, separators=(",", ":")).encode() + b"\n"
