"""Knows what rejection sampling came back with, explained or not; does not know how it was drawn."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import dspy

from ...data import Draw, Scale, Source
from ...programs import Price
from ..budget import Bill, Cost
from ..sampling import Acceptance, Hints, ItemDraws, PeopleFirst, Reach, Target, can_match
from .disagreement import disagreement
from .display import traces_html
from .optimizer_feedback import FeedbackMetric
from .suspects import Suspect, suspects
from .table import to_dataset, write_parquet
from .utilization import Utilization, utilization


@dataclass(frozen=True, repr=False)
class Traces(Sequence[dspy.Example]):
    """The reconstructed thinking behind the labels: a sequence of examples, one for each item that is explained.

    Each example has the item's fields (its inputs), ``label`` (the human one), ``rationale``, and on where it comes
    from: ``item_id``, ``group``, ``hits`` (matching blind draws), ``draws``, ``lift`` (hit rate over the chance of that
    label on other items), ``confidence`` (probability that the hit rate beats chance), ``weight``, ``kind`` (``blind``:
    the label was never shown; ``hinted``: it was; ``human``: a person wrote it) and ``provenance``. A blind trace
    weighs its confidence, a hinted and a human one what the policy says; any weighs 1 in which people recognised their
    own reasoning. Items without a trace are in `unexplained`, never silently dropped.

    Attributes:
        items: Every item that could be drawn for, with all its draws.
        scale: The scale of the labels.
        source: Whom the draws come from.
        accept: What a draw had to reach.
        samples: The most draws an item could have.
        exhausted: Whether every item was to have all draws.
        spent: What this run asked for; draws found in the journal cost nothing again.
        asked: Draws that this run asked for and got.
        price: What the teacher charges, None where it is unknown.
        stopped: Empty, or which limit of the budget ended the run early: then the traces are a part of what could be.
        aimless: Examples without a target (see `accord.optimizers.Acceptance`), never drawn for.
        hint_weight: Weight of hinted traces.
        human_weight: Weight of traces that people wrote.
    """

    items: tuple[ItemDraws, ...]
    scale: Scale
    source: Source
    accept: Acceptance
    samples: int
    exhausted: bool
    spent: Bill = Bill()
    asked: int = 0
    price: Price | None = None
    stopped: str = ""
    aimless: tuple[dspy.Example, ...] = ()
    hint_weight: float = Hints.weight
    human_weight: float = PeopleFirst.weight

    @cached_property
    def examples(self) -> tuple[dspy.Example, ...]:
        """The accepted traces, in the order of the items."""
        lifts = self.lifts
        return tuple(self._trace(item, lifts[place]) for place, item in enumerate(self.items) if item.explained)

    @overload
    def __getitem__(self, index: int) -> dspy.Example: ...
    @overload
    def __getitem__(self, index: slice) -> list[dspy.Example]: ...
    def __getitem__(self, index: int | slice) -> dspy.Example | list[dspy.Example]:
        """Return one trace, or a list of them: DSPy's optimizers copy a trainset by ``[:]`` and shuffle the copy."""
        return list(self.examples[index]) if isinstance(index, slice) else self.examples[index]

    def __len__(self) -> int:
        """Return how many items have a trace."""
        return sum(item.explained for item in self.items)

    def __iter__(self) -> Iterator[dspy.Example]:
        """Iterate over the traces."""
        return iter(self.examples)

    def __repr__(self) -> str:
        """Say how many items are explained, by whom, and whether that is all."""
        partial = f", stopped by the budget ({self.stopped})" if self.stopped else ""
        return f"Traces({len(self)} of {len(self.items)} items, drawn from {self.source.model!r}{partial})"

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        items = len(self.items) + len(self.aimless)
        return traces_html(self.examples, self.scale, items=items, model=self.source.model, stopped=self.stopped)

    def unexplained(self) -> list[dspy.Example]:
        """Return the examples of the items without a trace, as they were handed in."""
        return [item.example for item in self.items if not item.explained] + list(self.aimless)

    @property
    def outcomes(self) -> Counter[str]:
        """How many items came out how: `Outcome`, and ``no_target`` for those that could not be drawn for."""
        found: Counter[str] = Counter(item.outcome for item in self.items)
        return found + Counter({"no_target": len(self.aimless)})

    def rejected(self) -> list[Draw]:
        """Return the blind draws with a label that did not match: material for preference pairs."""
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
    def refused(self) -> Counter[str]:
        """How many matching draws no filter let stand for their item, by reason."""
        return sum((Counter(item.refused) for item in self.items), Counter())

    @property
    def failures(self) -> Counter[str]:
        """How many requests failed and left no draw, by reason."""
        return sum((Counter(item.failures) for item in self.items), Counter())

    @property
    def errors(self) -> int:
        """How many requests failed and left no draw."""
        return sum(item.errors for item in self.items)

    @cached_property
    def tokens(self) -> dict[str, int]:
        """Tokens of all draws, whenever they were made: ``prompt`` and ``completion``."""
        return {
            "prompt": sum(draw.prompt_tokens for draw in self._paid),
            "completion": sum(draw.completion_tokens for draw in self._paid),
        }

    def cost(self) -> Cost:
        """Return what the traces cost: this run alone, and all draws whenever they were made."""
        tokens = self.tokens
        usd = None if self.price is None else self.price.of(tokens["prompt"], tokens["completion"])
        return Cost(self.spent, self.asked, len(self._paid), tokens["prompt"], tokens["completion"], usd, len(self))

    @cached_property
    def _paid(self) -> tuple[Draw, ...]:
        """Every draw once: items with the same text share theirs."""
        return tuple({(draw.prompt, draw.index): draw for item in self.items for draw in item.all_draws}.values())

    def summary(self) -> dict[str, Any]:
        """Return where the traces come from and how many there are, as plain data for a rater's provenance."""
        return {
            "teacher": self.source.model,
            "sampling": dict(self.source.sampling),
            "samples": self.samples,
            "items": len(self.items) + len(self.aimless),
            "explained": len(self),
            "outcomes": dict(self.outcomes),
            "draws": sum(len(item.draws) for item in self.items),
            "stopped": self.stopped,
        }

    def utilization(self, *, seed: int = 0) -> Utilization:
        """Measure the share of items explained by blind draws within k, beside what luck alone would explain."""
        return utilization(
            [item.draws for item in self.items],
            [item.target for item in self.items],
            self.scale,
            self.accept,
            samples=self.samples,
            exhausted=self.exhausted,
            disagreements=[
                disagreement([one.label for one in item.example.get("annotations") or ()], self.scale)
                for item in self.items
            ],
            unselected=[item.unselected for item in self.items],
            seed=seed,
        )

    def suspects(self) -> list[Suspect]:
        """Return items whose label the teacher confidently and repeatedly disagrees with, most suspicious first.

        They are candidates for label errors, or for holes in the guideline; a person should look at them.
        """
        return list(self._suspects)

    def as_feedback_metric(self) -> FeedbackMetric:
        """Return a metric for DSPy's optimizers that tells them, beside the score, the thinking behind the label.

        An item without a trace is told its label alone.
        """
        return FeedbackMetric(self.scale, self, self.fields)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the items' text fields."""
        known = [item.example for item in self.items] + list(self.aimless)
        return tuple(known[0].inputs().keys()) if known else ()

    def to_parquet(self, path: str | Path) -> None:
        """Write one row for each item, explained or not, with its draws' labels."""
        about = {"source": self.source.key, "stopped": self.stopped}
        write_parquet(path, self.items, self.examples, self.scale, self.lifts, about)

    def to_dataset(self) -> Any:
        """Return the traces as a Hugging Face ``datasets.Dataset``, one row a trace, labels as they are written."""
        return to_dataset(self.examples, self.scale)

    @cached_property
    def lifts(self) -> list[float | None]:
        """For each item the hit rate over its label's chance: how often draws of *other* items reach its target."""
        labels = Counter(draw.label for item in self.items for draw in item.draws if can_match(draw))
        total = sum(len(item.draws) for item in self.items)
        reach = Reach((item.target for item in self.items), self.scale, self.accept)
        reach.learn(labels)
        everywhere: dict[Target, int] = {}
        lifts: list[float | None] = []
        for item in self.items:
            if item.target not in everywhere:
                everywhere[item.target] = sum(labels[label] for label in reach.labels(item.target))
            made = len(item.draws)
            # The item's own draws that reach its target are its hits.
            matching = everywhere[item.target] - item.hits
            lifts.append(item.hits / made * (total - made) / matching if made and matching else None)
        return lifts

    @cached_property
    def _suspects(self) -> list[Suspect]:
        return suspects(
            [[draw.label for draw in item.draws if not draw.repaired] for item in self.items],
            [item.gold for item in self.items],
            self.scale,
            ids=[item.item_id for item in self.items],
        )

    def _trace(self, item: ItemDraws, lift: float | None) -> dspy.Example:
        fields = {name: item.example[name] for name in item.example.inputs().keys()}
        if item.outcome == "human":
            source: Mapping[str, Any] = {"model": "human"}
            told = {"rationale": item.written, "label": item.gold, "weight": self.human_weight, "kind": "human"}
        elif item.chosen is not None:
            draw = item.draws[item.chosen]
            source = _provenance(draw, self.source)
            # A draw with a label: it matched. Within a tolerance it is taught with what people said.
            label = item.gold if draw.label is None else self.accept.taught(draw.label, item.target)
            weight = 1.0 if item.recognised else item.confidence
            told = {"rationale": draw.rationale, "label": label, "weight": weight, "kind": "blind"}
        else:
            hinted = None if item.hinted is None else item.hinted.trace
            if hinted is None:
                raise ValueError(f"item {item.item_id!r} counts as explained and has no trace")
            source = _provenance(hinted.draw, self.source)
            read = hinted.reading.label
            label = item.gold if read is None else self.accept.taught(read, item.target)
            weight = 1.0 if item.recognised else self.hint_weight
            told = {"rationale": hinted.rationale, "label": label, "weight": weight, "kind": "hinted"}
        return dspy.Example(
            **fields,
            **told,
            item_id=item.item_id,
            group=item.example.get("group"),
            hits=item.hits,
            draws=len(item.draws),
            lift=lift,
            confidence=item.confidence,
            provenance={**source, "recognised": item.recognised} if item.recognised else source,
        ).with_inputs(*fields)


def _provenance(draw: Draw, source: Source) -> Mapping[str, Any]:
    return {"model": source.model, "sampling": dict(source.sampling), "prompt": draw.prompt, "index": draw.index}
