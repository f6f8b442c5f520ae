"""Knows the bytes of a chat request to an OpenAI-compatible server, and what a server refuses; does not send them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from ..adapter import Prompt, Turn

_NAMES_N = re.compile(r"(?<![\w-])n['\"`]?\s*(?:=|>|<|!=|must|is|should|parameter|\(|greater|only)", re.IGNORECASE)
_ONE_CHOICE = re.compile(r"(?:one|multiple|several|single) (?:completion |chat )?(?:choice|completion)", re.IGNORECASE)
_NAMES_SEED = re.compile(r"(?<![\w-])seed(?![\w-])", re.IGNORECASE)
_NAMES_LOGPROBS = re.compile(r"log ?-?prob", re.IGNORECASE)
_LIMIT = re.compile(r"(?:equal to|at most|max(?:imum)?(?: allowed)?|up to|<=|between 0 and)[ :=]*(\d+)", re.IGNORECASE)

MOST_ALTERNATIVES = 20
"""The most alternatives of a token that OpenAI's API gives, and vLLM where it is not told otherwise."""

_COMMON_ALTERNATIVES = 5
"""What servers give that do not give so many; asked for where a server refuses a number and names none."""


@dataclass(frozen=True)
class ChatForm:
    """How requests to one server are written; it is learnt from what the server refuses.

    Attributes:
        most: The most choices to ask for in one request, or None for any number.
        limit_field: What the limit on a reply's tokens is called: OpenAI's newer models refuse ``max_tokens``.
        seeds: Whether to send seeds.
        alternatives: The most alternatives of a token to ask for; 0 where log-probabilities are not to be asked for.
    """

    most: int | None = None
    limit_field: str = "max_tokens"
    seeds: bool = True
    alternatives: int = MOST_ALTERNATIVES

    def cured(
        self, *, said: str, param: str | None, choices: int, seeded: bool, alternatives: int | None = None
    ) -> "ChatForm | None":
        """Return the form that a server should take after it refused a request, or None if the form is not the cause.

        Args:
            said: The server's message.
            param: The field that it names apart from the message, if any.
            choices: How many choices the refused request asked for.
            seeded: Whether it carried a seed.
            alternatives: How many alternatives of a token it asked for, None where it asked for no log-probabilities.
        """
        if alternatives is not None and (param in ("logprobs", "top_logprobs") or _NAMES_LOGPROBS.search(said)):
            return replace(self, alternatives=_fewer(alternatives, said, param))
        if choices > 1 and (param == "n" or _NAMES_N.search(said) or _ONE_CHOICE.search(said)):
            return replace(self, most=1)
        if self.limit_field == "max_tokens" and "max_completion_tokens" in said:
            return replace(self, limit_field="max_completion_tokens")
        if seeded and (param == "seed" or _NAMES_SEED.search(said)):
            return replace(self, seeds=False)
        return None

    def merged(self, other: "ChatForm") -> "ChatForm":
        """Return a form without what either of two lacks: requests in flight together may learn different things."""
        limits = [form.most for form in (self, other) if form.most is not None]
        longer = "max_completion_tokens" in (self.limit_field, other.limit_field)
        return ChatForm(
            most=min(limits) if limits else None,
            limit_field="max_completion_tokens" if longer else self.limit_field,
            seeds=self.seeds and other.seeds,
            alternatives=min(self.alternatives, other.alternatives),
        )

    def head(self, model: str, fields: Mapping[str, Any]) -> str:
        """Write what all requests of a run have in common, in the words that the server takes.

        ``max_tokens`` may have another name, and ``top_logprobs`` has the limit that was learnt.
        """
        named = {self.limit_field if name == "max_tokens" else name: value for name, value in fields.items()}
        if not self.alternatives:
            named = {name: value for name, value in named.items() if name not in ("logprobs", "top_logprobs")}
        elif "top_logprobs" in named:
            named["top_logprobs"] = min(named["top_logprobs"], self.alternatives)
        return json.dumps({"model": model, **named}, separators=(",", ":"))[:-1]


def request_body(head: str, prompt: Prompt, *, choices: int, seed: int | None) -> bytes:
    """Write a whole request.

    Args:
        head: What `ChatForm.head` returned.
        prompt: The conversation.
        choices: How many completions to ask for.
        seed: Of the first of them, or None for no seed.
    """
    several = "" if choices == 1 else f',"n":{choices}'
    seeded = "" if seed is None else f',"seed":{seed}'
    # The system turn and the demos are the same in every prompt of a run; the last turn hardly ever is.
    turns = [_shared_turn(turn) for turn in prompt.turns[:-1]] + [_turn(turn) for turn in prompt.turns[-1:]]
    return f'{head}{several}{seeded},"messages":[{",".join(turns)}]}}'.encode()


def _fewer(asked: int, said: str, param: str | None) -> int:
    """Return how many alternatives to ask for after a server refused a number of them; 0 where it gives none.

    One alternative tells nothing: it is the token itself.
    """
    named = _LIMIT.search(said)
    limit = _COMMON_ALTERNATIVES if param == "top_logprobs" or "top_logprobs" in said else 0
    limit = limit if named is None else int(named[1])
    return limit if 1 < limit < asked else 0


def _turn(turn: Turn) -> str:
    return f'{{"role":"{turn.role}","content":{json.dumps(turn.content)}}}'


@lru_cache(maxsize=256)
def _shared_turn(turn: Turn) -> str:
    return _turn(turn)
