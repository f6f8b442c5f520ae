"""Knows what came of one item: its draws, the trace that stands for it, or why there is none; not how it was drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import dspy

from ...data import Draw, Label
from ..rationales import Filter, Selection, refusal
from .acceptance import Target
from .hints import HintedItem
from .item_state import ItemState
from .stopping import Standing, Stopping
from .teacher_beliefs import TeacherBeliefs

Outcome = Literal["blind", "hinted", "human", "no_match", "not_above_luck", "filtered", "not_drawn"]
"""How an item came out: explained blind, with a hint, or by what people wrote; no draw matched; matches that luck
explains as well; matches that no filter let through; no draw at all, for want of budget or because all requests failed.
"""


TRACE_KEYS = ("label", "rationale", "item_id", "group", "hits", "draws", "lift", "confidence", "weight", "kind")
TRACE_KEYS += ("provenance",)
"""What a trace says of itself, beside the item's fields: no field may have such a name."""


@dataclass(frozen=True)
class ItemDraws:
    """One item and what was drawn for it.

    Attributes:
        example: The labelled example, as handed in.
        item_id: Its id.
        target: What draws were compared with.
        draws: The blind draws in their order, accepted or not.
        matches: Whether each draw reached the target.
        chosen: Place in `draws` of the trace that stands for the item, None where none does.
        confidence: P(hit rate > chance); see `accord.optimizers.sampling.hit_rate`.
        outcome: How the item came out.
        cut_short: Whether the budget ended before the stopping rule wanted no more.
        refused: Reason -> matching draws that a filter did not let stand for the item.
        failures: Reason -> requests that failed; they are not draws, and a later run asks them again.
        hinted: What hints brought, where they were tried.
        unselected: How many of the draws, the first ones, were made whatever they said.
        accepted: Places in `draws` of those that matched and that no filter refused, whether or not one of them stands.
        recognised: How many people picked the trace that stands as their own reasoning.
        written: The reasoning that people wrote, where it stands for the item.
    """

    example: dspy.Example
    item_id: str
    target: Target
    draws: tuple[Draw, ...]
    matches: tuple[bool, ...]
    chosen: int | None
    confidence: float = 0.0
    outcome: Outcome = "no_match"
    cut_short: bool = False
    refused: Mapping[str, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)
    hinted: HintedItem | None = None
    unselected: int = 0
    accepted: tuple[int, ...] = ()
    recognised: int = 0
    written: str = ""

    @property
    def gold(self) -> Label:
        """The human label."""
        return self.example["label"]

    @property
    def hits(self) -> int:
        """How many draws matched."""
        return sum(self.matches)

    @property
    def errors(self) -> int:
        """How many requests failed."""
        return sum(self.failures.values())

    @property
    def explained(self) -> bool:
        """Whether a trace stands for the item."""
        return self.outcome in ("blind", "hinted", "human")

    @property
    def all_draws(self) -> tuple[Draw, ...]:
        """Every draw that was made for the item, hinted ones and readings too."""
        return self.draws if self.hinted is None else self.draws + self.hinted.draws

    def with_hint(self, hinted: HintedItem) -> "ItemDraws":
        """Return the same item with what hints brought."""
        return replace(self, hinted=hinted, outcome=self.outcome if hinted.trace is None else "hinted")


def settle(
    state: ItemState,
    beliefs: TeacherBeliefs,
    *,
    stop: Stopping,
    select: Selection,
    filters: Sequence[Filter],
    cut_short: bool = False,
) -> ItemDraws:
    """Decide what stands for an item, now that no more is drawn for it."""
    confidence = beliefs.confidence(state.target, state.hits, len(state.draws))
    fields = {name: str(state.example[name]) for name in state.example.inputs().keys()}
    chosen: int | None = None
    refused: dict[str, int] = {}
    accepted: list[int] = []
    outcome: Outcome = "no_match" if state.draws else "not_drawn"
    if state.hits:
        for place, (draw, matched) in enumerate(zip(state.draws, state.matches, strict=True)):
            if matched:
                earlier = [state.draws[other].rationale for other in accepted]
                reason = refusal(filters, draw.rationale, fields, earlier)
                if reason:
                    refused[reason] = refused.get(reason, 0) + 1
                else:
                    accepted.append(place)
        if not stop.explains(Standing(state.hits, len(state.draws), confidence)):
            outcome = "not_above_luck"
        elif not accepted:
            outcome = "filtered"
        else:
            outcome = "blind"
            chosen = accepted[select.choose([state.draws[place].rationale for place in accepted])]
    return ItemDraws(
        state.example,
        state.item_id,
        state.target,
        tuple(state.draws),
        tuple(state.matches),
        chosen,
        confidence,
        outcome,
        cut_short,
        refused,
        dict(state.failures),
        unselected=state.unselected,
        accepted=tuple(accepted),
    )
