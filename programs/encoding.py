"""Knows how a conversation becomes a local model's token ids, and a DSPy request a conversation; runs no model."""

import re
from functools import lru_cache
from typing import Any

from dspy.lm15 import Request

from .prompt import Prompt, Turn


def encode_prompt(tokenizer: Any, prompt: Prompt) -> list[int]:
    """Return a prompt's token ids through the model's chat template; training rows and requests both come here.

    A base model without a template gets the turns one after the other, with a blank line after each. The spelling of a
    control token within a text (``<|im_end|>`` in an item) is broken up: it must not end the turn.
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


@lru_cache(maxsize=8)
def _control_tokens(tokenizer: Any) -> re.Pattern[str]:
    """Return a pattern of the spellings of all special tokens, the longest first; it matches nothing without any."""
    special = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    return re.compile("|".join(map(re.escape, sorted(special, key=len, reverse=True))) or r"(?!)")
