"""Knows what was spent, what is reserved for calls in flight and what still fits a budget; does not make the calls."""

import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...data import SetupError
from ...programs import Price
from .budget import Budget
from .cost import Bill, total


@dataclass(frozen=True)
class Reservation:
    """What is set aside for one wave of draws until its cost is known.

    Attributes:
        number: Tells reservations apart.
        draws: How many draws it is for.
        most: The most that they can cost.
    """

    number: int
    draws: int
    most: Bill


@dataclass(frozen=True)
class _Refusal:
    """A refusal that waiting cannot lift: which limit made it, and what the calls could have cost."""

    limit: str
    need: Bill


class Ledger:
    """Keeps a budget before calls are made: reserves what they can cost at most, then counts what they did cost.

    What is spent and reserved together never exceeds a limit. So spending exceeds one only where a reservation was no
    upper bound: where a server bills more than ``max_tokens`` for a reply, or more for a prompt than was foreseen. A
    run that asks for one wave after another ends with less left than the most that one more draw could cost.

    For use by one thread.

    Args:
        budget: The limits.
        price: What tokens cost; None where it is unknown.
        model: The model's name, for messages.
        clock: Seconds that pass; the budget's minutes count from now on.

    Raises:
        SetupError: If dollars are limited and the price is unknown.
    """

    def __init__(
        self, budget: Budget, price: Price | None, *, model: str = "", clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Open the ledger and start the clock."""
        if budget.usd is not None and price is None:
            place = f"model {model!r}" if model else "Budget"
            cure = "Give price=Price.per_million(<prompt>, <completion>) in dollars, or limit tokens instead."
            raise SetupError("dollars are limited, and what a token costs is unknown", place=place, cure=cure)
        self.budget = budget
        self.price = price
        self._clock = clock
        self._started = clock()
        self._spent = Bill()
        self._reserved = Bill()
        self._open: dict[int, Reservation] = {}
        self._number = 0
        self._waiting = False
        self._refusal: _Refusal | None = None

    @property
    def spent(self) -> Bill:
        """What all settled calls cost."""
        return self._spent.priced(self.price)

    @property
    def in_flight(self) -> int:
        """How many reservations are neither settled nor released."""
        return len(self._open)

    @property
    def waiting(self) -> bool:
        """Whether what was refused last may fit once calls in flight turn out cheaper than what is reserved."""
        return self._waiting

    @property
    def exhausted(self) -> str:
        """Which limit ended the run, in words without a full stop; empty while nothing was refused for good."""
        if self._refusal is None:
            return ""
        spent, need, budget = self.spent, self._refusal.need, self.budget
        if self._refusal.limit == "minutes":
            return self.late
        if self._refusal.limit == "usd":
            used, most, next_call = (_dollars(of.usd) for of in (spent, budget, need))
            return f"dollars: {used} of {most} spent, the next call may cost up to {next_call}"
        if self._refusal.limit == "calls":
            return f"calls: {spent.calls:,} of {budget.calls:,} made"
        return f"tokens: {spent.tokens:,} of {budget.tokens:,} spent, the next call may take up to {need.tokens:,}"

    @property
    def late(self) -> str:
        """That the minutes are over, in words without a full stop; empty where they are not, or are not limited."""
        if self.budget.minutes is None or self._minutes < self.budget.minutes:
            return ""
        return f"minutes: {self._minutes:,.1f} of {self.budget.minutes:,g} gone"

    def admit(self, draws: int, *, prompt_tokens: int, completion_tokens: int, shared: bool) -> Reservation | None:
        """Reserve a wave of draws of one prompt; a smaller one where the whole can no longer fit.

        A wave that may fit whole once calls in flight have settled is waited for: its parts would pay for the prompt
        again. After None, `waiting` says whether to ask again later; if not, `exhausted` says why the run ends.

        Args:
            draws: How many are wanted, at least 1.
            prompt_tokens: The most that the prompt can have.
            completion_tokens: The most that one reply can have.
            shared: Whether one call brings all draws and bills the prompt once; otherwise each draw is a call.
        """
        wave = _Wave(prompt_tokens, completion_tokens, shared)
        if self._lacking(wave.most(draws), self._spent):
            draws = max(1, self._most_draws(draws, wave))
        return self._reserve(draws, wave.most(draws))

    def settle(self, reservation: Reservation, calls: int, prompt_tokens: int, completion_tokens: int) -> None:
        """Put what calls really cost, which may be more, in the place of what was reserved for them.

        Raises:
            ValueError: If the reservation is not open.
        """
        self.release(reservation)
        self._spent = total(self._spent, Bill(calls, prompt_tokens, completion_tokens))

    def release(self, reservation: Reservation) -> None:
        """Give back what was reserved for calls that were never sent. Calls that failed are settled, without tokens.

        Raises:
            ValueError: If the reservation is not open.
        """
        if self._open.pop(reservation.number, None) is None:
            raise ValueError(f"{reservation} is not open")
        most = reservation.most
        self._reserved = total(self._reserved, Bill(-most.calls, -most.prompt_tokens, -most.completion_tokens))

    @property
    def _minutes(self) -> float:
        return (self._clock() - self._started) / 60

    def _reserve(self, draws: int, need: Bill) -> Reservation | None:
        self._waiting = False
        if self._lacking(need, self._spent, self._reserved):
            final = self._lacking(need, self._spent)
            self._waiting = not final
            if final:
                self._refusal = _Refusal(final, need.priced(self.price))
            return None
        self._number += 1
        made = Reservation(self._number, draws, need)
        self._open[made.number] = made
        self._reserved = total(self._reserved, need)
        return made

    def _most_draws(self, draws: int, wave: "_Wave") -> int:
        # Each further draw costs more, so the waves that fit are those before the first that does not.
        return bisect_left(
            range(1, draws + 1),
            True,
            key=lambda wanted: bool(self._lacking(wave.most(wanted), self._spent, self._reserved)),
        )

    def _lacking(self, need: Bill, *beside: Bill) -> str:
        """Return the first limit that would be exceeded, or an empty string."""
        if self.late:
            return "minutes"
        all_of_it = total(need, *beside).priced(self.price)
        for limit in ("usd", "tokens", "calls"):
            most: Any = getattr(self.budget, limit)
            if most is not None and getattr(all_of_it, limit) > most:
                return limit
        return ""


@dataclass(frozen=True)
class _Wave:
    prompt_tokens: int
    completion_tokens: int
    shared: bool

    def most(self, draws: int) -> Bill:
        """Return the most that so many draws can cost."""
        calls = 1 if self.shared else draws
        return Bill(calls, calls * self.prompt_tokens, draws * self.completion_tokens)


def _dollars(amount: float | None) -> str:
    """Write dollars with cents, and what is less with two digits; an unknown price never limits dollars."""
    if amount is None:
        return "$?"
    return f"${amount:,.2f}" if amount >= 0.1 or amount == 0 else f"${amount:.2g}"
