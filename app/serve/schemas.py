"""Knows the shapes of what the service gives beside ratings; does not know when it gives them."""

from typing import Any, Literal

from pydantic import BaseModel, Field


class Problem(BaseModel):
    """Why a request was refused; the first four are those of OpenAI's errors."""

    message: str = Field(description="What is wrong and what to do about it, in one line.")
    type: str = Field(description="`invalid_request_error`, `authentication_error`, `rate_limit_error`, `server_error`")
    param: str | None = Field(None, description="What it is about, e.g. `items[3].text`.")
    code: str = Field(description="The reason as a word that programs can compare.")
    item: int | None = Field(None, description="Position of the item, from 0.")
    field: str | None = Field(None, description="Name of the item's field.")


class Refusal(BaseModel):
    """The body of every reply that is not a 2xx."""

    error: Problem


class Health(BaseModel):
    """Whether requests are taken."""

    status: Literal["ready", "draining"]


class Usage(BaseModel):
    """Tokens of the rater's model."""

    prompt_tokens: int = Field(0, description="Sent.")
    completion_tokens: int = Field(0, description="Received.")
    total_tokens: int = Field(0, description="Both.")


class Description(BaseModel):
    """What is served here."""

    rater: str = Field(description="Its name, which is also the model's name for chat completions.")
    accord: str = Field(description="Version of Accord.")
    fields: list[str] = Field(description="The texts an item has.")
    scale: dict[str, Any] = Field(description="What labels there are.")
    order: str = Field(description="What the rater writes, in which order.")
    scoring: str = Field(description="How a rating comes about: `mode` is the label that the reply gives.")
    guideline: str = Field(description="Hash of the guideline.")
    model: str = Field(description="The model that answers.")
    limits: dict[str, int] = Field(description="Items and bytes of one request, items that may wait.")
    routes: dict[str, str] = Field(description="What can be asked, in a few words.")


class Model(BaseModel):
    """A model as OpenAI lists it."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: str = "accord"


class Models(BaseModel):
    """The one model that there is."""

    object: Literal["list"] = "list"
    data: list[Model]
