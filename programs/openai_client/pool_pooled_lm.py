"""Knows how a pool becomes the `dspy.LM` that programs are given, in threads and event loops; not what it is asked."""

import asyncio
from inspect import signature
from typing import Any, cast

import dspy
from dspy.lm15 import Request, Response

from ...data import SetupError
from ..completions.async_engine import ThreadedEngine
from ..completions.complete import Sampling
from .pool import OpenAIPool, response_of


class AsyncPool(ThreadedEngine):
    """The ``async_engine`` of a `dspy.LM` on a pool: it needs no thread for each call."""

    async def complete(self, request: Request) -> Response:
        """Complete one request without holding up the event loop."""
        future = cast(OpenAIPool, self.engine).begin(request)
        await asyncio.wait([asyncio.wrap_future(future)])
        return response_of(request, future)


def pooled_lm(
    model: str,
    api_base: str,
    *,
    api_key: str | None = None,
    max_tokens: int = Sampling.max_tokens,
    temperature: float | None = None,
    **settings: Any,
) -> dspy.LM:
    """Make the `dspy.LM` of a model on an OpenAI-compatible server. It has no response cache: the journal remembers.

    Args:
        model: The model's name on the server.
        api_base: The API's address, e.g. ``http://127.0.0.1:8000/v1``.
        api_key: The key, or None to look it up in the environment (``OPENAI_API_KEY``).
        max_tokens: Default limit on a reply's tokens.
        temperature: Default temperature of single calls.
        **settings: Handed to `OpenAIPool`: max_in_flight, timeout, patience, ...

    Raises:
        SetupError: If a setting is unknown or out of its range, or the address is none.
    """
    unknown = sorted(settings.keys() - signature(OpenAIPool).parameters.keys())
    if unknown:
        cure = f"There are {', '.join(list(signature(OpenAIPool).parameters)[2:])}, max_tokens and temperature."
        raise SetupError(f"unknown setting {unknown[0]!r}", place=f"model {model!r}", cure=cure)
    engine = OpenAIPool(model, api_base, api_key=api_key, **settings)
    return dspy.LM(
        f"openai/{model}",
        engine=engine,
        async_engine=AsyncPool(engine),
        max_tokens=max_tokens,
        temperature=temperature,
        cache=False,
        num_retries=0,  # the pool has tried often enough
    )
