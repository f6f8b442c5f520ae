"""Knows what may be asked of a model and how engines take it; does not ask."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, runtime_checkable

import dspy
from dspy.utils.exceptions import LMError

from ...data import SetupError
from ..adapter import DEFAULT_MAX_TOKENS, Completion, Prompt

NOT_ASKED = "not asked"
"""How the error of a completion begins that nobody was asked for, e.g. for want of budget."""


@dataclass(frozen=True)
class Sampling:
    """How completions are drawn. Part of a draw's key in the journal.

    Attributes:
        temperature: 1.0 for drawing traces, 0.0 for rating.
        max_tokens: Limit on a reply's tokens, thinking included.
        seed: Makes the draws of engines that can be seeded reproducible, one by one and whatever the batch.
        logprobs: How many alternatives of each token to ask for, with their log-probabilities; None asks for none. An
            engine that cannot say leaves `Completion.tokens` out.
    """

    temperature: float = 1.0
    max_tokens: int = DEFAULT_MAX_TOKENS
    seed: int = 0
    logprobs: int | None = None

    def __post_init__(self) -> None:
        """Refuse a limit that no reply can keep to.

        Raises:
            SetupError: If `max_tokens` is below 1.
        """
        if self.max_tokens < 1:
            raise SetupError(f"max_tokens={self.max_tokens}", place="Sampling", cure="Give max_tokens=1 or more.")

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as plain data; without `logprobs` where none are asked for."""
        return {name: value for name, value in asdict(self).items() if name != "logprobs" or value is not None}

    def draw_seed(self, prompt: Prompt, draw: int) -> int:
        """Return the seed of one draw: it depends on the prompt and the draw's number, not on the batch."""
        key = f"{self.seed}:{prompt.sha256}:{draw}"
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")


@dataclass(frozen=True)
class Ask:
    """A wish for the draws with these numbers of one prompt."""

    prompt: Prompt
    draws: tuple[int, ...] = (0,)


class Feed(Protocol):
    """Where asks come from while earlier ones are being answered."""

    def take(self, count: int) -> Sequence[Ask]:
        """Hand out up to `count` asks that are ready now.

        There may be none now and some later: each result that the caller consumes may make more ready. Called only from
        the thread that iterates over the results.
        """
        ...


@runtime_checkable
class BatchEngine(Protocol):
    """An engine that completes many prompts together, and several draws of one prompt for one prefill.

    `complete_many` yields ``(position in asks, one completion for each of its draws, in their order)`` as batches
    finish, in any order of asks. A request that fails is a `Completion` with an error, not an exception.
    """

    def complete_many(self, asks: Sequence[Ask], sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        """Yield the completions of each ask."""
        ...


@runtime_checkable
class StreamingEngine(Protocol):
    """An engine that keeps many requests in flight and bills the prompt once for all draws of an ask.

    `complete_feed` yields ``(number of the ask in the order in which the feed handed them out, one completion for each
    of its draws)`` as they come. Whenever there is room, and after each result that was consumed, it takes again; it
    ends when nothing is in flight and `Feed.take` gives nothing. A request that fails is a `Completion` with an error.
    """

    def complete_feed(self, feed: Feed, sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        """Yield the completions of each ask."""
        ...


def shares_prompt(lm: dspy.LM) -> bool:
    """Return whether all draws of an ask are billed one prompt; else each draw pays for its own."""
    return isinstance(getattr(lm, "engine", None), StreamingEngine | BatchEngine)


def gives_logprobs(lm: dspy.LM) -> bool:
    """Return whether a model is said to give the log-probabilities of a token's alternatives, as far as DSPy knows.

    What it really sends is seen in its replies: gateways and single models may give less than their API has.
    """
    try:
        return "top_logprobs" in lm.supported_params
    except LMError:  # a name that DSPy cannot place has no known abilities
        return False


def identity(lm: dspy.LM) -> str:
    """Return the name under which the journal keeps this model's draws: by content where the engine knows it."""
    named = getattr(getattr(lm, "engine", None), "model_id", None)
    return named if isinstance(named, str) else str(lm.model)


class Listed:
    """A feed of asks that are all known beforehand."""

    def __init__(self, asks: Sequence[Ask]) -> None:
        """Remember the asks."""
        self._asks = asks
        self._given = 0

    def take(self, count: int) -> Sequence[Ask]:
        """Hand out the next `count` asks."""
        begun = self._given
        self._given = min(begun + count, len(self._asks))
        return self._asks[begun : self._given]
