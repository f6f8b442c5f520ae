"""Knows what is sent to a model, as bytes with a hash, and what comes back; does not know who sends it."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

from dspy.lm15 import Config, Message, Request, TextPart

Role = Literal["system", "user", "assistant"]

_quoted = json.JSONEncoder(ensure_ascii=False).encode  # `json.dumps` would make an encoder for each prompt


def well_formed(text: str) -> str:
    """Return `text` with lone surrogates, which no file or model takes, as U+FFFD (servers' JSON can hold them)."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True)
class Turn:
    """One message of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True)
class Prompt:
    """A whole conversation, ready to be sent. `bytes` and `sha256` are its identity in the journal."""

    turns: tuple[Turn, ...]

    @cached_property
    def bytes(self) -> bytes:
        """The turns as canonical JSON in UTF-8."""
        turns = (f"[{_quoted(turn.role)}, {_quoted(turn.content)}]" for turn in self.turns)
        return f"[{', '.join(turns)}]".encode()

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of `bytes`, in hexadecimal."""
        return hashlib.sha256(self.bytes).hexdigest()

    def request(
        self, model: str, *, temperature: float, max_tokens: int, seed: int | None = None, logprobs: int | None = None
    ) -> Request:
        """Make the canonical DSPy request for one completion of this prompt; `logprobs` as in `Sampling`."""
        system = "\n\n".join(turn.content for turn in self.turns if turn.role == "system")
        messages = tuple(
            Message(role=turn.role, parts=(TextPart(turn.content),)) for turn in self.turns if turn.role != "system"
        )
        config = Config(temperature=temperature, max_tokens=max_tokens, seed=seed, logprobs=logprobs)
        return Request(model=model, messages=messages, system=system if system else None, config=config)


class Alternative(NamedTuple):
    """A token that could stand at a place of a reply; a tuple, as a reply may come with thousands.

    Attributes:
        bytes: What it writes; a token may be a part of a character.
        logprob: Its natural log-probability there.
    """

    bytes: bytes
    logprob: float


class Token(NamedTuple):
    """A token of a reply, and what could have stood in its place.

    Attributes:
        bytes: What it writes.
        logprob: Its natural log-probability.
        alternatives: The likeliest tokens of this place, mostly with the token itself among them.
    """

    bytes: bytes
    logprob: float
    alternatives: tuple[Alternative, ...] = ()


@dataclass(frozen=True)
class Completion:
    """What came back for one draw: text, native thinking and what it cost; or the error that came instead.

    Attributes:
        text: The visible reply; never contains the prompt.
        thinking: Native reasoning, where the engine returns it apart.
        finish_reason: ``stop``, ``length`` or what the server said.
        prompt_tokens: Billed prompt tokens. Where several draws share one prompt, the first of them carries all.
        completion_tokens: Tokens of the reply, thinking included.
        error: Empty, or why there is no reply. A failed request is data, never an exception through a run.
        tokens: The tokens with their log-probabilities, where they were asked for (`Sampling.logprobs`) and sent. They
            may be more than the visible reply: thinking, the token that ends the turn.
    """

    text: str
    thinking: str = ""
    finish_reason: str = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    error: str = ""
    tokens: tuple[Token, ...] | None = None
