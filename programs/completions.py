"""Knows how to get many completions from any DSPy LM; does not know what they are for or where they are kept."""

import hashlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from typing import Any, Protocol, runtime_checkable

import dspy
from dspy.utils.exceptions import (
    LMAuthError,
    LMBillingError,
    LMConfigurationError,
    LMError,
    LMUnsupportedModelError,
)

from ..data import SetupError
from .adapter import DEFAULT_MAX_TOKENS, completion_of
from .prompt import Completion, Prompt

_WRONG_SET_UP = (LMAuthError, LMBillingError, LMConfigurationError, LMUnsupportedModelError)


@dataclass(frozen=True)
class Sampling:
    """How completions are drawn. Part of a draw's key in the journal.

    Attributes:
        temperature: 1.0 for drawing traces, 0.0 for rating.
        max_tokens: Limit on a reply's tokens, thinking included.
        seed: Makes the draws of engines that can be seeded reproducible, one by one and whatever the batch.
    """

    temperature: float = 1.0
    max_tokens: int = DEFAULT_MAX_TOKENS
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as plain data."""
        return asdict(self)

    def draw_seed(self, prompt: Prompt, draw: int) -> int:
        """Return the seed of one draw: it depends on the prompt and the draw's number, not on the batch."""
        key = f"{self.seed}:{prompt.sha256}:{draw}"
        return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")


@dataclass(frozen=True)
class Ask:
    """A wish for the draws with these numbers of one prompt."""

    prompt: Prompt
    draws: tuple[int, ...] = (0,)


@runtime_checkable
class BatchEngine(Protocol):
    """An engine that completes many prompts together, and several draws of one prompt for one prefill.

    `complete_many` yields ``(position in asks, one completion for each of its draws, in their order)`` as batches
    finish, in any order of asks. A request that fails is a `Completion` with an error, not an exception.
    """

    def complete_many(self, asks: Sequence[Ask], sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        """Yield the completions of each ask."""
        ...


def complete(
    lm: dspy.LM, asks: Sequence[Ask], sampling: Sampling, *, workers: int = 16
) -> Generator[tuple[int, tuple[Completion, ...]], None, None]:
    """Yield ``(position in asks, its completions)`` as they come, in any order; close it to stop early.

    A `BatchEngine` gets everything at once. Any other `dspy.LM` is called once for each draw from `workers` threads,
    with a `rollout_id` of its own where it samples, so that no two draws share a cache entry.

    Args:
        lm: Whom to ask.
        asks: The prompts, and which draws of each.
        sampling: Temperature, token limit and seed.
        workers: Calls in flight for an LM without batches.

    Raises:
        SetupError: If the model's name, key or account is wrong: every call would fail. Whatever else goes wrong with
            a call is a `Completion` with an error.
    """
    engine = getattr(lm, "engine", None)
    if isinstance(engine, BatchEngine):
        yield from engine.complete_many(asks, sampling)
        return
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="accord-complete") as pool:
        yield from _fan_out(pool, lm, asks, sampling, window=4 * workers)


def identity(lm: dspy.LM) -> str:
    """Return the name under which the journal keeps this model's draws: by content where the engine knows it."""
    named = getattr(getattr(lm, "engine", None), "model_id", None)
    return named if isinstance(named, str) else str(lm.model)


def _fan_out(
    pool: ThreadPoolExecutor, lm: dspy.LM, asks: Sequence[Ask], sampling: Sampling, *, window: int
) -> Iterator[tuple[int, tuple[Completion, ...]]]:
    """Call once for each draw; at most `window` calls are queued, so that stopping early wastes few."""
    calls = iter([(place, slot) for place, ask in enumerate(asks) for slot in range(len(ask.draws))])
    pending: dict[Future[Completion], tuple[int, int]] = {}
    results: dict[int, dict[int, Completion]] = {place: {} for place in range(len(asks))}
    try:
        while True:
            for place, slot in _take(calls, window - len(pending)):
                ask = asks[place]
                pending[pool.submit(_call, lm, ask.prompt, ask.draws[slot], sampling)] = (place, slot)
            if not pending:
                return
            done, _ = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                place, slot = pending.pop(future)
                results[place][slot] = future.result()
                if len(results[place]) == len(asks[place].draws):
                    yield place, tuple(results[place][slot] for slot in range(len(asks[place].draws)))
    finally:
        for future in pending:
            future.cancel()


def _take(calls: Iterator[tuple[int, int]], count: int) -> Iterable[tuple[int, int]]:
    for _ in range(count):
        call = next(calls, None)
        if call is None:
            return
        yield call


def _call(lm: dspy.LM, prompt: Prompt, draw: int, sampling: Sampling) -> Completion:
    request = prompt.request(lm.model, temperature=sampling.temperature, max_tokens=sampling.max_tokens)
    # The journal remembers draws; DSPy's cache would only hide which of them were paid for.
    options: dict[str, Any] = {"cache": False} if sampling.temperature == 0 else {"cache": False, "rollout_id": draw}
    try:
        return completion_of(lm(request, **options))  # pyright: ignore[reportArgumentType, reportCallIssue]
    except _WRONG_SET_UP as error:
        cure = "Check the model's name, its key and its account; what is recorded is kept."
        raise SetupError(_one_line(error), place=f"model {lm.model!r}", cure=cure) from error
    except LMError as error:
        return Completion("", finish_reason="error", error=f"{type(error).__name__}: {_one_line(error)}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
