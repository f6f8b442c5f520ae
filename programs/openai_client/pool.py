"""Knows an OpenAI-compatible server as a DSPy engine with many requests on their way, and its `dspy.LM`."""

import asyncio
import os
import threading
import weakref
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import asdict
from inspect import signature
from typing import Any, cast

import dspy
from dspy.clients.engines.base import validate_request
from dspy.lm15 import (
    AuthError,
    ConfigurationError,
    Message,
    ProviderError,
    Request,
    Response,
    TextPart,
    ThinkingPart,
    TokenLogprob,
    TopLogprob,
    UnsupportedFeatureError,
    Usage,
    response_to_events,
)

from ...data import SetupError
from ..adapter import Completion, Token
from ..completions import Ask, Feed, Sampling, ThreadedEngine, prompt_of
from .concurrency_limit import ConcurrencyLimit
from .dispatcher import Dispatcher, Run
from .feed import stream
from .http import Address, ChatClient, checked_base
from .request import ChatForm
from .retry import Patience

_FINISHES = {"length": "length", "max_tokens": "length", "content_filter": "content_filter"}


class OpenAIPool:
    """A model on a server with OpenAI's chat API (vLLM, SGLang, Ollama, gateways), for ``dspy.LM(engine=...)``.

    Requests share a pool of connections in a thread of its own. All draws of an ask come from one request with ``n``
    where the server takes it; a server that does not is asked once for each draw, and that is remembered. Requests
    that fail for a while (429, 5xx, time-outs, lost connections, unreadable replies) are tried again with backoff and
    jitter, never before the server's ``Retry-After``; how many are on their way at a time adapts to how they fare.

    Log-probabilities are asked for where `Sampling.logprobs` says so, with no more alternatives than the server gives;
    one that refuses them is not asked for them again.

    Draws are seeded by prompt and number where the sampling is not greedy, as far as the server honours seeds. Fine for
    programs in threads, in event loops and in copies: copies share the pool. It opens with the first request.

    Args:
        model: The model's name on the server; also its identity in the journal, whatever the address.
        api_base: The API's address, e.g. ``http://127.0.0.1:8000/v1``.
        api_key: The key, or None to look it up in the environment. It is never written or shown.
        api_key_env: The environment variable that has the key, if there is any.
        max_in_flight: The most requests at a time.
        timeout: Seconds for one request.
        patience: How long to try again.
        send_seeds: Whether to send seeds; without, nothing that was not recorded can be drawn again.
        jitter_seed: Seed of the jitter between attempts.

    Raises:
        SetupError: If the model has no name, the address is not one, or a number is out of its range.
    """

    supported_params = frozenset({"logprobs", "top_logprobs"})
    """What DSPy (`dspy.LM.supported_params`) and `gives_logprobs` may count on, as far as the server has it."""

    def __init__(
        self,
        model: str,
        api_base: str,
        *,
        api_key: str | None = None,
        api_key_env: str = "OPENAI_API_KEY",
        max_in_flight: int = 128,
        timeout: float = 300.0,
        patience: Patience | None = None,
        send_seeds: bool = True,
        jitter_seed: int = 0,
    ) -> None:
        """Check the address; connections are opened later."""
        if not model.strip():
            raise SetupError("the model has no name", place="OpenAIPool", cure="Name the model that the server has.")
        if max_in_flight < 1 or not timeout > 0:
            cure = "Both must be above 0."
            raise SetupError(f"max_in_flight={max_in_flight}, timeout={timeout}", place="OpenAIPool", cure=cure)
        self.model_id = model
        self.api_base = checked_base(api_base)
        self._settings: dict[str, Any] = {
            "api_key_env": api_key_env,
            "max_in_flight": max_in_flight,
            "timeout": timeout,
            "send_seeds": send_seeds,
            "jitter_seed": jitter_seed,
        }
        self._key = api_key
        self._patience = Patience() if patience is None else patience
        self._opening = threading.Lock()
        self._open: Dispatcher | None = None
        self._finish: weakref.finalize[..., OpenAIPool] | None = None

    def complete_feed(self, feed: Feed, sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        """Yield ``(number of the ask, one completion for each draw)`` as they come; closing it drops the rest.

        Raises:
            SetupError: If key, model or address are wrong: every request would fail.
        """
        fields = _fields(
            temperature=sampling.temperature, max_tokens=sampling.max_tokens, **_weighed(sampling.logprobs)
        )

        def seed_of(ask: Ask, draw: int) -> int | None:
            # 31 bits: some servers keep seeds in a signed 32-bit integer.
            return sampling.draw_seed(ask.prompt, draw) >> 33 if sampling.temperature > 0 else None

        yield from stream(self._dispatcher(), feed, fields, seed_of)

    def begin(self, request: Request) -> "Future[Completion]":
        """Send one DSPy request; the future may be waited for from any thread."""
        validate_request(request)
        config = request.config
        if request.tools:
            raise UnsupportedFeatureError("this engine sends no tools", feature="tools")
        fields = _fields(
            temperature=config.temperature,
            max_tokens=config.max_tokens,
            top_p=config.top_p,
            stop=list(config.stop) if config.stop else None,
            response_format=config.response_format,
            frequency_penalty=config.frequency_penalty,
            presence_penalty=config.presence_penalty,
            **_weighed(config.logprobs),
            **({} if config.extensions is None else dict(config.extensions)),
        )
        future: Future[Completion] = Future()
        pool = self._dispatcher()
        run = Run(
            fields,
            lambda ask, draw: config.seed,
            lambda number, completions: None if future.done() else future.set_result(completions[0]),
            lambda error: None if future.done() else future.set_exception(error),
        )
        future.add_done_callback(lambda _: pool.cancel(run))
        pool.submit(run, [(0, Ask(prompt_of(request)))])
        return future

    def complete(self, request: Request) -> Response:
        """Complete one request (the `dspy` engine interface)."""
        return response_of(request, self.begin(request))

    def stream(self, request: Request) -> Any:
        """Complete one request and replay it as events."""
        return response_to_events(self.complete(request))

    def close(self) -> None:
        """Drop what is on its way and close the connections; another request opens them again."""
        with self._opening:
            finish, self._finish, self._open = self._finish, None, None
        if finish is not None:
            finish()

    def dump_state(self) -> dict[str, Any]:
        """Return what `load_state` needs; never the key, which `load_state` looks up in the environment."""
        state = {"model": self.model_id, "api_base": self.api_base, "patience": asdict(self._patience)}
        return {**state, **self._settings}

    @classmethod
    def load_state(cls, state: Mapping[str, Any]) -> "OpenAIPool":
        """Make the engine that `dump_state` described."""
        return cls(**{**state, "patience": Patience(**state["patience"])})

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the state alone: no key, no connections."""
        return type(self).load_state, (self.dump_state(),)

    def __deepcopy__(self, memo: dict[int, Any]) -> "OpenAIPool":
        """Share the connections between copies of a program."""
        return self

    def __repr__(self) -> str:
        """Name the model and the address."""
        return f"OpenAIPool({self.model_id!r}, {self.api_base!r})"

    def _dispatcher(self) -> Dispatcher:
        """Return the dispatcher, started; one for all threads."""
        with self._opening:
            if self._open is None:
                settings = self._settings
                key = os.environ.get(settings["api_key_env"]) if self._key is None else self._key
                address = Address(self.api_base, self.model_id, key.strip() if key else None)
                client = ChatClient(address, ChatForm(seeds=settings["send_seeds"]), timeout=settings["timeout"])
                gate = ConcurrencyLimit(settings["max_in_flight"])
                pool = Dispatcher(client, gate, self._patience, seed=settings["jitter_seed"])
                pool.start()
                # Ends the thread with the engine or the process; it must not hold on to the engine.
                self._open, self._finish = pool, weakref.finalize(self, pool.stop)
            return self._open


def response_of(request: Request, future: "Future[Completion]") -> Response:
    """Wait for a completion and make it DSPy's response, or raise the error that DSPy has for it."""
    try:
        completion = future.result()
    except SetupError as error:
        rejected = error.what.startswith(("HTTP 401", "HTTP 403"))
        raise (AuthError if rejected else ConfigurationError)(str(error)) from error
    if completion.error:
        raise ProviderError(completion.error)
    thoughts = (ThinkingPart(completion.thinking),) if completion.thinking else ()
    return Response(
        id=None,
        model=request.model,
        message=Message(role="assistant", parts=(*thoughts, TextPart(completion.text))),
        finish_reason=cast(Any, _FINISHES.get(completion.finish_reason, "stop")),
        usage=Usage(input_tokens=completion.prompt_tokens, output_tokens=completion.completion_tokens),
        logprobs=None if completion.tokens is None else tuple(map(_token, completion.tokens)),
    )


def _fields(**fields: Any) -> dict[str, Any]:
    """Return what goes into requests, without what nobody set."""
    return {name: value for name, value in fields.items() if value is not None}


def _weighed(alternatives: int | None) -> dict[str, Any]:
    """Return the fields that ask for log-probabilities."""
    if alternatives is None:
        return {}
    return {"logprobs": True, "top_logprobs": alternatives if alternatives > 0 else None}


def _token(token: Token) -> TokenLogprob:
    top = tuple(
        TopLogprob(token=one.bytes.decode("utf-8", "replace"), logprob=one.logprob, bytes=tuple(one.bytes))
        for one in token.alternatives
    )
    return TokenLogprob(
        token=token.bytes.decode("utf-8", "replace"), logprob=token.logprob, bytes=tuple(token.bytes), top=top
    )


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
