"""Knows how to run an open model in this process as a DSPy engine; does not know what it is asked for."""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import dspy
from dspy.clients.engines.base import validate_request
from dspy.lm15 import (
    ContextLengthError,
    Message,
    Request,
    Response,
    TextPart,
    UnsupportedFeatureError,
    Usage,
    response_to_events,
)

from ...data import SetupError
from ..adapter import Completion, Prompt
from ..completions import Ask, Sampling, ThreadedEngine, prompt_of
from ..number_format import FormatChoice, check_format, number_format
from ..optional_packages import need
from .chat_template import encode_prompt
from .continuous_batching import JointDecoder
from .level_logprobs import LevelReader
from .model_folder import context_length, read_tokenizer, readable
from .sequence_request import SequenceRow, Wish
from .speed import Speed, measured_speed
from .weights import LOCAL_PURPOSE, adapter_folder, load_weights, model_folder, weights_hash

_MAX_BATCH_ROWS = 64
_MAX_BATCH_TOKENS = 24_000
_CHANGES_NOTHING: dict[str, tuple[Any, ...]] = {
    "top_p": (1,),
    "top_k": (0, -1),
    "stop": ((), []),
    "response_format": ({"type": "text"},),
    "frequency_penalty": (0,),
    "presence_penalty": (0,),
    "logprobs": (),
}
"""What this engine would leave out of a request, and the values (beside None) that ask for nothing."""


class LocalEngine:
    """A transformers model on this machine's CPU or GPU, as an engine for ``dspy.LM(engine=...)``.

    Draws are seeded one by one, so the same seed gives the same draw whatever else is in the batch (up to the rounding
    of the arithmetic, which may differ with a batch's shape). Callers in many threads are answered together, in one
    running batch (`JointDecoder`). The model is loaded when it is first used.

    Args:
        path: A folder in transformers' format: config.json, safetensors, tokenizer.
        adapter: A folder with a PEFT adapter to put on top, or None.
        name: What to call the model in records; the folder's name unless given.
        max_batch_rows: Draws decoded together.
        carried: Whether the weights in `path` belong to a rater (all of them fine-tuned, or an adapter merged in) and
            travel with it when it is saved. A base model that others have as well is only named.
        dtype: The number format to compute in; None is the machine's (`number_format`).
    """

    def __init__(
        self,
        path: str | Path,
        *,
        adapter: str | Path | None = None,
        name: str | None = None,
        max_batch_rows: int = _MAX_BATCH_ROWS,
        carried: bool = False,
        dtype: str | None = None,
    ) -> None:
        """Check the folders; the model itself is loaded later."""
        self.path = model_folder(path)
        self.adapter = None if adapter is None else adapter_folder(adapter)
        self.name = self.path.name if name is None else name
        self.max_batch_rows = max_batch_rows
        self.carried = carried
        self.dtype = None if dtype is None else check_format(dtype, "dtype")
        self._lock = threading.Lock()
        self._drawn: Counter[str] = Counter()

    @cached_property
    def model_id(self) -> str:
        """Name and content hash of the weights: the model's identity in the journal."""
        parts = [weights_hash(self.path)] + ([] if self.adapter is None else [weights_hash(self.adapter)])
        return f"{self.name}@{'+'.join(part[:12] for part in parts)}"

    def complete(self, request: Request) -> Response:
        """Complete one request (the `dspy` engine interface), together with those of other threads.

        A request without a seed gets the next draw of its prompt, so that asking again is drawing again: the first one
        gets draw 0, as with seed 0.

        Raises:
            ContextLengthError: If prompt and reply do not fit the model.
            UnsupportedFeatureError: If it asks for what this engine would have to leave out.
        """
        validate_request(request)
        _refuse_what_is_left_out(request)
        config, prompt = request.config, prompt_of(request)
        sampling = Sampling(
            temperature=0.0 if config.temperature is None else config.temperature,
            max_tokens=Sampling.max_tokens if config.max_tokens is None else config.max_tokens,
            seed=0 if config.seed is None else config.seed,
        )
        draw = self._next_draw(prompt) if sampling.temperature and config.seed is None else 0
        ((_, (completion,)),) = self.complete_many([Ask(prompt, (draw,))], sampling)
        if completion.error:
            raise ContextLengthError(completion.error)
        used = completion.prompt_tokens, completion.completion_tokens
        return Response(
            id=None,
            model=request.model,
            message=Message(role="assistant", parts=(TextPart(completion.text),)),
            finish_reason="length" if completion.finish_reason == "length" else "stop",
            usage=Usage(input_tokens=used[0], output_tokens=used[1], total_tokens=sum(used)),
        )

    def _next_draw(self, prompt: Prompt) -> int:
        """Return how many requests for this prompt there were that left the seed to the engine."""
        with self._lock:
            self._drawn[prompt.sha256] += 1
            return self._drawn[prompt.sha256] - 1

    @property
    def number_format(self) -> FormatChoice:
        """The format that the model computes in, and why."""
        return number_format(self.dtype)

    @property
    def steps(self) -> int:
        """Decoding steps made so far; in each every draw of the batch got a token."""
        return self._decoder.steps

    def measured_speed(self) -> Speed:
        """Return how fast the model is on this machine as it is now, which takes a second or two to find out."""
        return self._decoder.run(lambda decoder: measured_speed(decoder, self._context))

    def stream(self, request: Request) -> Any:
        """Complete one request and replay it as events."""
        return response_to_events(self.complete(request))

    def close(self) -> None:
        """Nothing to close: the model is freed with the engine."""

    def complete_many(self, asks: Sequence[Ask], sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        """Yield ``(position in asks, its completions)`` as they end; prompts of like length go together."""
        encoded = [self.encode(ask.prompt) for ask in asks]
        limit = self._context - sampling.max_tokens
        for place, ids in enumerate(encoded):
            if len(ids) > limit:
                error = f"context_length: {len(ids)} prompt tokens, at most {limit} fit"
                yield place, tuple(Completion("", finish_reason="error", error=error) for _ in asks[place].draws)
        fits = [place for place, ids in enumerate(encoded) if len(ids) <= limit]
        fits.sort(key=lambda place: len(encoded[place]))
        wishes = [_wish(encoded[place], asks[place], sampling) for place in fits]
        for number in self._decoder.decode(wishes):
            yield fits[number], self._completions(wishes[number])

    def level_log_probabilities(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> list[list[float]]:
        """Return ln p(reply | prompt) for each prompt and each of a few whole replies, up to one constant a prompt.

        The constant is the log-probability of the tokens that all replies begin with. They are taken as given, so that
        replies which differ in their last token cost one forward pass together.

        Args:
            prompts: Rendered requests.
            replies: The candidate replies, e.g. ``Label: 1`` to ``Label: 5``, without the end of the turn.

        Returns:
            For each prompt as many numbers as there are replies, all -inf where it exceeds the model's context.

        Raises:
            SetupError: If the tokenizer writes two replies alike.
        """
        return self._levels.of_replies([self.encode(prompt) for prompt in prompts], replies)

    def choice_log_probabilities(
        self, prompts: Sequence[Prompt], replies: Sequence[Sequence[str]]
    ) -> list[list[float] | None]:
        """Return for each prompt ln p of each of its own replies, up to one constant a prompt.

        What all replies of a prompt begin with (a rationale) is taken as given. From there a reply is read as far as
        it takes to tell it from the others (`level_choice`), so levels of one token cost one forward pass together.

        Args:
            prompts: Rendered requests.
            replies: For each prompt the same reply once for each level.

        Returns:
            For each prompt as many numbers as it has replies, None where it exceeds the model's context.

        Raises:
            SetupError: If the tokenizer writes two levels alike.
        """
        return self._levels.of_choices([self.encode(prompt) for prompt in prompts], replies)

    def encode(self, prompt: Prompt) -> list[int]:
        """Return the token ids of a request, up to where the reply begins."""
        return encode_prompt(self._tokenizer, prompt)

    def dump_state(self) -> dict[str, Any]:
        """Return what `load_state` needs: folders only, no weights."""
        adapter = None if self.adapter is None else str(self.adapter)
        return {
            "path": str(self.path),
            "adapter": adapter,
            "name": self.name,
            "max_batch_rows": self.max_batch_rows,
            "carried": self.carried,
            "dtype": self.dtype,
        }

    @classmethod
    def load_state(cls, state: Mapping[str, Any]) -> "LocalEngine":
        """Make the engine that `dump_state` described."""
        return cls(**state)

    def __deepcopy__(self, memo: dict[int, Any]) -> "LocalEngine":
        """Share the loaded model between copies of a program: nothing in it changes."""
        return self

    @cached_property
    def _tokenizer(self) -> Any:
        return read_tokenizer(self.path)

    @property
    def _decoder(self) -> JointDecoder:
        with self._lock:  # callers in many threads must not each load the model
            return self._loaded

    @cached_property
    def _loaded(self) -> JointDecoder:
        need("torch", "local", LOCAL_PURPOSE)
        from .prefill import Decoder, is_recurrent  # torch takes seconds to import and is an extra

        with readable(self.path, self.adapter):
            model = load_weights(self.path, self.adapter, dtype=self.dtype)
        if is_recurrent(model):
            what = f"{self.name} has recurrent layers, whose states cannot be shared by prompts and draws"
            cure = "Use a model with attention in all its layers, or ask this one through a server."
            raise SetupError(what, place=str(self.path), cure=cure)
        ends = model.generation_config.eos_token_id
        stops = {self._tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}
        pad = self._tokenizer.pad_token_id
        decoder = Decoder(model, sorted(stops), 0 if pad is None else pad)
        return JointDecoder(decoder, max_rows=self.max_batch_rows, max_tokens=_MAX_BATCH_TOKENS)

    @cached_property
    def _levels(self) -> LevelReader:
        return LevelReader(
            self._tokenizer,
            self._decoder,
            context=self._context,
            max_rows=self.max_batch_rows,
            max_tokens=_MAX_BATCH_TOKENS,
        )

    @cached_property
    def _context(self) -> int:
        return context_length(self.path)

    def _completions(self, wish: Wish) -> tuple[Completion, ...]:
        return tuple(
            Completion(
                text=self._tokenizer.decode(row.tokens, skip_special_tokens=True),
                finish_reason=row.finished,
                prompt_tokens=len(wish.ids) if number == 0 else 0,
                completion_tokens=len(row.tokens) + (row.finished == "stop"),
            )
            for number, row in enumerate(wish.rows)
        )


def local_lm(engine: LocalEngine, *, max_tokens: int = Sampling.max_tokens) -> dspy.LM:
    """Wrap the engine as the `dspy.LM` that programs are given. It has no response cache: the journal remembers."""
    return dspy.LM(
        f"local/{engine.name}",
        engine=engine,
        async_engine=ThreadedEngine(engine),
        temperature=0.0,
        max_tokens=max_tokens,
        cache=False,
    )


def _refuse_what_is_left_out(request: Request) -> None:
    wanted = ["tools"] if request.tools else []
    for name, harmless in _CHANGES_NOTHING.items():
        given = getattr(request.config, name)
        if given is not None and given not in harmless:
            wanted.append(name)
    if wanted:
        raise UnsupportedFeatureError(f"the engine in this process knows no {wanted[0]}", feature=wanted[0])


def _wish(ids: Sequence[int], ask: Ask, sampling: Sampling) -> Wish:
    rows = [
        SequenceRow(sampling.draw_seed(ask.prompt, draw), sampling.temperature, sampling.max_tokens)
        for draw in ask.draws
    ]
    return Wish(ids, rows)
