"""Knows how a model is asked within a budget by programs that know of none; does not know what they ask."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import dspy
from dspy.lm15 import UnsupportedFeatureError

from ...data import SetupError
from ...programs import (
    NOT_ASKED,
    Ask,
    Completion,
    Feed,
    LevelEngine,
    Prompt,
    Sampling,
    StreamingEngine,
    complete,
    gives_logprobs,
    identity,
    shares_prompt,
)
from .ledger import Ledger, Reservation
from .meter import Meter

_MANY = 1_000_000
_AT_ONCE = 16
"""Asks that a model in this process is handed at a time where minutes are limited: it does not look at the clock."""


def budgeted(lm: dspy.LM, ledger: Ledger) -> dspy.LM:
    """Return a model that answers as `lm` does while the ledger allows it.

    What the ledger refuses is a completion whose error begins with `NOT_ASKED`: it is not recorded, so a run with
    more budget asks for it. The name in a journal is that of `lm`. Counted is what raters ask as they rate a corpus
    (`accord.programs.complete`); single calls are refused. Reading the probabilities of levels in this process is no
    call.

    Args:
        lm: Whom to ask.
        ledger: What may be spent; several models can share one where their prices are equal.
    """
    kind = _BudgetedLevels if isinstance(lm.engine, LevelEngine) else _Budgeted
    return _like(lm, kind(lm, ledger))


def unasked(lm: dspy.LM) -> "tuple[dspy.LM, Unasked]":
    """Return a model that answers nothing, and the record of what it would have been asked.

    Whatever rates with it finds what a journal has, and every other draw fails as not allowed by the budget.
    """
    wanted = Unasked()
    kind = _CountingLevels if isinstance(lm.engine, LevelEngine) else _Counting
    return _like(lm, kind(lm, wanted)), wanted


@dataclass
class Unasked:
    """What a model would have been asked.

    Attributes:
        calls: Requests.
        draws: Replies.
        prompt_bytes: Of all prompts that would be billed.
        max_tokens: The most tokens of all replies together.
    """

    calls: int = 0
    draws: int = 0
    prompt_bytes: int = 0
    max_tokens: int = 0


def _refusal(why: str) -> Completion:
    return Completion("", finish_reason="error", error=f"{NOT_ASKED}: {why}")


class _Engine:
    """What both engines share with the one they stand for."""

    def __init__(self, lm: dspy.LM) -> None:
        self.lm = lm
        self.model_id = identity(lm)
        # Asked for once: looking it up can import LiteLLM.
        self.supported_params = frozenset({"logprobs", "top_logprobs"} if gives_logprobs(lm) else ())

    def complete(self, request: object) -> object:
        """Refuse a single call."""
        raise UnsupportedFeatureError(
            "a model with a budget is asked through accord.programs.complete", feature="calls"
        )

    def stream(self, request: object) -> object:
        """Refuse a single call."""
        return self.complete(request)

    def close(self) -> None:
        """Leave the model open; it is the caller's."""

    def __deepcopy__(self, memo: dict[int, object]) -> "_Engine":
        """Share the ledger between copies of a program."""
        return self


class _Budgeted(_Engine):
    def __init__(self, lm: dspy.LM, ledger: Ledger) -> None:
        super().__init__(lm)
        self.ledger = ledger

    def complete_feed(self, feed: Feed, sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        gate = _Gate(feed, Meter(self.lm, sampling, self.ledger), self._at_once)
        for number, completions in complete(self.lm, gate, sampling):
            sent = gate.open.pop(number)
            gate.meter.settle(sent.reservation, sent.ask.prompt, completions)
            left = len(sent.ask.draws) - len(completions)
            yield sent.number, (*completions, *[_refusal(self.ledger.exhausted)] * left)
        while (number := gate.next_number()) is not None:
            ask = gate.waiting.popleft()
            yield number, (_refusal(self.ledger.exhausted),) * len(ask.draws)

    @property
    def _at_once(self) -> int:
        patient = self.ledger.budget.minutes is None or isinstance(self.lm.engine, StreamingEngine)
        return _MANY if patient else _AT_ONCE


class _Counting(_Engine):
    def __init__(self, lm: dspy.LM, wanted: Unasked) -> None:
        super().__init__(lm)
        self.wanted = wanted

    def complete_feed(self, feed: Feed, sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        number = 0
        while asks := feed.take(1):
            for ask in asks:
                calls = 1 if shares_prompt(self.lm) else len(ask.draws)
                self.wanted.calls += calls
                self.wanted.draws += len(ask.draws)
                self.wanted.prompt_bytes += calls * len(ask.prompt.bytes)
                self.wanted.max_tokens += len(ask.draws) * sampling.max_tokens
                yield number, (_refusal("only counted"),) * len(ask.draws)
                number += 1


class _BudgetedLevels(_Budgeted):
    def choice_log_probabilities(
        self, prompts: Sequence[Prompt], replies: Sequence[Sequence[str]]
    ) -> list[list[float] | None]:
        """Read them with the model itself."""
        if not isinstance(self.lm.engine, LevelEngine):
            raise SetupError("the model's engine has changed", place="budgeted", cure="Call it again.")
        return self.lm.engine.choice_log_probabilities(prompts, replies)


class _CountingLevels(_Counting):
    def choice_log_probabilities(
        self, prompts: Sequence[Prompt], replies: Sequence[Sequence[str]]
    ) -> list[list[float] | None]:
        """Read none."""
        return [None] * len(prompts)


@dataclass(frozen=True)
class _Sent:
    number: int
    ask: Ask
    reservation: Reservation


@dataclass
class _Gate:
    """A feed that hands on an ask only when the ledger has reserved what it may cost."""

    feed: Feed
    meter: Meter
    at_once: int
    open: dict[int, _Sent] = field(default_factory=dict)
    waiting: deque[Ask] = field(default_factory=deque)
    given: int = 0
    taken: int = 0

    def take(self, count: int) -> Sequence[Ask]:
        asks: list[Ask] = []
        while len(asks) < min(count, self.at_once) and self._has_one():
            ask = self.waiting[0]
            reservation = self.meter.admit(ask.prompt, len(ask.draws))
            if reservation is None:
                break
            self.waiting.popleft()
            self.open[self.given] = _Sent(self.taken - 1, ask, reservation)
            self.given += 1
            asks.append(Ask(ask.prompt, ask.draws[: reservation.draws]))
        return asks

    def next_number(self) -> int | None:
        """Return the number of the ask that waits, None where there is none."""
        return self.taken - 1 if self._has_one() else None

    def _has_one(self) -> bool:
        if not self.waiting:
            new = self.feed.take(1)
            self.waiting.extend(new)
            self.taken += len(new)
        return bool(self.waiting)


def _like(lm: dspy.LM, engine: Any) -> dspy.LM:
    return dspy.LM(lm.model, engine=engine, max_tokens=lm.kwargs.get("max_tokens"), cache=False)
