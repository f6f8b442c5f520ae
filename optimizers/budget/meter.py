"""Knows how the calls to one model are gauged, reserved in a ledger and paid; does not know what they are for."""

import math
from collections.abc import Sequence

import dspy

from ...programs import Completion, Prompt, Sampling, shares_prompt
from .cost import Bill
from .ledger import Ledger, Reservation

_BYTES_A_TOKEN = 2
"""Fewest bytes a token is taken to have before anything is known; English has four to five."""

_FRAME = 64
"""Tokens a chat template may add to a prompt."""

_MARGIN = 1.1
"""Over the largest ratio seen, for prompts denser than any so far."""


class TokenGauge:
    """Bounds the tokens of prompts and replies, and learns from those that were billed.

    Before the first bill a prompt of b bytes is taken to have at most ``b / 2 + 64`` tokens; afterwards at most
    ``1.1 r b + 64``, where r is the most tokens a byte seen so far. A reply has at most ``max_tokens``.

    Args:
        max_tokens: The limit on a reply that requests carry.
    """

    def __init__(self, max_tokens: int) -> None:
        """Start without knowledge."""
        self.max_tokens = max_tokens
        self._densest = 0.0

    def prompt_tokens(self, prompt_bytes: int) -> int:
        """Return the most tokens that a prompt of so many bytes is expected to have."""
        ratio = _MARGIN * self._densest if self._densest > 0 else 1 / _BYTES_A_TOKEN
        return math.ceil(ratio * prompt_bytes) + _FRAME

    @property
    def completion_tokens(self) -> int:
        """The most tokens a reply can have."""
        return self.max_tokens

    def bill(self, prompt_bytes: int, completions: Sequence[Completion], *, shared: bool) -> Bill:
        """Return what the completions of one prompt cost, and learn from it.

        A failed request costs a call and no tokens. What a server does not report is counted from above: a budget that
        saw no tokens would never end.

        Args:
            prompt_bytes: Length of the prompt.
            completions: What came back, one for each draw.
            shared: Whether one call brought them all and billed the prompt once.
        """
        calls = min(1, len(completions)) if shared else len(completions)
        came = [completion for completion in completions if not completion.error]
        if not came:
            return Bill(calls)
        unknown = self.prompt_tokens(prompt_bytes)
        if shared:
            reported = sum(completion.prompt_tokens for completion in came)
            prompts = reported if reported else unknown
        else:
            prompts = sum(one.prompt_tokens if one.prompt_tokens else unknown for one in came)
        for completion in came:
            self._learn(prompt_bytes, completion)
        return Bill(calls, prompts, sum(self._reply(completion) for completion in came))

    def _learn(self, prompt_bytes: int, completion: Completion) -> None:
        if prompt_bytes > 0:
            self._densest = max(self._densest, completion.prompt_tokens / prompt_bytes)

    def _reply(self, completion: Completion) -> int:
        if completion.completion_tokens:
            return completion.completion_tokens
        size = len(completion.text.encode("utf-8", "replace")) + len(completion.thinking.encode("utf-8", "replace"))
        return min(self.max_tokens, math.ceil(size / _BYTES_A_TOKEN))


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
