"""Knows how to run an open model in this process as a DSPy engine; does not know what it is asked for."""

import logging
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import dspy
from dspy.clients.engines.base import validate_request
from dspy.lm15 import Message, Request, Response, TextPart, Usage, response_to_events

from ..data import SetupError
from .completions import Ask, Sampling
from .extras import need
from .level_choice import common_start, level_choice
from .prompt import Completion, Prompt, Turn
from .threaded_engine import ThreadedEngine
from .weights import PURPOSE, adapter_folder, load_weights, model_folder, weights_hash

logger = logging.getLogger(__name__)

_MAX_BATCH_ROWS = 64
_MAX_BATCH_TOKENS = 24_000


class LocalEngine:
    """A transformers model on this machine's CPU or GPU, as an engine for ``dspy.LM(engine=...)``.

    Draws are seeded one by one, so the same seed gives the same draw whatever else is in the batch (up to the rounding
    of the arithmetic, which may differ with a batch's shape). The model is loaded when it is first used.

    Args:
        path: A folder in transformers' format: config.json, safetensors, tokenizer.
        adapter: A folder with a PEFT adapter to put on top, or None.
        name: What to call the model in records; the folder's name unless given.
        max_batch_rows: Draws decoded together.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        adapter: str | Path | None = None,
        name: str | None = None,
        max_batch_rows: int = _MAX_BATCH_ROWS,
    ) -> None:
        """Check the folders; the model itself is loaded later."""
        self.path = model_folder(path)
        self.adapter = None if adapter is None else adapter_folder(adapter)
        self.name = self.path.name if name is None else name
        self.max_batch_rows = max_batch_rows
        self._lock = threading.Lock()

    @cached_property
    def model_id(self) -> str:
        """Name and content hash of the weights: the model's identity in the journal."""
        parts = [weights_hash(self.path)] + ([] if self.adapter is None else [weights_hash(self.adapter)])
        return f"{self.name}@{'+'.join(part[:12] for part in parts)}"

    def complete(self, request: Request) -> Response:
        """Complete one request (the `dspy` engine interface)."""
        validate_request(request)
        config = request.config
        sampling = Sampling(
            temperature=0.0 if config.temperature is None else config.temperature,
            max_tokens=Sampling.max_tokens if config.max_tokens is None else config.max_tokens,
            seed=0 if config.seed is None else config.seed,
        )
        ((_, (completion,)),) = self.complete_many([Ask(prompt_of(request))], sampling)
        if completion.error:
            raise SetupError(completion.error, place=f"model {request.model!r}", cure="Shorten the item.")
        used = completion.prompt_tokens, completion.completion_tokens
        return Response(
            id=None,
            model=request.model,
            message=Message(role="assistant", parts=(TextPart(completion.text),)),
            finish_reason="length" if completion.finish_reason == "length" else "stop",
            usage=Usage(input_tokens=used[0], output_tokens=used[1], total_tokens=sum(used)),
        )

    def stream(self, request: Request) -> Any:
        """Complete one request and replay it as events."""
        return response_to_events(self.complete(request))

    def close(self) -> None:
        """Nothing to close: the model is freed with the engine."""

    def complete_many(self, asks: Sequence[Ask], sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        """Yield ``(position in asks, its completions)`` batch by batch; prompts of like length go together."""
        encoded = [self.encode(ask.prompt) for ask in asks]
        limit = self._context - sampling.max_tokens
        for place, ids in enumerate(encoded):
            if len(ids) > limit:
                error = f"context_length: {len(ids)} prompt tokens, at most {limit} fit"
                yield place, tuple(Completion("", finish_reason="error", error=error) for _ in asks[place].draws)
        fits = [place for place, ids in enumerate(encoded) if len(ids) <= limit]
        fitting = sorted(fits, key=lambda place: len(encoded[place]))
        for batch in self._batches(fitting, encoded, asks, sampling.max_tokens):
            seeds = [[sampling.draw_seed(asks[place].prompt, draw) for draw in asks[place].draws] for place in batch]
            with self._lock:
                drawn = self._decoder.decode(
                    [encoded[place] for place in batch],
                    seeds,
                    temperature=sampling.temperature,
                    max_tokens=sampling.max_tokens,
                )
            for place, rows in zip(batch, drawn, strict=True):
                yield (
                    place,
                    tuple(
                        Completion(
                            text=self._tokenizer.decode(row.tokens, skip_special_tokens=True),
                            finish_reason=row.finished,
                            prompt_tokens=len(encoded[place]) if number == 0 else 0,
                            completion_tokens=len(row.tokens) + (row.finished == "stop"),
                        )
                        for number, row in enumerate(rows)
                    ),
                )

    def level_log_probabilities(self, prompts: Sequence[Prompt], replies: Sequence[str]) -> list[list[float]]:
        """Return ln p(reply | prompt) for each prompt and each of a few whole replies, up to one constant a prompt.

        The constant is the log-probability of the tokens that all replies begin with. They are taken as given, so that
        replies which differ in their last token cost one forward pass together.

        Args:
            prompts: Rendered requests.
            replies: The candidate replies, e.g. ``Label: 1`` to ``Label: 5``, without the end of the turn.
        """
        candidates = [self._tokenizer(reply, add_special_tokens=False)["input_ids"] for reply in replies]
        given = common_start(candidates)
        candidates = [ids[given:] for ids in candidates]
        start_ids = self._tokenizer(replies[0], add_special_tokens=False)["input_ids"][:given]
        order = sorted(range(len(prompts)), key=lambda number: len(prompts[number].bytes))
        scores: list[list[float]] = [[] for _ in prompts]
        for start in range(0, len(order), self.max_batch_rows):
            batch = order[start : start + self.max_batch_rows]
            with self._lock:
                begun = [[*self.encode(prompts[number]), *start_ids] for number in batch]
                rows = self._decoder.log_probabilities(begun, candidates)
            for number, row in zip(batch, rows, strict=True):
                scores[number] = row
        return scores

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
        choices = [level_choice(self._tokenizer, given) for given in replies]
        begun = [[*self.encode(prompt), *choice.start] for prompt, choice in zip(prompts, choices, strict=True)]
        longest = [len(ids) + max(map(len, choice.tails)) for ids, choice in zip(begun, choices, strict=True)]
        scores: list[list[float] | None] = [None] * len(prompts)
        fits = [number for number in range(len(prompts)) if longest[number] <= self._context]
        fits.sort(key=lambda number: (choices[number].tails, longest[number]))
        # A batch shares its tails; they differ only where a tokenizer joins the label with what stands before it.
        for tails, group in groupby(fits, key=lambda number: choices[number].tails):
            for batch in _by_tokens(list(group), longest, self.max_batch_rows):
                with self._lock:
                    rows = self._decoder.log_probabilities([begun[number] for number in batch], tails)
                for number, row in zip(batch, rows, strict=True):
                    scores[number] = row
        return scores

    def encode(self, prompt: Prompt) -> list[int]:
        """Return the token ids of a request, up to where the reply begins."""
        return encode_prompt(self._tokenizer, prompt)

    def dump_state(self) -> dict[str, Any]:
        """Return what `load_state` needs: folders only, no weights."""
        adapter = None if self.adapter is None else str(self.adapter)
        return {"path": str(self.path), "adapter": adapter, "name": self.name, "max_batch_rows": self.max_batch_rows}

    @classmethod
    def load_state(cls, state: Mapping[str, Any]) -> "LocalEngine":
        """Make the engine that `dump_state` described."""
        return cls(**state)

    def __deepcopy__(self, memo: dict[int, Any]) -> "LocalEngine":
        """Share the loaded model between copies of a program: nothing in it changes."""
        return self

    @cached_property
    def _tokenizer(self) -> Any:
        transformers = need("transformers", "local", PURPOSE)
        return transformers.AutoTokenizer.from_pretrained(self.path)

    @cached_property
    def _decoder(self) -> Any:
        need("torch", "local", PURPOSE)
        from .generation import Decoder  # torch takes seconds to import and is an extra

        model = load_weights(self.path, self.adapter)
        ends = model.generation_config.eos_token_id
        stops = {self._tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}
        pad = self._tokenizer.pad_token_id
        return Decoder(model, sorted(stops), 0 if pad is None else pad)

    @cached_property
    def _context(self) -> int:
        transformers = need("transformers", "local", PURPOSE)
        return int(getattr(transformers.AutoConfig.from_pretrained(self.path), "max_position_embeddings", 2048))

    def _batches(
        self, places: Sequence[int], encoded: Sequence[Sequence[int]], asks: Sequence[Ask], max_tokens: int
    ) -> Iterator[list[int]]:
        """Cut the prompts into batches bounded in draws and in tokens held at once."""
        batch: list[int] = []
        rows = 0
        for place in places:
            wanted = len(asks[place].draws)
            tokens = (rows + wanted) * (len(encoded[place]) + max_tokens)
            if batch and (rows + wanted > self.max_batch_rows or tokens > _MAX_BATCH_TOKENS):
                yield batch
                batch, rows = [], 0
            batch.append(place)
            rows += wanted
        if batch:
            yield batch


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


def encode_prompt(tokenizer: Any, prompt: Prompt) -> list[int]:
    """Return a prompt's token ids through the model's chat template; training rows and requests both come here.

    The spelling of a control token within a text (``<|im_end|>`` in an item) is broken up: it must not end the turn.
    """
    control = _control_tokens(tokenizer)
    turns = [
        {"role": turn.role, "content": control.sub(lambda found: f"{found[0][0]} {found[0][1:]}", turn.content)}
        for turn in prompt.turns
    ]
    if tokenizer.chat_template is None:
        text = "\n\n".join(turn["content"] for turn in turns) + "\n\n"
        return list(tokenizer(text)["input_ids"])
    text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


@lru_cache(maxsize=8)
def _control_tokens(tokenizer: Any) -> re.Pattern[str]:
    """Return a pattern of the spellings of all special tokens, the longest first; it matches nothing without any."""
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    return re.compile("|".join(map(re.escape, sorted(special, key=len, reverse=True))) or r"(?!)")


def prompt_of(request: Request) -> Prompt:
    """Read a canonical DSPy request back into the prompt it was made from."""
    system = request.system
    head: list[Turn] = []
    if system is not None:
        text = system if isinstance(system, str) else "".join(getattr(part, "text", "") for part in system)
        head = [Turn("system", text)]
    roles: dict[str, Any] = {"assistant": "assistant", "system": "system", "developer": "system"}
    body = [Turn(roles.get(str(message.role), "user"), message.text or "") for message in request.messages]
    return Prompt(tuple(head + body))


def _by_tokens(numbers: Sequence[int], lengths: Sequence[int], rows: int) -> Iterator[list[int]]:
    """Cut numbers, those of short texts first, into batches bounded in rows and in tokens."""
    batch: list[int] = []
    for number in numbers:
        if batch and (len(batch) == rows or (len(batch) + 1) * lengths[number] > _MAX_BATCH_TOKENS):
            yield batch
            batch = []
        batch.append(number)
    if batch:
        yield batch
