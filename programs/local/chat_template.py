"""Knows how conversations and replies become a model's token ids; does not run a model."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ...data import SetupError
from ..adapter import Prompt


def encode_prompt(tokenizer: Any, prompt: Prompt) -> list[int]:
    """Return a prompt's token ids through the model's chat template; training rows and requests both come here.

    A base model without a template gets the turns one after the other, with a blank line after each. Where a template
    refuses system turns, the user's first turn begins with what they say. The spelling of a control token within a text
    (``<|im_end|>`` in an item) is broken up: it must not end the turn.

    Raises:
        SetupError: If the chat template cannot render the turns.
    """
    turns = [{"role": turn.role, "content": _harmless(tokenizer, turn.content)} for turn in prompt.turns]
    if tokenizer.chat_template is None:
        text = "\n\n".join(turn["content"] for turn in turns) + "\n\n"
        return list(tokenizer(text)["input_ids"])
    if not _takes_system_turns(tokenizer):
        turns = _without_system_turns(turns)
    try:
        text = _rendered(tokenizer, turns)
    except Exception as error:  # a template is a program of the model's, and may fail in any way
        what = f"its chat template cannot render the conversation ({type(error).__name__}: {error})"
        cure = "Use a model whose template takes these turns, or mend the template in its folder."
        raise SetupError(what, place=f"model {tokenizer.name_or_path!r}", cure=cure) from error
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def encode_reply(tokenizer: Any, reply: str) -> list[int]:
    """Return a reply's token ids without what ends it; control tokens spelled within it are broken up as in prompts."""
    return list(tokenizer(_harmless(tokenizer, reply), add_special_tokens=False)["input_ids"])


def _rendered(tokenizer: Any, turns: Sequence[dict[str, str]]) -> str:
    return tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)


@lru_cache(maxsize=8)
def _takes_system_turns(tokenizer: Any) -> bool:
    """Return whether a chat template renders a system turn; it is tried once, so that all prompts are treated alike.

    Those of Gemma's and Mistral's earlier models raise an error instead.
    """
    try:
        _rendered(tokenizer, [{"role": "system", "content": "Answer."}, {"role": "user", "content": "Hello."}])
    except Exception:  # whatever else is wrong with the template is told where it renders a prompt
        return False
    return True


def _without_system_turns(turns: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Put the text of system turns, and a blank line, before that of the user's first turn."""
    said = [turn["content"] for turn in turns if turn["role"] == "system"]
    others = [turn for turn in turns if turn["role"] != "system"]
    if not said:
        return others
    first = next((place for place, turn in enumerate(others) if turn["role"] == "user"), None)
    if first is None:
        return [{"role": "user", "content": "\n\n".join(said)}, *others]
    opening = {"role": "user", "content": "\n\n".join([*said, others[first]["content"]])}
    return [*others[:first], opening, *others[first + 1 :]]


def _harmless(tokenizer: Any, text: str) -> str:
    """Return a text with the spellings of control tokens broken up."""
    return _control_tokens(tokenizer).sub(lambda found: f"{found[0][0]} {found[0][1:]}", text)


@lru_cache(maxsize=8)
def _control_tokens(tokenizer: Any) -> re.Pattern[str]:
    """Return a pattern of the spellings of all special tokens, the longest first; it matches nothing without any."""
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    return re.compile("|".join(map(re.escape, sorted(special, key=len, reverse=True))) or r"(?!)")
