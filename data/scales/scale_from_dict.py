"""Knows all scales by name and how to make one from plain data; each kind of scale has a file of its own."""

from collections.abc import Mapping
from typing import Any, TypeVar

from ..errors import InputError
from ..values import show, suggestion
from .base import Scale
from .interval import Interval
from .nominal import Nominal, Pairwise
from .ordinal import Ordinal

_SCALES: dict[str, type[Scale]] = {one.kind: one for one in (Nominal, Ordinal, Interval, Pairwise)}

_AnyScale = TypeVar("_AnyScale", bound=type[Scale])


def register(scale: _AnyScale) -> _AnyScale:
    """Make a scale known by its `Scale.kind` to task files, saved raters and the command line; a class decorator.

    Raises:
        InputError: If another scale is called so.
    """
    if _SCALES.setdefault(scale.kind, scale) is not scale:
        raise InputError(f"there is a scale of type {show(scale.kind)}", cure="Give another kind.")
    return scale


def scale_words(words: str) -> dict[str, Any] | None:
    """Return the plain data of a scale in short, e.g. ``ordinal:1-5``; None if it is not the short form of any."""
    kind, _, rest = (part.strip() for part in words.partition(":"))
    scale = _SCALES.get(kind.casefold())
    data = None if scale is None else scale.from_words(rest)
    return None if scale is None or data is None else {"type": scale.kind, **data}


def scale_from_dict(data: Mapping[str, Any], place: str | None = None) -> Scale:
    """Make the scale that `Scale.to_dict` or the ``scale:`` part of task.yaml describes.

    Args:
        data: E.g. ``{"type": "ordinal", "low": 1, "high": 5, "anchors": {1: "very negative"}}``.
        place: Where it comes from, for the message.

    Raises:
        InputError: For an unknown type, an unknown or missing key, or values that make no scale.
    """
    if not isinstance(data, Mapping) or "type" not in data:
        raise InputError("a scale needs a type", place=place, cure=f"Give type: one of {', '.join(_SCALES)}.")
    kind = data["type"]
    if not isinstance(kind, str) or kind not in _SCALES:
        near = suggestion(str(kind), _SCALES)
        cure = f"Give one of {', '.join(_SCALES)}.{near}"
        raise InputError(f"unknown scale type {show(kind)}", place=place, cure=cure)
    scale = _SCALES[kind]
    rest = {key: value for key, value in data.items() if key != "type"}
    keys = scale.keys(rest)
    for key in rest:
        if key not in keys:
            cure = f"A {kind} scale takes {', '.join(keys)}.{suggestion(str(key), keys)}"
            raise InputError(f"unknown key {show(key)} in the scale", place=place, cure=cure)
    for key, needed in keys.items():
        if needed and key not in rest:
            raise InputError(f"the {kind} scale has no {key!r}", place=place, cure=f"Give {key}.")
    try:
        return scale.from_dict(rest)
    except InputError as error:
        where = place if error.place is None else error.place if place is None else f"{place}, {error.place}"
        raise InputError(error.what, place=where, cure=error.cure) from None
