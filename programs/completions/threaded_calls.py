"""Knows how to call an LM that answers one draw at a time from many threads; does not know what the draws are for."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from typing import Any

import dspy
from dspy.utils.exceptions import (
    LMAuthError,
    LMBillingError,
    LMConfigurationError,
    LMError,
    LMUnsupportedModelError,
)

from ...data import SetupError
from ..adapter import Completion, Prompt, completion_of
from .requests import Ask, Feed, Sampling

_WRONG_SET_UP = (LMAuthError, LMBillingError, LMConfigurationError, LMUnsupportedModelError)


@dataclass
class _Open:
    """An ask on its way: which of its draws are not sent yet, and what came back."""

    ask: Ask
    sent: int = 0
    answers: dict[int, Completion] = field(default_factory=dict)


def fan_out(
    lm: dspy.LM, feed: Feed, sampling: Sampling, *, workers: int
) -> Iterator[tuple[int, tuple[Completion, ...]]]:
    """Call once for each draw, `workers` at a time; see `accord.programs.complete`.

    Few more calls are queued than there are workers, so that stopping early wastes few.
    """
    queued = 2 * workers
    pending: dict[Future[Completion], tuple[int, int]] = {}
    asks: dict[int, _Open] = {}
    unsent: list[int] = []
    given = 0
    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="accord-complete") as pool:
        try:
            while True:
                while len(pending) < queued:
                    if not unsent:
                        new = feed.take(queued - len(pending))
                        unsent = list(range(given, given + len(new)))
                        asks.update(zip(unsent, map(_Open, new), strict=True))
                        given += len(new)
                    if not unsent:
                        break
                    one = asks[unsent[0]]
                    call = pool.submit(_call, lm, one.ask.prompt, one.ask.draws[one.sent], sampling)
                    pending[call] = (unsent[0], one.sent)
                    one.sent += 1
                    if one.sent == len(one.ask.draws):
                        unsent.pop(0)
                if not pending:
                    return
                done, _ = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    number, slot = pending.pop(future)
                    asks[number].answers[slot] = future.result()
                    if len(asks[number].answers) == len(asks[number].ask.draws):
                        answers = asks.pop(number).answers
                        yield number, tuple(answers[slot] for slot in range(len(answers)))
        finally:
            for future in pending:
                future.cancel()


def _call(lm: dspy.LM, prompt: Prompt, draw: int, sampling: Sampling) -> Completion:
    request = prompt.request(
        lm.model, temperature=sampling.temperature, max_tokens=sampling.max_tokens, logprobs=sampling.logprobs
    )
    # The journal remembers draws; DSPy's cache would only hide which of them were paid for.
    options: dict[str, Any] = {"cache": False} if sampling.temperature == 0 else {"cache": False, "rollout_id": draw}
    try:
        return completion_of(lm(request, **options))  # pyright: ignore[reportArgumentType, reportCallIssue]
    except LMError as error:
        if sampling.logprobs is not None and "logprob" in str(error).lower():
            return _call(lm, prompt, draw, replace(sampling, logprobs=None))  # this model gives none
        if isinstance(error, _WRONG_SET_UP):
            cure = "Check the model's name, its key and its account; what is recorded is kept."
            raise SetupError(_one_line(error), place=f"model {lm.model!r}", cure=cure) from error
        return Completion("", finish_reason="error", error=f"{type(error).__name__}: {_one_line(error)}")


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
