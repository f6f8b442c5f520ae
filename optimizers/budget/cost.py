"""Knows what calls and traces cost, as counts that can be added, priced and said; does not know what may be spent."""

from dataclasses import dataclass, replace
from typing import Any

from ...programs import Price


@dataclass(frozen=True)
class Bill:
    """What calls cost.

    Attributes:
        calls: Requests sent.
        prompt_tokens: Billed tokens of prompts.
        completion_tokens: Billed tokens of replies, thinking included.
        usd: US dollars; None where nobody has worked them out or the price is unknown.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float | None = None

    @property
    def tokens(self) -> int:
        """Tokens of both kinds."""
        return self.prompt_tokens + self.completion_tokens

    def priced(self, price: Price | None) -> "Bill":
        """Return the same counts with what they cost in dollars."""
        return replace(self, usd=None if price is None else price.of(self.prompt_tokens, self.completion_tokens))

    def to_dict(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        return dict(vars(self))


def total(*bills: Bill) -> Bill:
    """Add the counts; dollars are to be worked out from the sums, so that no order of calls leaves rounding behind."""
    return Bill(
        sum(bill.calls for bill in bills),
        sum(bill.prompt_tokens for bill in bills),
        sum(bill.completion_tokens for bill in bills),
    )


@dataclass(frozen=True)
class Cost:
    """What traces cost.

    Attributes:
        run: What this run asked for and paid.
        asked: Draws it got for that.
        draws: All draws, found in the journal or asked for.
        prompt_tokens: Billed for all draws, whenever they were made.
        completion_tokens: Likewise.
        usd: What all draws cost in dollars; None where the price is unknown.
        traces: Items they explain.
    """

    run: Bill
    asked: int
    draws: int
    prompt_tokens: int
    completion_tokens: int
    usd: float | None
    traces: int

    @property
    def tokens_per_trace(self) -> float | None:
        """Billed tokens of both kinds for each explained item; None where no item is."""
        return (self.prompt_tokens + self.completion_tokens) / self.traces if self.traces else None

    @property
    def usd_per_trace(self) -> float | None:
        """Dollars for each explained item; None where no item is, or the price is unknown."""
        return self.usd / self.traces if self.traces and self.usd is not None else None

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data, for report.json."""
        return {
            "run": {"draws": self.asked, **self.run.to_dict()},
            "draws": self.draws,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "usd": self.usd,
            "traces": self.traces,
            "tokens_per_trace": self.tokens_per_trace,
            "usd_per_trace": self.usd_per_trace,
        }
