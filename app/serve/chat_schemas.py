"""Knows how a rater is asked and answers in the form of OpenAI's chat completions; does not rate and knows no HTTP."""

import json
import time
import uuid
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, create_model

from ...programs import Rater, well_formed
from .errors import TEXT_OR_PARTS, Refused, broken_text, no_model
from .rater_answers import RaterAnswer
from .schemas import Usage

_REFUSED: dict[str, tuple[Any, str]] = {
    "stream": (False, "Replies are not streamed: leave `stream` out."),
    "n": (1, "A rater gives one reply to an item: leave `n` out."),
    "logprobs": (False, "Token probabilities are not sent; POST /v1/rate gives those of the levels."),
    "tools": ([], "A rater calls no tools: leave `tools` out."),
    "response_format": ({"type": "text"}, "A rater has a form of its own; POST /v1/rate gives JSON."),
}
"""What would change the form of the reply, beside the value that changes nothing."""


class ChatPart(BaseModel):
    """A part of a message; only texts are read."""

    type: str
    text: str | None = None


def _kind_of(content: object) -> str | None:
    return {str: "text", list: "parts"}.get(type(content))


Content = Annotated[
    Annotated[str, Tag("text")] | Annotated[list[ChatPart], Tag("parts")],
    Discriminator(_kind_of, custom_error_type=TEXT_OR_PARTS, custom_error_message="Input should be a string or a list"),
]
"""A text, whole or in parts. Which of the two is told by its type, so that an error is of the one that was meant."""


class Message(BaseModel):
    """A turn of the conversation."""

    role: str
    content: Content | None = None


class ChatRequest(BaseModel):
    """A conversation whose last user message is the item; what stands before it is not read.

    The rater has its own guideline and decodes greedily, so system messages and sampling options have no effect.
    """

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [{"model": "stars", "messages": [{"role": "user", "content": "The staff were kind."}]}]
        },
    )

    model: str = Field(description="The rater's name, as GET /v1/models gives it.")
    messages: list[Message] = Field(min_length=1)
    stream: bool | None = Field(None, description="Only false.")
    n: int | None = Field(None, description="Only 1.")
    logprobs: bool | None = Field(None, description="Only false.")
    tools: list[Any] | None = Field(None, description="Only none.")
    response_format: dict[str, Any] | None = Field(None, description="Only text.")


class ReplyMessage(BaseModel):
    """What the rater writes."""

    role: Literal["assistant"] = "assistant"
    content: str


class ChatChoice(BaseModel):
    """The one reply."""

    index: int = 0
    message: ReplyMessage
    finish_reason: str = "stop"


class ChatReply(BaseModel):
    """A completion as OpenAI's clients read it, and the rating as POST /v1/rate gives it."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChatChoice]
    usage: Usage
    rating: Any  # `reply_form` says what it is for one rater


def reply_form(rating: type[BaseModel]) -> type[ChatReply]:
    """Return the form of a reply whose rating has the form of one rater's."""
    read = Field(description="The rating, read; not part of OpenAI's form.")
    return create_model("ChatReply", __base__=ChatReply, __doc__=ChatReply.__doc__, rating=(rating, read))


def item_of(asked: ChatRequest, *, name: str, fields: tuple[str, ...]) -> dict[str, str]:
    """Return the texts of the item that a conversation ends with.

    Args:
        asked: The request.
        name: The rater's name.
        fields: The item's texts.

    Raises:
        Refused: If the request is for another model, asks for what is not there, or its last message is no item.
    """
    if asked.model != name:
        raise no_model(asked.model[:60], name)
    for option, (harmless, why) in _REFUSED.items():
        given = getattr(asked, option)
        if given is not None and given != harmless:
            raise Refused(400, "unsupported", why, param=option)
    number, last = next(
        ((number, turn) for number, turn in reversed(list(enumerate(asked.messages))) if turn.role == "user"),
        (0, Message(role="user")),
    )
    param = f"messages[{number}].content"
    parts = last.content if isinstance(last.content, list) else [ChatPart(type="text", text=last.content)]
    if any(part.type != "text" for part in parts):
        raise Refused(400, "unsupported", "A rater reads texts only.", param=param)
    text = "".join(part.text for part in parts if part.text is not None)
    if not text.strip():
        raise Refused(400, "no_item", "The last user message has to be the item; there is no text in it.", param=param)
    if well_formed(text) != text:
        raise broken_text(400, param, param=param)
    return {fields[0]: text} if len(fields) == 1 else _read(text, fields, param)


def chat_reply(rater: Rater, name: str, answer: RaterAnswer, rating: Mapping[str, Any]) -> ChatReply:
    """Write an answer as a completion: in the rater's own form, or as the model left it where it has no label."""
    written = answer.text if answer.label is None else rater.statement(answer.rationale, answer.label)
    return ChatReply(
        id=f"chatcmpl-{uuid.uuid4().hex}",
        created=int(time.time()),
        model=name,
        choices=[ChatChoice(message=ReplyMessage(content=written), finish_reason=answer.finish_reason)],
        usage=usage_of([answer]),
        rating=rating,
    )


def usage_of(answers: list[RaterAnswer]) -> Usage:
    """Add up the tokens of some answers."""
    sent, received = (
        sum(getattr(answer, kind) for answer in answers) for kind in ("prompt_tokens", "completion_tokens")
    )
    return Usage(prompt_tokens=sent, completion_tokens=received, total_tokens=sent + received)


def _read(text: str, fields: tuple[str, ...], param: str) -> dict[str, str]:
    """Read an item of several texts."""
    wanted = "The last user message has to be a JSON object with the texts " + ", ".join(fields)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused(400, "no_item", f"{wanted}; it is not JSON.", param=param) from None
    if not isinstance(found, dict):
        raise Refused(400, "no_item", f"{wanted}; it is JSON, but no object.", param=param)
    for field in fields:
        given = found.get(field)
        if not isinstance(given, str) or not given.strip():
            what = f"{field!r} is {'missing' if field not in found else 'no text or blank'}"
            raise Refused(400, "missing_field", f"{wanted}; {what}.", param=param, field=field)
        if well_formed(given) != given:
            raise broken_text(400, f"{param}: the field {field!r}", param=param, field=field)
    unknown = [well_formed(field[:60]) for field in found if field not in fields]
    if unknown:
        what = f"{unknown[0]!r} is none of them"
        raise Refused(400, "unknown_field", f"{wanted}; {what}.", param=param, field=unknown[0])
    return found
