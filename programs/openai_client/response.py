"""Knows how to read the reply of an OpenAI-compatible server into completions; does not know who asked or how often."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..adapter import Alternative, Completion, Token

_CHARACTERS_A_TOKEN = 4


class Malformed(ValueError):
    """A reply with status 200 that is no chat completion."""


@dataclass(frozen=True)
class ServerError:
    """What a server says went wrong.

    Attributes:
        said: The message on one line.
        code: The error's code, ``""`` where there is none.
        param: The field of the request that is named, if any.
    """

    said: str
    code: str = ""
    param: str | None = None


def read_completions(body: bytes, wanted: int) -> tuple[Completion, ...] | ServerError:
    """Read the choices of a reply with status 200; at most `wanted`, at least one.

    The first completion carries the prompt's tokens. Servers report the tokens of all choices together: they are shared
    out in proportion to the characters of each, so that their sum is right. A server that reports none gets an
    estimate of four characters a token for the replies and 0 for the prompt.

    Raises:
        Malformed: If it is not JSON, or not a chat completion with at least one choice.
    """
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the reply is not JSON ({str(error)[:80]})") from None
    if not isinstance(reply, dict):
        raise Malformed("the reply is no JSON object")
    choices = reply.get("choices")
    if not choices and reply.get("error"):
        return read_error(body)
    if not isinstance(choices, list) or not choices or not all(isinstance(choice, dict) for choice in choices):
        raise Malformed("the reply has no choices")
    if len(choices) > 1 and all(isinstance(choice.get("index"), int) for choice in choices):
        choices = sorted(choices, key=lambda choice: choice["index"])
    messages = [_message(choice) for choice in choices[:wanted]]
    texts = [_text(message) for message in messages]
    thoughts = [_thinking(message) for message in messages]
    lengths = [len(text) + len(thought) for text, thought in zip(texts, thoughts, strict=True)]
    sent, said = _usage(reply.get("usage"), lengths)
    return tuple(
        Completion(
            text=texts[place],
            thinking=thoughts[place],
            finish_reason=_finish(choices[place]),
            prompt_tokens=sent if place == 0 else 0,
            completion_tokens=said[place],
            tokens=_tokens(choices[place].get("logprobs")),
        )
        for place in range(len(messages))
    )


def read_error(body: bytes) -> ServerError:
    """Read what a server says about a failed request, whatever it sent."""
    text = body[:4000].decode("utf-8", "replace")
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return ServerError(_one_line(text))
    error = reply.get("error", reply) if isinstance(reply, dict) else reply
    if not isinstance(error, dict):
        return ServerError(_one_line(str(error)))
    said = next((error[name] for name in ("message", "detail", "msg") if error.get(name)), text)
    code = next((error[name] for name in ("code", "type") if error.get(name)), "")
    param = error.get("param")
    return ServerError(_one_line(str(said)), str(code), param if isinstance(param, str) else None)


def _message(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    message = choice.get("message")
    if not isinstance(message, dict):
        raise Malformed("a choice has no message")
    return message


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    refusal = message.get("refusal")
    return refusal if isinstance(refusal, str) else ""


def _thinking(message: Mapping[str, Any]) -> str:
    """Return native reasoning: vLLM, DeepSeek and SGLang say reasoning_content, Ollama and OpenRouter reasoning."""
    for name in ("reasoning_content", "reasoning"):
        thought = message.get(name)
        if isinstance(thought, str) and thought:
            return thought
    return ""


def _finish(choice: Mapping[str, Any]) -> str:
    reason = choice.get("finish_reason")
    return reason if isinstance(reason, str) and reason else "stop"


def _tokens(sent: Any) -> tuple[Token, ...] | None:
    """Return the tokens with their log-probabilities; None where there are none, or one of them cannot be read."""
    listed = sent.get("content") if isinstance(sent, dict) else None
    if not isinstance(listed, list):
        return None
    tokens = [_token(one) for one in listed]
    return None if None in tokens else tuple(token for token in tokens if token is not None)


def _token(sent: Any) -> Token | None:
    one = _alternative(sent)
    if one is None:
        return None
    top = sent.get("top_logprobs")
    seen = map(_alternative, top if isinstance(top, list) else ())
    return Token(one.bytes, one.logprob, tuple(other for other in seen if other is not None))


def _alternative(sent: Any) -> Alternative | None:
    if not isinstance(sent, dict):
        return None
    text, logprob, written = sent.get("token"), sent.get("logprob"), sent.get("bytes")
    if not isinstance(text, str) or not isinstance(logprob, int | float) or not math.isfinite(logprob):
        return None
    if isinstance(written, list):
        try:
            return Alternative(bytes(written), float(logprob))
        except (TypeError, ValueError):
            return None
    return Alternative(text.encode("utf-8", "replace"), float(logprob))


def _usage(usage: Any, lengths: Sequence[int]) -> tuple[int, list[int]]:
    """Return the prompt's tokens and those of each choice; the choices' add up to what is reported."""
    reported = usage if isinstance(usage, dict) else {}
    sent, said = _count(reported.get("prompt_tokens")), _count(reported.get("completion_tokens"))
    if said is None:
        said = -(-sum(lengths) // _CHARACTERS_A_TOKEN)
    total, shares, spent, passed = max(sum(lengths), 1), [], 0, 0
    for length in lengths[:-1]:
        passed += length
        shares.append(said * passed // total - spent)
        spent += shares[-1]
    return (0 if sent is None else sent), [*shares, said - spent]


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _one_line(text: str) -> str:
    return " ".join(text.split())[:300]
