"""Knows how a stub server behaves, as dials, and what it answers; does not know HTTP."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Messages = Sequence[Mapping[str, Any]]
Answer = Callable[[Messages, int, int | None], str]
"""Gives the text of one choice from (messages, the choice's index in its request, the request's seed)."""

Alternatives = Callable[[Messages, str], Mapping[str, float]]
"""Gives the log-probabilities of tokens that could come next from (messages, what the reply says so far)."""

Cut = Callable[[str], list[str]]
"""Cuts a reply into its tokens; joined they are the reply again."""

Trouble = Literal["reset", "malformed", "hang", "empty"]


@dataclass(frozen=True)
class Storm:
    """Trouble that befalls some requests; each condition that is set befalls the requests that it describes.

    Attributes:
        trouble: An HTTP status to answer with, or a ``reset`` connection, a ``malformed`` body, no answer at all
            (``hang``), or a body without choices (``empty``).
        first: Befalls the first so many requests.
        between: Befalls requests that arrive within these seconds after the first request.
        share: Befalls each attempt with this probability, seeded by prompt, seed and number of the attempt.
        above: Befalls requests that arrive while more than so many (with themselves) are being answered.
        retry_after: Seconds for the Retry-After header, or None for no such header.
        as_date: Write Retry-After as an HTTP date, which has whole seconds, instead of as seconds.
        body: What to send with a status, or None for an error object as OpenAI writes it.
    """

    trouble: int | Trouble = 429
    first: int = 0
    between: tuple[float, float] | None = None
    share: float = 0.0
    above: int | None = None
    retry_after: float | None = None
    as_date: bool = False
    body: str | None = None

    def befalls(self, number: int, seconds: float, in_flight: int, chance: float) -> bool:
        """Tell whether a request meets this storm.

        Args:
            number: How many requests came before.
            seconds: Seconds since the first of them.
            in_flight: Requests being answered, this one among them.
            chance: A seeded draw from [0, 1) for this attempt.
        """
        return (
            number < self.first
            or (self.between is not None and self.between[0] <= seconds < self.between[1])
            or chance < self.share
            or (self.above is not None and in_flight > self.above)
        )


def rate_by_hash(messages: Messages, index: int, seed: int | None) -> str:
    """Answer as a rater on the scale 1 to 5 whose label is a hash of what it was asked."""
    chance = chance_of("label", prompt_hash(messages), seed, index)
    return f"Reason: it reads like a {1 + int(chance * 5)} to me, all in all.\nLabel: {1 + int(chance * 5)}"


def words_of(text: str) -> list[str]:
    """Cut a text into words, each with the space before it."""
    return re.findall(r"\s*\S+|\s+\Z", text)


@dataclass(frozen=True)
class Behaviour:
    """The dials of a stub server. What it says is a function of prompt, request seed and choice index alone.

    Attributes:
        answer: The text of one choice.
        latency: Seconds before each answer.
        jitter: At most so many seconds more, seeded by prompt, seed and attempt.
        seed: Of every chance below.
        storms: Trouble; the first storm that befalls a request wins.
        garbled: Share of choices whose text is noise without any label.
        refusals: Share of choices whose text is a refusal.
        truncated: Share of choices cut in the middle, with finish_reason ``length``.
        takes_n: Whether ``n`` above 1 is taken; otherwise a 400 names it.
        most_choices: Answer with at most so many choices, whatever ``n`` says; None for no limit.
        thinking: Native reasoning of a choice, or None for none.
        thinking_field: The field that it comes in.
        token: The bearer token that requests must carry, or None.
        model: The one model that exists, or None for any name.
        most_words: Prompts with more words are refused as too long; None for no limit.
        usage: Whether numbers of tokens (here: words) are reported.
        refused_fields: Fields of a request that are refused with a 400, as OpenAI words it.
        cut: How a reply is cut into tokens, for log-probabilities.
        alternatives: What could come next at each place; a token that is not among it has the log-probability -0.25.
        most_alternatives: More `top_logprobs` than that are refused with a 400, as vLLM words it.
        logprobs: Whether log-probabilities are sent where they are asked for; otherwise the wish has no effect.
        end: A token without text that ends each reply, such as ``<|im_end|>``; None for none.
    """

    answer: Answer = rate_by_hash
    latency: float = 0.0
    jitter: float = 0.0
    seed: int = 0
    storms: tuple[Storm, ...] = ()
    garbled: float = 0.0
    refusals: float = 0.0
    truncated: float = 0.0
    takes_n: bool = True
    most_choices: int | None = None
    thinking: Answer | None = None
    thinking_field: Literal["reasoning_content", "reasoning"] = "reasoning_content"
    token: str | None = None
    model: str | None = None
    most_words: int | None = None
    usage: bool = True
    refused_fields: tuple[str, ...] = ()
    cut: Cut = words_of
    alternatives: Alternatives | None = None
    most_alternatives: int = 20
    logprobs: bool = True
    end: str | None = None

    def choice(self, asked: Mapping[str, Any], prompt: str, index: int) -> dict[str, Any]:
        """Return one choice of a reply, as the server sends it."""
        messages, seed = asked["messages"], asked.get("seed")
        text, finish = self.answer(messages, index, seed), "stop"
        if self.garbled and chance_of(self.seed, "garbled", prompt, seed, index) < self.garbled:
            text = f"{text[:3]} so then of course it it it goes"
        elif self.refusals and chance_of(self.seed, "refused", prompt, seed, index) < self.refusals:
            text = "I'm sorry, I can't help with that."
        elif self.truncated and chance_of(self.seed, "cut", prompt, seed, index) < self.truncated:
            text, finish = text[: len(text) // 2], "length"
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if self.thinking is not None:
            message[self.thinking_field] = self.thinking(messages, index, seed)
        weighed = self.logprobs and asked.get("logprobs")
        logprobs = {"content": self.tokens(messages, text, asked.get("top_logprobs", 0))} if weighed else None
        return {"index": index, "message": message, "finish_reason": finish, "logprobs": logprobs}

    def tokens(self, messages: Messages, text: str, most: int) -> list[dict[str, Any]]:
        """Return the tokens of a reply as OpenAI lists them, each with at most so many alternatives."""
        written, said = [], ""
        for token in [*self.cut(text), *([] if self.end is None else [self.end])]:
            nexts = {} if self.alternatives is None else self.alternatives(messages, said)
            likeliest = sorted(nexts, key=lambda other: -nexts[other])[:most]
            top = [_logprob(other, nexts[other]) for other in likeliest]
            written.append({**_logprob(token, nexts.get(token, -0.25)), "top_logprobs": top})
            said += token
        return written

    def reply(self, asked: Mapping[str, Any], prompt: str) -> dict[str, Any]:
        """Return the whole reply to a request that nothing befalls."""
        wanted = asked.get("n", 1)
        count = wanted if self.most_choices is None else min(wanted, self.most_choices)
        choices = [self.choice(asked, prompt, index) for index in range(count)]
        body: dict[str, Any] = {
            "id": f"chatcmpl-{prompt[:12]}",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": asked.get("model", "stub"),
            "choices": choices,
        }
        if self.usage:
            sent = words(asked["messages"])
            said = sum(
                len(choice["message"]["content"].split()) + len(choice["message"].get(self.thinking_field, "").split())
                for choice in choices
            )
            body["usage"] = {"prompt_tokens": sent, "completion_tokens": said, "total_tokens": sent + said}
        return body


def _logprob(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}


def words(messages: Messages) -> int:
    """Return how many words the messages have: the stub's tokens."""
    return sum(len(str(message["content"]).split()) for message in messages)


def prompt_hash(messages: Messages) -> str:
    """Return the SHA-256 of the messages in hexadecimal; it equals `Prompt.sha256` of the prompt that was sent."""
    turns = [[message["role"], message["content"]] for message in messages]
    return hashlib.sha256(json.dumps(turns, ensure_ascii=False).encode()).hexdigest()


def chance_of(*parts: object) -> float:
    """Return a number from [0, 1) that depends on the parts alone."""
    key = "\x1f".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=7).digest(), "big") / 2**56
