"""Knows what calls cost, as counts that can be added and priced; does not know what may be spent."""

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
