"""Knows an open model on a vLLM server of its own as a DSPy engine; does not know how the server is kept alive."""

import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from dspy.clients.engines.base import validate_request
from dspy.lm15 import Request, Response, UnsupportedFeatureError, response_to_events

from ...data import SetupError
from ..adapter import Completion, Prompt
from ..completions import Ask, Feed, Listed, Sampling, prompt_of
from ..local import LevelChoice, LocalEngine, encode_prompt, level_choice, read_tokenizer
from ..openai_client import Address, ConcurrencyLimit, Dispatcher, Patience, Run, response_of, stream
from .launch import vllm_python
from .server import VLLMServer
from .shared_servers import ServerWish, borrow, give_back
from .token_client import TokenClient, TokenCompletion, TokenPrompt

_IN_FLIGHT = 256
"""As many requests as vLLM works on at a time unless told otherwise; the rest would wait there instead of here."""

_MOST_NEXT = 128
"""Tokens whose log-probabilities vLLM gives in one request."""


class VLLMEngine:
    """A transformers model, with or without a LoRA adapter, on a vLLM server of this machine, for ``dspy.LM(engine=)``.

    The server starts with the first request and stops with this process, with `close`, or when nobody refers to the
    engine any more; engines with the same model, adapter and options share one. The model reads exactly the token ids
    that `LocalEngine` makes of a prompt, and has its name in journals, so a rater may be fine-tuned and measured with
    the one and deployed on the other.

    Draws are seeded on a GPU. The CPU build of vLLM has no seeds for single requests: what is not in a journal cannot
    be drawn again there.

    Args:
        local: The model and its adapter; nothing is loaded in this process but the tokenizer.
        python: An interpreter with vLLM; see `vllm_python` for which one is taken otherwise.
        options: Further words for vLLM's command line.
        timeout: Seconds for one request.
    """

    def __init__(
        self,
        local: LocalEngine,
        *,
        python: str | None = None,
        options: Sequence[str] = (),
        timeout: float = 600.0,
    ) -> None:
        """Remember the parts; the server is started later."""
        self.local = local
        self._wanted = ServerWish(local.path, local.adapter, python, tuple(options))
        self._timeout = timeout
        self._opening = threading.Lock()
        self._open: _Open | None = None

    @property
    def model_id(self) -> str:
        """Name and content hash of the weights: the model's identity in the journal, that of `LocalEngine`."""
        return self.local.model_id

    def open(self) -> VLLMServer:
        """Start the server, if it does not run, and return it.

        Raises:
            InputError: If the model or its adapter is damaged or they do not belong together.
            SetupError: If vLLM is not installed or the server does not start.
        """
        return self._opened().server

    def close(self) -> None:
        """Drop what is on its way and let the server go; another request starts it again."""
        with self._opening:
            opened, self._open = self._open, None
        if opened is not None:
            opened.finish()

    def complete_feed(self, feed: Feed, sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        """Yield ``(number of the ask, one completion for each draw)`` as they come; closing it drops the rest.

        Raises:
            SetupError: If the server does not start, or ends.
        """
        opened = self._opened()
        fields = {"temperature": sampling.temperature, "max_tokens": sampling.max_tokens}

        def seed_of(ask: Ask, draw: int) -> int | None:
            return sampling.draw_seed(ask.prompt, draw) >> 1 if opened.seeds else None  # vLLM's are signed

        yield from stream(opened.dispatcher, feed, fields, seed_of)

    def choice_log_probabilities(
        self, prompts: Sequence[Prompt], replies: Sequence[Sequence[str]]
    ) -> list[list[float] | None]:
        """Return for each prompt ln p of each of its own replies, up to one constant a prompt.

        As `LocalEngine.choice_log_probabilities`: what all replies begin with is given, levels of one token cost one
        request that generates nothing.

        Returns:
            For each prompt as many numbers as it has replies, None where it exceeds the model's context.

        Raises:
            SetupError: If the tokenizer writes two levels alike, or the server ends or cannot be asked.
        """
        choices = [level_choice(self._tokenizer, given) for given in replies]
        steps = [step for number, choice in enumerate(choices) for step in _steps(number, choice)]
        begun = [[*self.encode(prompt), *choice.start] for prompt, choice in zip(prompts, choices, strict=True)]
        asks = [Ask(TokenPrompt((), (*begun[step.prompt], *step.path), step.next_ids)) for step in steps]
        found: dict[_Place, float] = {}
        too_long: set[int] = set()
        for place, (completion,) in self.complete_feed(Listed(asks), Sampling(temperature=0.0, max_tokens=1)):
            step = steps[place]
            if completion.error.startswith("context_length"):
                too_long.add(step.prompt)
            elif completion.error or not isinstance(completion, TokenCompletion):
                raise SetupError(completion.error, place="vllm", cure="Ask again; what is in a journal is kept.")
            else:
                for token, value in zip(step.next_ids, completion.next_logprobs, strict=True):
                    found[_Place(step.prompt, (*step.path, token))] = value
        return [
            None
            if number in too_long
            else [
                sum(found[_Place(number, tail[:length])] for length in range(1, len(tail) + 1)) for tail in choice.tails
            ]
            for number, choice in enumerate(choices)
        ]

    def encode(self, prompt: Prompt) -> list[int]:
        """Return the token ids of a request, up to where the reply begins."""
        return encode_prompt(self._tokenizer, prompt)

    def begin(self, request: Request) -> "Future[Completion]":
        """Send one DSPy request; the future may be waited for from any thread."""
        validate_request(request)
        config = request.config
        if request.tools:
            raise UnsupportedFeatureError("this engine sends no tools", feature="tools")
        fields: dict[str, Any] = {
            "temperature": 0.0 if config.temperature is None else config.temperature,
            "max_tokens": Sampling.max_tokens if config.max_tokens is None else config.max_tokens,
            "top_p": config.top_p,
            "stop": list(config.stop) if config.stop else None,
            "response_format": config.response_format,
            "frequency_penalty": config.frequency_penalty,
            "presence_penalty": config.presence_penalty,
        }
        opened = self._opened()
        future: Future[Completion] = Future()
        run = Run(
            {name: value for name, value in fields.items() if value is not None},
            lambda ask, draw: config.seed if opened.seeds else None,
            lambda number, completions: None if future.done() else future.set_result(completions[0]),
            lambda error: None if future.done() else future.set_exception(error),
        )
        future.add_done_callback(lambda _: opened.dispatcher.cancel(run))
        opened.dispatcher.submit(run, [(0, Ask(prompt_of(request)))])
        return future

    def complete(self, request: Request) -> Response:
        """Complete one request (the `dspy` engine interface)."""
        return response_of(request, self.begin(request))

    def stream(self, request: Request) -> Any:
        """Complete one request and replay it as events."""
        return response_to_events(self.complete(request))

    def dump_state(self) -> dict[str, Any]:
        """Return what `load_state` needs: folders and words, no weights and no port."""
        wanted = self._wanted
        return {
            "local": self.local.dump_state(),
            "python": wanted.python,
            "options": list(wanted.options),
            "timeout": self._timeout,
        }

    @classmethod
    def load_state(cls, state: Mapping[str, Any]) -> "VLLMEngine":
        """Make the engine that `dump_state` described."""
        return cls(**{**state, "local": LocalEngine.load_state(state["local"])})

    def on(self, local: LocalEngine) -> "VLLMEngine":
        """Return an engine for another model or adapter, with the settings of this one."""
        wanted = self._wanted
        return VLLMEngine(local, python=wanted.python, options=wanted.options, timeout=self._timeout)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the state alone: no server."""
        return type(self).load_state, (self.dump_state(),)

    def __deepcopy__(self, memo: dict[int, Any]) -> "VLLMEngine":
        """Share the server between copies of a program."""
        return self

    @cached_property
    def _tokenizer(self) -> Any:
        return read_tokenizer(self.local.path)

    def _opened(self) -> "_Open":
        """Return the running server with its dispatcher; one for all threads."""
        with self._opening:
            if self._open is not None and self._open.is_there:
                return self._open
            if self._open is not None:
                self._open.finish()
            wanted = self._wanted
            # Nothing here may hold on to the engine: with it everything ends.
            encode = partial(encode_prompt, self._tokenizer)
            server = borrow(wanted)
            address = Address(server.api_base, wanted.name)
            client = TokenClient(address, encode, timeout=self._timeout, death=server.death)
            dispatcher = Dispatcher(client, ConcurrencyLimit(_IN_FLIGHT), Patience())
            dispatcher.start()
            finish = weakref.finalize(self, _finish, dispatcher, wanted)
            self._open = _Open(server, address, dispatcher, not vllm_python(wanted.python).cpu, finish)
            return self._open


@dataclass(frozen=True)
class _Open:
    """A running server: where it is, who sends to it, whether it takes seeds, and what ends both."""

    server: VLLMServer
    address: Address
    dispatcher: Dispatcher
    seeds: bool
    finish: Any

    @property
    def is_there(self) -> bool:
        """Whether the server runs where it did; another user may have started it again, on another port."""
        return self.server.is_running and self.server.api_base == self.address.base


@dataclass(frozen=True)
class _Step:
    """A place in some level's tokens at which the levels part: what leads there, and the tokens that may follow."""

    prompt: int
    path: tuple[int, ...]
    next_ids: tuple[int, ...]


@dataclass(frozen=True)
class _Place:
    """The tokens of a level up to and with one of them, for one prompt."""

    prompt: int
    path: tuple[int, ...]


def _steps(prompt: int, choice: LevelChoice) -> Iterator[_Step]:
    """Yield what has to be asked about one prompt, the next tokens of a place in bunches that vLLM takes."""
    paths = sorted({tail[:length] for tail in choice.tails for length in range(len(tail))})
    for path in paths:
        through = [tail for tail in choice.tails if len(tail) > len(path) and tail[: len(path)] == path]
        follow = sorted({tail[len(path)] for tail in through})
        for start in range(0, len(follow), _MOST_NEXT):
            yield _Step(prompt, path, tuple(follow[start : start + _MOST_NEXT]))


def _finish(dispatcher: Dispatcher, wanted: ServerWish) -> None:
    dispatcher.stop()
    give_back(wanted)
