"""Knows what rejection sampling came back with, explained or not; does not know how it was drawn."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import dspy

from ..data import Draw, Label, Scale, Source
from .acceptance import Acceptance
from .utilization import Utilization, utilization

VERSION = 1
"""Of the Parquet layout."""


@dataclass(frozen=True)
class ItemDraws:
    """One item and what was drawn for it.

    Attributes:
        example: The labelled example, as handed in.
        item_id: Its id.
        draws: The draws in their order, accepted or not.
        matches: Whether each draw's label matched.
        chosen: Place in `draws` of the trace that stands for the item, None where none was accepted.
        errors: Requests that failed; they are not draws, and a later run asks them again.
    """

    example: dspy.Example
    item_id: str
    draws: tuple[Draw, ...]
    matches: tuple[bool, ...]
    chosen: int | None
    errors: int = 0

    @property
    def gold(self) -> Label:
        """The human label."""
        return self.example["label"]


@dataclass(frozen=True)
class Spent:
    """What the draws that were asked for in this run cost; draws found in the journal cost nothing again."""

    draws: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, repr=False)
class Traces(Sequence[dspy.Example]):
    """The reconstructed thinking behind the labels: a sequence of examples, one for each item with an accepted draw.

    Each example has the item's fields (its inputs), ``label`` (the human one), ``rationale``, and on where it comes
    from: ``item_id``, ``group``, ``hits`` (matching draws), ``draws``, ``lift`` (hit rate over the chance of that label
    on other items), ``weight``, ``kind`` (``blind``: the label was never shown) and ``provenance``. Items without a
    match are in `unexplained`, never silently dropped.

    Attributes:
        items: Every item that was drawn for, with all its draws.
        scale: The scale of the labels.
        source: Whom the draws come from.
        accept: When a label matched.
        samples: The most draws an item could have.
        exhausted: Whether every item was to have all draws.
        spent: What this run asked for.
    """

    items: tuple[ItemDraws, ...]
    scale: Scale
    source: Source
    accept: Acceptance
    samples: int
    exhausted: bool
    spent: Spent = Spent()

    @cached_property
    def examples(self) -> tuple[dspy.Example, ...]:
        """The accepted traces, in the order of the items."""
        chance = self._chance
        return tuple(
            self._trace(item, item.chosen, chance[place])
            for place, item in enumerate(self.items)
            if item.chosen is not None
        )

    @overload
    def __getitem__(self, index: int) -> dspy.Example: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[dspy.Example, ...]: ...
    def __getitem__(self, index: int | slice) -> dspy.Example | tuple[dspy.Example, ...]:
        """Return one trace, or a tuple of them."""
        return self.examples[index]

    def __len__(self) -> int:
        """Return how many items have a trace."""
        return sum(item.chosen is not None for item in self.items)

    def __iter__(self) -> Iterator[dspy.Example]:
        """Iterate over the traces."""
        return iter(self.examples)

    def __repr__(self) -> str:
        """Say how many items are explained, by whom."""
        return f"Traces({len(self)} of {len(self.items)} items, drawn from {self.source.model!r})"

    def unexplained(self) -> list[dspy.Example]:
        """Return the examples of the items without an accepted draw, as they were handed in."""
        return [item.example for item in self.items if item.chosen is None]

    def rejected(self) -> list[Draw]:
        """Return the draws with a label that did not match."""
        return [
            draw
            for item in self.items
            for draw, matched in zip(item.draws, item.matches, strict=True)
            if not matched and draw.label is not None
        ]

    @property
    def unparsed(self) -> Counter[str]:
        """How many draws have no label, by reason."""
        return Counter(draw.reason for item in self.items for draw in item.draws if draw.label is None)

    @property
    def errors(self) -> int:
        """How many requests failed and left no draw."""
        return sum(item.errors for item in self.items)

    @property
    def tokens(self) -> dict[str, int]:
        """Tokens of all draws, whenever they were made: ``prompt`` and ``completion``."""
        draws = [draw for item in self.items for draw in item.draws]
        return {
            "prompt": sum(draw.prompt_tokens for draw in draws),
            "completion": sum(draw.completion_tokens for draw in draws),
        }

    def summary(self) -> dict[str, Any]:
        """Return where the traces come from and how many there are, as plain data for a rater's provenance."""
        return {
            "teacher": self.source.model,
            "sampling": dict(self.source.sampling),
            "samples": self.samples,
            "items": len(self.items),
            "explained": len(self),
            "draws": sum(len(item.draws) for item in self.items),
        }

    def utilization(self, *, seed: int = 0) -> Utilization:
        """Measure the share of items explained by k, beside what luck alone would explain."""
        golds = [item.gold for item in self.items]
        draws = [item.draws for item in self.items]
        options = {"samples": self.samples, "exhausted": self.exhausted, "seed": seed}
        return utilization(draws, golds, self.scale, self.accept, **options)

    def to_parquet(self, path: str | Path) -> None:
        """Write one row for each item, explained or not, with its draws' labels.

        Left out: the rejected draws' rationales (they are in the journal) and the prompts.
        """
        import pyarrow
        import pyarrow.parquet

        table = pyarrow.Table.from_pylist([self._row(place) for place in range(len(self.items))], schema=_schema())
        table = table.replace_schema_metadata({"accord": json.dumps({"version": VERSION, "source": self.source.key})})
        pyarrow.parquet.write_table(table, path)

    @cached_property
    def _chance(self) -> list[float]:
        """For each item, how often a draw of *another* item has a label that matches this item's gold."""
        labels = Counter(draw.label for item in self.items for draw in item.draws)
        total = sum(labels.values())
        chances: list[float] = []
        for item in self.items:
            own = Counter(draw.label for draw in item.draws)
            others = total - len(item.draws)
            matching = sum(
                count - own[label]
                for label, count in labels.items()
                if label is not None and self.accept.matches(label, item.gold, self.scale)
            )
            chances.append(matching / others if others else 0.0)
        return chances

    def _trace(self, item: ItemDraws, chosen: int, chance: float) -> dspy.Example:
        draw = item.draws[chosen]
        hits = sum(item.matches)
        fields = {name: item.example[name] for name in item.example.inputs().keys()}
        return dspy.Example(
            **fields,
            rationale=draw.rationale,
            label=item.gold,
            item_id=item.item_id,
            group=item.example.get("group"),
            hits=hits,
            draws=len(item.draws),
            lift=hits / len(item.draws) / chance if chance > 0 else None,
            weight=1.0,
            kind="blind",
            provenance=_provenance(draw, self.source),
        ).with_inputs(*fields)

    def _row(self, place: int) -> dict[str, Any]:
        item = self.items[place]
        explained = item.chosen is not None
        hits = sum(item.matches)
        chance = self._chance[place]
        made = len(item.draws)
        return {
            "item_id": item.item_id,
            "group": item.example.get("group"),
            "label": self.scale.write(item.gold),
            "rationale": item.draws[item.chosen].rationale if item.chosen is not None else None,
            "kind": "blind" if explained else None,
            "hits": hits,
            "draws": made,
            "lift": hits / made / chance if made and chance > 0 else None,
            "errors": item.errors,
            "drawn": [None if draw.label is None else self.scale.write(draw.label) for draw in item.draws],
            "unparsed": [draw.reason for draw in item.draws if draw.label is None],
        }


def _provenance(draw: Draw, source: Source) -> Mapping[str, Any]:
    return {"model": source.model, "sampling": dict(source.sampling), "prompt": draw.prompt, "index": draw.index}


def _schema() -> Any:
    import pyarrow

    text, whole, real = pyarrow.string(), pyarrow.int64(), pyarrow.float64()
    kinds = {"item_id": text, "group": text, "label": text, "rationale": text, "kind": text, "hits": whole}
    kinds |= {"draws": whole, "lift": real, "errors": whole}
    return pyarrow.schema([*kinds.items(), ("drawn", pyarrow.list_(text)), ("unparsed", pyarrow.list_(text))])
