"""Knows how the calls to one model are reserved in a ledger and paid; does not know who makes them or what for."""

from collections.abc import Sequence

import dspy

from ...programs import Completion, Prompt, Sampling, shares_prompt
from .ledger import Ledger, Reservation
from .meter_token_gauge import TokenGauge


class Meter:
    """Reserves what the draws of one model can cost, and settles what they did cost.

    Args:
        lm: Whose calls they are.
        sampling: How they are drawn.
        ledger: What may be spent.
    """

    def __init__(self, lm: dspy.LM, sampling: Sampling, ledger: Ledger) -> None:
        """Know nothing of the model's tokens yet."""
        self.ledger = ledger
        self._shared = shares_prompt(lm)
        self._gauge = TokenGauge(sampling.max_tokens)

    def admit(self, prompt: Prompt, draws: int) -> Reservation | None:
        """Reserve what draws of a prompt may cost at most; fewer of them where all can no longer fit."""
        return self.ledger.admit(
            draws,
            prompt_tokens=self._gauge.prompt_tokens(len(prompt.bytes)),
            completion_tokens=self._gauge.completion_tokens,
            shared=self._shared,
        )

    def settle(self, reservation: Reservation, prompt: Prompt, completions: Sequence[Completion]) -> None:
        """Put what came back of a prompt in the place of what was reserved for it."""
        bill = self._gauge.bill(len(prompt.bytes), completions, shared=self._shared)
        self.ledger.settle(reservation, bill.calls, bill.prompt_tokens, bill.completion_tokens)
