"""Knows how DSPy's training data in chat format becomes training rows; does not know how a model is trained on them."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from ...data import InputError, SetupError
from ...programs import Prompt, Turn, encode_prompt, encode_reply
from ...programs.adapter import Role
from ..finetuning import Rows
from ..training_jobs import Row

_PLACE = "VLLMProvider"


def chat_rows(data: Sequence[Mapping[str, Any]], tokenizer: Any, *, context: int) -> Rows:
    """Make one row of each conversation: its last turn is learned, all before it is the prompt.

    The prompt's token ids are those that are sent when the same conversation is asked at deployment.

    Args:
        data: Rows ``{"messages": [{"role": ..., "content": ...}, ...]}``, as DSPy's adapters write them.
        tokenizer: The base model's.
        context: The most tokens a row may have; longer ones are left out and named.

    Raises:
        InputError: If a row is no conversation that ends with the assistant's turn.
        SetupError: If the tokenizer has no token that ends a reply.
    """
    if tokenizer.eos_token_id is None:
        cure = "Use a base model whose tokenizer has an eos_token."
        raise SetupError("the base model's tokenizer cannot end a reply", place=_PLACE, cure=cure)
    rows: list[Row] = []
    too_long: list[str] = []
    for number, entry in enumerate(data, start=1):
        place = f"train_data, row {number}"
        turns = _turns(entry, place)
        prompt = encode_prompt(tokenizer, Prompt(tuple(turns[:-1])))
        reply = [*encode_reply(tokenizer, turns[-1].content), tokenizer.eos_token_id]
        if len(prompt) + len(reply) > context:
            too_long.append(place)
        else:
            rows.append(Row(tuple(prompt), tuple(reply)))
    return Rows(tuple(rows), tuple(too_long))


def _turns(entry: Mapping[str, Any], place: str) -> list[Turn]:
    cure = "Give rows {'messages': [{'role': 'user', 'content': ...}, {'role': 'assistant', 'content': ...}]}."
    messages = entry.get("messages")
    if not isinstance(messages, Sequence) or len(messages) < 2:
        raise InputError("has no messages, or fewer than two", place=place, cure=cure)
    turns: list[Turn] = []
    for message in messages:
        role, content = message.get("role"), message.get("content")
        if role not in get_args(Role) or not isinstance(content, str):
            raise InputError(f"has a message of role {role!r} or without text", place=place, cure=cure)
        turns.append(Turn(role, content))
    if turns[-1].role != "assistant":
        raise InputError("does not end with the assistant's turn", place=place, cure=cure)
    return turns
