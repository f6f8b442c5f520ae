"""Knows one item in the making: which draws it has and which it needs next; does not know who draws or why it stops."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import dspy

from ...data import Draw, Scale
from ...programs import Prompt
from ..budget import DrawnReply, Want
from .acceptance import Acceptance, Target, can_match
from .teacher_beliefs import BelievedDraws


@dataclass(eq=False)
class ItemState:
    """One item while it is drawn for.

    Draws are used strictly in the order of their numbers and wave by wave, recorded or new: so a resumed run takes the
    same decisions, from the same draws, as a run that was never interrupted.

    Attributes:
        place: Of the example among all.
        example: As it was handed in.
        item_id: Its id.
        prompt: What is sent.
        target: What draws are compared with.
        accept: When they match.
        scale: The labels' scale.
        samples: The most numbers that are tried.
        recorded: What the journal has, by number; items with the same prompt share one record.
        draws: The draws that were used, in their order.
        matches: Whether each of them matched.
        tried: Numbers below this one were tried.
        failures: Reason -> requests that failed.
        unselected: How many of `draws`, the first ones, were made whatever they said.
    """

    place: int
    example: dspy.Example
    item_id: str
    prompt: Prompt
    target: Target
    accept: Acceptance
    scale: Scale
    samples: int
    recorded: dict[int, Draw] = field(default_factory=dict)
    draws: list[Draw] = field(default_factory=list)
    matches: list[bool] = field(default_factory=list)
    tried: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    unselected: int = 0

    @property
    def hits(self) -> int:
        """How many draws matched."""
        return sum(self.matches)

    @property
    def left(self) -> int:
        """How many numbers are untried."""
        return self.samples - self.tried

    @property
    def drawn(self) -> BelievedDraws:
        """What was drawn so far."""
        return BelievedDraws(self.target, self.draws, self.hits, len(self.prompt.bytes), self.unselected)

    def want(self, wave: int) -> Want | None:
        """Return the wish for the next `wave` draws; where all are recorded, use them and return None."""
        wanted = range(self.tried, self.tried + min(wave, self.left))
        missing = tuple(index for index in wanted if index not in self.recorded)
        if missing:
            return Want(self.item_id, self.prompt, missing)
        self._use(wanted.stop, {})
        return None

    def take(self, answer: DrawnReply) -> None:
        """Use what came back, and recorded draws that lay between."""
        self.recorded.update({draw.index: draw for draw in answer.draws})
        self._use(max(answer.want.indices) + 1, answer.failed)

    def make_do(self, want: Want) -> None:
        """Use what is recorded of a wave that the budget did not allow to be completed."""
        self._use(max(want.indices) + 1, {})

    def _use(self, stop: int, failed: Mapping[int, str]) -> None:
        for index in range(self.tried, stop):
            if index in failed:
                # The text after the colon differs from request to request; what stands before it can be counted.
                self.failures[failed[index].split(":")[0]] += 1
            elif index in self.recorded:
                self._add(self.recorded[index])
            self.tried = index + 1
        if not self.unselected:
            # Nothing that an item's first wave says has decided how large it is.
            self.unselected = len(self.draws)

    def _add(self, draw: Draw) -> None:
        matched = (
            can_match(draw) and draw.label is not None and self.accept.matches(draw.label, self.target, self.scale)
        )
        self.draws.append(replace(draw, item_id=self.item_id))
        self.matches.append(matched)
