"""Knows the shapes of ``/v1/rate``, fitted to one rater's fields and scale; does not know how it rates."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, create_model

from ...data import Label, Scale
from .schemas import Usage

_Text = Annotated[str, StringConstraints(pattern=r"\S")]
"""A text that is not blank."""

_EXAMPLE_TEXT = "The staff were kind, but the room was cold."
_EXAMPLE_REASON = "Kind words for the staff weigh about as much as the cold room."


@dataclass(frozen=True)
class Forms:
    """The models of ``/v1/rate`` for one rater.

    Attributes:
        request: What is sent.
        rating: What is said of one item.
        reply: What comes back.
        fields: Names of the item's texts.
        key: What an item's own id is called: ``id``, or ``item_id`` where the rater reads a field of that name.
        example: An item.
        rated: A rating of it.
    """

    request: type[BaseModel]
    rating: type[BaseModel]
    reply: type[BaseModel]
    fields: tuple[str, ...]
    key: str
    example: dict[str, Any]
    rated: dict[str, Any]

    def texts(self, item: BaseModel) -> dict[str, str]:
        """Return an item's texts by field."""
        return {name: getattr(item, _attribute(number)) for number, name in enumerate(self.fields)}


def make_forms(fields: tuple[str, ...], scale: Scale, *, most: int, reasons: bool, weighs: bool, scores: bool) -> Forms:
    """Make the models for a rater.

    Args:
        fields: The item's texts.
        scale: The labels.
        most: Items of one request.
        reasons: Whether the rater writes a rationale; for the example.
        weighs: Whether its model gives probabilities; for the example.
        scores: Whether it scores between the levels, where they are numbers; for the example.
    """
    key = "item_id" if "id" in fields else "id"
    example: dict[str, Any] = {key: "r17", **dict.fromkeys(fields, _EXAMPLE_TEXT)}
    levels = scale.levels
    # The types are made here, which is more than a type checker follows.
    one_of, several = cast(Any, Literal), cast(Any, list)
    label: Any = float | None if levels is None else one_of[(*levels, None)]
    middle = _middle(scale)
    rated: dict[str, Any] = {
        "id": "r17",
        "label": middle,
        "rationale": _EXAMPLE_REASON if reasons else "",
        "unparsed": None,
        "score": scale.value(middle) if scores and scale.ordered else None,
        "distribution": _peaked(scale, middle) if weighs else None,
        "confidence": 0.8 if weighs else None,
        "error": None,
    }
    # Names of fields are free and may be names of pydantic's own methods: inside, they are numbered.
    texts: dict[str, Any] = {
        _attribute(number): (_Text, Field(alias=name, examples=[_EXAMPLE_TEXT])) for number, name in enumerate(fields)
    }
    item: Any = create_model(
        "Item",
        __doc__="One thing to be rated: its texts, and a name for it if you like.",
        __config__=ConfigDict(extra="forbid", json_schema_extra={"examples": [example]}),
        given=(
            Annotated[str | None, Field(min_length=1, max_length=256)],
            Field(None, alias=key, description="Comes back as `id`; without it, a hash of the texts."),
        ),
        **texts,
    )
    request = create_model(
        "RateRequest",
        __doc__="Items to be rated.",
        __config__=ConfigDict(extra="forbid", json_schema_extra={"examples": [{"items": [example]}]}),
        items=(several[item], Field(min_length=1, max_length=most)),
        return_rationale=(StrictBool, Field(True, description="Whether rationales are sent back.")),
        return_distribution=(
            StrictBool,
            Field(True, description="Whether probabilities are sent; a rater that scores computes them anyway."),
        ),
    )
    rating = create_model(
        "Rating",
        __doc__="What the rater says of one item.",
        __config__=ConfigDict(json_schema_extra={"examples": [rated]}),
        id=(str, Field(description="As given, or the hash of the texts.")),
        label=(label, Field(description="The label; null where the reply has none.")),
        rationale=(str | None, Field(description="The reasoning; null where it is not wanted.")),
        unparsed=(str | None, Field(description="Why there is no label, e.g. `no_label`, `truncated`, `error`.")),
        score=(float | None, Field(description="The value between the levels, for a rater that scores.")),
        distribution=(
            dict[str, float] | None,
            Field(description="Probability of each level; null where the model cannot say."),
        ),
        confidence=(float | None, Field(description="Probability of the label that is given.")),
        error=(str | None, Field(description="What went wrong with the model's call, where `unparsed` is `error`.")),
    )
    reply = create_model(
        "RateReply",
        __doc__="One rating for each item, in their order.",
        ratings=(several[rating], ...),
        usage=(Usage, ...),
    )
    return Forms(request, rating, reply, fields, key, example, rated)


def _attribute(number: int) -> str:
    return f"text_{number}"


def _middle(scale: Scale) -> Label:
    """Return a label from the middle of the scale."""
    levels = scale.levels
    if levels is not None:
        return levels[len(levels) // 2]
    return scale.label_of(sum(map(scale.number, scale.ends)) / 2)


def _peaked(scale: Scale, label: Label) -> dict[str, float]:
    """Return a distribution that gives 0.8 to a label."""
    levels = scale.levels or ()
    rest = round(0.2 / max(1, len(levels) - 1), 4)
    return {scale.write(level): 0.8 if level == label else rest for level in levels}
