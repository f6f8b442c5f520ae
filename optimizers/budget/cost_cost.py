"""Knows what a set of traces cost and how to say it; does not know what was bought with it."""

from dataclasses import dataclass
from typing import Any

from .cost import Bill


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
