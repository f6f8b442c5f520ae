"""Knows how draws are had: from the journal, else from a model, within a budget; not what they are good for."""

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import dspy

from ...data import Draw, Journal, Source
from ...programs import Ask, Completion, Prompt, Sampling, complete, identity
from .ledger import Ledger, Reservation
from .meter import Meter


@dataclass(frozen=True)
class Want:
    """A wish for the draws with these numbers of one item's prompt.

    Attributes:
        item_id: The item that is shown.
        prompt: What is sent.
        indices: Numbers of the draws, ascending.
        place: The wisher's own mark, by which an answer is told.
    """

    item_id: str
    prompt: Prompt
    indices: tuple[int, ...]
    place: int = 0


@dataclass(frozen=True)
class DrawnReply:
    """What came of a wish that was sent.

    Attributes:
        want: The wish as it was sent; a budget may have cut its last draws.
        draws: The draws that came back, committed to the journal, in the order of their numbers.
        failed: Why the other draws failed, by number. A failed request is no draw: a later run asks for it again.
    """

    want: Want
    draws: tuple[Draw, ...]
    failed: Mapping[int, str]


Read = Callable[[str, Prompt, int, Completion], Draw]
"""Makes the record that the journal keeps, from item id, prompt, number and completion."""


class DrawMany(Protocol):
    """Gets a list of wishes answered; what `Drawer.many` does."""

    def __call__(self, wants: Sequence[Want], read: Read) -> list[tuple[Draw, ...]]:
        """Return each wish's draws; fewer than wanted where requests failed or the budget ended."""
        ...


class Drawer:
    """Gets draws of one model with one way of sampling.

    Args:
        lm: Whom to ask.
        sampling: Temperature, token limit and seed.
        journal: Where draws are found and committed, or None.
        ledger: What may be spent.

    Attributes:
        source: Whom the draws come from, as the journal knows it.
        asked: Draws that were asked for and came.
    """

    def __init__(self, lm: dspy.LM, sampling: Sampling, *, journal: Journal | None, ledger: Ledger) -> None:
        """Remember whom to ask; nothing is asked yet."""
        self.lm = lm
        self.sampling = sampling
        self.journal = journal
        self.ledger = ledger
        self.source = Source(identity(lm), sampling.to_dict())
        self.asked = 0
        self._meter = Meter(lm, sampling, ledger)

    def recorded(self, prompts: Sequence[Prompt]) -> dict[str, list[Draw]]:
        """Return what the journal has, by the prompt's hash; prompts without draws are left out."""
        if self.journal is None:
            return {}
        wanted = dict.fromkeys(one.sha256 for one in prompts)
        return {sha256: draws for sha256, draws in self.journal.draws_of(self.source, wanted) if draws}

    def stream(self, queue: deque[Want], read: Read) -> Generator[DrawnReply, None, None]:
        """Yield answers as they come; what is appended to `queue` meanwhile is asked for too.

        Ends when the queue is empty and nothing is on its way, or when the budget allows no further call: then wishes
        are left in the queue and `Ledger.exhausted` says why.
        """
        feed = _Metered(queue, self)
        for number, completions in complete(self.lm, feed, self.sampling):
            want, reservation = feed.open.pop(number)
            drawn = [
                read(want.item_id, want.prompt, index, completion)
                for index, completion in zip(want.indices, completions, strict=True)
                if not completion.error
            ]
            if self.journal is not None and drawn:
                self.journal.record(self.source, drawn)
            self.asked += len(drawn)
            self._meter.settle(reservation, want.prompt, completions)
            failed = {
                index: completion.error
                for index, completion in zip(want.indices, completions, strict=True)
                if completion.error
            }
            yield DrawnReply(want, tuple(drawn), failed)

    def many(self, wants: Sequence[Want], read: Read) -> list[tuple[Draw, ...]]:
        """Return each wish's draws, recorded or new; fewer than wanted where requests failed or the budget ended."""
        known = self.recorded([want.prompt for want in wants])
        found: list[dict[int, Draw]] = []
        queue: deque[Want] = deque()
        for place, want in enumerate(wants):
            have = {draw.index: draw for draw in known.get(want.prompt.sha256, []) if draw.index in want.indices}
            found.append(have)
            missing = tuple(index for index in want.indices if index not in have)
            if missing:
                queue.append(replace(want, indices=missing, place=place))
        for answer in self.stream(queue, read):
            found[answer.want.place].update({draw.index: draw for draw in answer.draws})
        return [
            tuple(have[index] for index in want.indices if index in have)
            for want, have in zip(wants, found, strict=True)
        ]

    def admit(self, want: Want) -> Reservation | None:
        """Reserve what a wish may cost at most; fewer of its draws where all of them can no longer fit."""
        return self._meter.admit(want.prompt, len(want.indices))


class _Metered:
    """A feed that hands out a wish only when the ledger has reserved what it may cost."""

    def __init__(self, queue: deque[Want], drawer: Drawer) -> None:
        self.queue = queue
        self.drawer = drawer
        self.open: dict[int, tuple[Want, Reservation]] = {}
        self.given = 0

    def take(self, count: int) -> Sequence[Ask]:
        asks: list[Ask] = []
        while self.queue and len(asks) < count:
            reservation = self.drawer.admit(self.queue[0])
            if reservation is None:
                break
            want = self.queue.popleft()
            want = replace(want, indices=want.indices[: reservation.draws])
            self.open[self.given] = (want, reservation)
            self.given += 1
            asks.append(Ask(want.prompt, want.indices))
        return asks
