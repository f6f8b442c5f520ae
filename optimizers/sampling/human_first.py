"""Knows how what people picked or wrote goes before what a rule would choose; does not know where they said it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ...data import SetupError
from ..rationales import Medoid, Selection
from .item_draws import ItemDraws


def trace_id(item_id: str, rationale: str) -> str:
    """Return 16 hexadecimal digits that stand for a rationale of an item.

    A trace is known by what it says: the same words drawn again are the same trace, other words are another one.
    """
    return hashlib.sha256(json.dumps([item_id, rationale]).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class PeopleFirst:
    """The trace that people recognised as their reasoning, else what they wrote themselves, else another rule's choice.

    A pick counts among the accepted draws of the item, also where luck would explain its matches as well: that a person
    thinks so is no luck. Of several picks the one with most people stands; among equals, and among several texts that
    people wrote, `then` chooses. A picked trace weighs 1. What people wrote is a trace of the kind ``human``.

    Attributes:
        picks: Item -> trace (see `trace_id`) -> how many people picked it.
        written: Item -> what people wrote where no trace was theirs, the earliest first.
        then: The rule for everything that people said nothing of.
        weight: Of a trace that people wrote; a blind one weighs up to 1.
    """

    picks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    written: Mapping[str, Sequence[str]] = field(default_factory=dict)
    then: Selection = field(default_factory=Medoid)
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a weight that makes no sense."""
        if not 0 < self.weight <= 1:
            raise SetupError(f"weight={self.weight}", place="PeopleFirst", cure="Give a weight above 0, at most 1.")

    def choose(self, rationales: Sequence[str]) -> int:
        """Return what `then` chooses: without the item, nothing is known of people."""
        return self.then.choose(rationales)

    def standing(self, item: ItemDraws) -> ItemDraws:
        """Return the item with what people say of it; as it is where they say nothing that still exists."""
        votes = self.picks.get(item.item_id, {})
        found = {
            place: votes.get(trace_id(item.item_id, item.draws[place].rationale), 0) for place in item.accepted if votes
        }
        most = max(found.values(), default=0)
        if most:
            best = [place for place, count in found.items() if count == most]
            chosen = best[self.then.choose([item.draws[place].rationale for place in best])]
            return replace(item, chosen=chosen, outcome="blind", recognised=most, written="")
        trace = None if item.hinted is None else item.hinted.trace
        count = 0 if trace is None else votes.get(trace_id(item.item_id, trace.rationale), 0)
        if count:
            return replace(item, chosen=None, outcome="hinted", recognised=count, written="")
        texts = self.written.get(item.item_id, ())
        if texts:
            return replace(item, chosen=None, outcome="human", written=texts[self.then.choose(texts)])
        return item
