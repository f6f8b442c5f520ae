"""Knows all scales by name and how to make one from plain data; each kind of scale has a file of its own."""

from collections.abc import Mapping
from typing import Any

from ..errors import InputError
from ..values import show, suggestion
from .base import Kind, Label, Scale
from .interval import Interval
from .nominal import Nominal, Pairwise
from .ordinal import Ordinal

__all__ = ["Interval", "Kind", "Label", "Nominal", "Ordinal", "Pairwise", "Scale", "scale_from_dict"]

_KEYS: dict[str, tuple[str, ...]] = {
    "nominal": ("values", "anchors"),
    "ordinal": ("low", "high", "levels", "anchors"),
    "interval": ("low", "high", "step", "anchors"),
    "pairwise": ("tie",),
}


def scale_from_dict(data: Mapping[str, Any], place: str | None = None) -> Scale:
    """Make the scale that `Scale.to_dict` or the ``scale:`` part of task.yaml describes.

    Args:
        data: E.g. ``{"type": "ordinal", "low": 1, "high": 5, "anchors": {1: "very negative"}}``.
        place: Where it comes from, for the message.

    Raises:
        InputError: For an unknown type, an unknown or missing key, or values that make no scale.
    """
    kinds = ", ".join(_KEYS)
    if not isinstance(data, Mapping) or "type" not in data:
        raise InputError("a scale needs a type", place=place, cure=f"Give type: one of {kinds}.")
    kind = data["type"]
    if not isinstance(kind, str) or kind not in _KEYS:
        near = suggestion(str(kind), _KEYS)
        raise InputError(f"unknown scale type {show(kind)}", place=place, cure=f"Give one of {kinds}.{near}")
    rest = {key: value for key, value in data.items() if key != "type"}
    for key in rest:
        if key not in _KEYS[kind]:
            cure = f"A {kind} scale takes {', '.join(_KEYS[kind])}.{suggestion(str(key), _KEYS[kind])}"
            raise InputError(f"unknown key {show(key)} in the scale", place=place, cure=cure)
    listed = kind == "ordinal" and "levels" in rest
    needed = {"nominal": ["values"], "ordinal": ["levels"] if listed else ["low", "high"], "interval": ["low", "high"]}
    for key in needed.get(kind, []):
        if key not in rest:
            raise InputError(f"the {kind} scale has no {key!r}", place=place, cure=f"Give {key}.")
    if listed and ("low" in rest or "high" in rest):
        raise InputError("the scale has both levels and low/high", place=place, cure="Give one or the other.")
    make: dict[str, Any] = {"nominal": Nominal, "ordinal": Ordinal, "interval": Interval, "pairwise": Pairwise}
    try:
        return Ordinal.of(**rest) if listed else make[kind](**rest)
    except InputError as error:
        where = place if error.place is None else error.place if place is None else f"{place}, {error.place}"
        raise InputError(error.what, place=where, cure=error.cure) from None
