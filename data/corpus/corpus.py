"""Knows a set of items on one scale, the doors by which it is loaded, and what can be asked of it; knows no models."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from typing import Any, NamedTuple, NotRequired, TypedDict, Unpack, overload

from ..errors import InputError
from ..frozen import FrozenDict
from ..scales import Label, Scale
from ..tables import Table, csv_table, dataset_table, jsonl_table, parquet_table, records_table
from ..values import show, suggestion
from .consensus import rule_for
from .cutting import cut_items
from .items import Item
from .layout import Layout
from .loading import load
from .splits import part_sizes, split_ids

RESERVED = ("annotations", "corpus_id", "group", "item_id", "label", "rationale")
"""Names a field may not have: the examples and the raters' answers use them."""


class _Columns(TypedDict):
    """Which column means what, and how labels become gold; see `accord.data.corpus.layout.Layout` for each."""

    fields: Sequence[str]
    label: str | None
    scale: Scale
    annotator: NotRequired[str | None]
    id: NotRequired[str | None]
    group: NotRequired[str | None]
    consensus: NotRequired[str]
    max_spread: NotRequired[float | None]


@dataclass(frozen=True, repr=False)
class Corpus(Sequence[Item]):
    """An immutable sequence of items that were judged on one scale.

    The ways to load one take the same columns: ``fields``, ``label`` and ``scale`` are required;
    `accord.data.corpus.layout.Layout` says what each means.

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

    @classmethod
    def from_csv(cls, path: str | PathLike[str], **columns: Unpack[_Columns]) -> "Corpus":
        """Load a comma-separated UTF-8 file with a header; see `accord.data.corpus.layout.Layout` for the arguments."""
        layout = Layout(**columns)
        return cls.from_table(csv_table(path), layout)

    @classmethod
    def from_jsonl(cls, path: str | PathLike[str], **columns: Unpack[_Columns]) -> "Corpus":
        """Load one JSON object a line; a label may be a value, a list or a mapping from annotator to value."""
        layout = Layout(**columns)
        return cls.from_table(jsonl_table(path), layout)

    @classmethod
    def from_parquet(cls, path: str | PathLike[str], **columns: Unpack[_Columns]) -> "Corpus":
        """Load a Parquet file; a label may be a value, a list or a mapping from annotator to value."""
        layout = Layout(**columns)
        return cls.from_table(parquet_table(path, layout.columns), layout)

    @classmethod
    def from_dataset(cls, dataset: Any, **columns: Unpack[_Columns]) -> "Corpus":
        """Load one split of a Hugging Face dataset (anything with ``column_names`` that yields mappings)."""
        layout = Layout(**columns)
        return cls.from_table(dataset_table(dataset, layout.columns), layout)

    @classmethod
    def from_records(
        cls, records: Iterable[Mapping[str, Any]], *, place: str = "records", **columns: Unpack[_Columns]
    ) -> "Corpus":
        """Load mappings from column to cell; ``place`` names them in messages."""
        layout = Layout(**columns)
        return cls.from_table(records_table(records, place), layout)

    @classmethod
    def from_table(cls, table: Table, layout: Layout, *, undecided: bool = False) -> "Corpus":
        """Load rows that were opened already; see `accord.data.corpus.loading.load`."""
        loaded = load(table, layout, undecided=undecided)
        rule = rule_for(layout.scale, layout.consensus)
        return cls(loaded.items, layout.scale, tuple(layout.fields), rule, loaded.dropped)

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
        items, scale = cut_items(self.items, self.scale, thresholds, anchors)
        return replace(self, items=items, scale=scale)

    def split(self, *, dev: float = 0.2, test: float = 0.3, seed: int = 0, near_duplicates: bool = True) -> "Splits":
        """Split into train, dev and test; see `accord.data.split`."""
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


class Splits(NamedTuple):
    """Three parts of a corpus that share no item, no group and no near-duplicate.

    Attributes:
        train: What a rater is built from.
        dev: What selects between candidates.
        test: What is read once, for the proof.
    """

    train: Corpus
    dev: Corpus
    test: Corpus


def split(
    corpus: Corpus, *, dev: float = 0.2, test: float = 0.3, seed: int = 0, near_duplicates: bool = True
) -> Splits:
    """Split a corpus, stratified by gold, never across a group or a cluster of near-duplicates.

    The parts depend on the items and the seed only, not on the order of the items; within a part the items stand in a
    seeded random order.

    Args:
        corpus: Items with golds of at least two different labels.
        dev: Share (a float between 0 and 1) or number (an int) of items to select on.
        test: Share or number of items for the proof. What is left over is train.
        seed: Seed of the random choice.
        near_duplicates: Whether items with nearly the same text are kept together, too.

    Raises:
        InputError: For sizes that cannot be, too few items or clusters, missing golds, or a train part (or corpus) in
            which there is one label only.
    """
    part_sizes(len(corpus), dev, test)
    corpus.check_trainable()
    ids = split_ids(corpus.items, corpus.scale, dev=dev, test=test, seed=seed, near_duplicates=near_duplicates)
    train, dev_part, test_part = map(corpus.select, ids)
    try:
        train.check_trainable()
    except InputError as error:
        raise InputError(
            f"the train part of {len(train)} items cannot be trained on: {error.what}",
            cure="Give more items, smaller dev and test, or smaller groups.",
        ) from None
    return Splits(train, dev_part, test_part)


def _line(parts: Any) -> bytes:
    return json.dumps(parts, separators=(",", ":")).encode() + b"\n"
