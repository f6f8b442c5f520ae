"""Knows which scale the values of an MLflow judge are on, and how one becomes a label; does not import MLflow."""

from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from ...data import InputError, Label, Nominal, Ordinal, Scale, SetupError

MOST_NAMES = 20
"""Different texts that may be the labels of a judge without a type; more are no labels."""

_TRUE, _FALSE = "true", "false"
_SPOKEN = {"yes": _TRUE, "no": _FALSE}


def scale_of(value_type: Any, values: Iterable[Any], place: str) -> Scale:
    """Return the scale of a judge's values.

    ====================  ============================================================================================
    ``bool``              ``true`` and ``false``
    ``Literal[...]``      the names, without an order; whole numbers are ordered
    ``int``, ``float``    whole numbers from the lowest to the highest that people gave
    ``str``, none         the texts that people gave; where all are whole numbers they are ordered
    ====================  ============================================================================================

    Args:
        value_type: The judge's ``feedback_value_type``.
        values: What people gave.
        place: The judge, for messages.

    Raises:
        SetupError: If there is none: the type is a list or a mapping, the numbers have fractions, the texts are too
            many, or there is one label only.
    """
    cure = "Give AccordOptimizer(scale=...), e.g. Ordinal(1, 5) or Interval(0, 1, step=0.25)."
    kind = _unwrapped(value_type)
    if kind is bool:
        return Nominal([_TRUE, _FALSE])
    named = get_origin(kind) is Literal
    if not named and kind not in (int, float, str, None):
        raise SetupError(f"its value type {value_type} is no label", place=place, cure=cure)
    found = list(dict.fromkeys(_text(value) for value in (get_args(kind) if named else values)))
    if named and set(found) == {_TRUE, _FALSE}:
        return Nominal([_TRUE, _FALSE])
    try:
        numbers = sorted({_whole(text) for text in found})
    except ValueError:
        if kind in (int, float):
            raise SetupError("its labels are not all whole numbers", place=place, cure=cure) from None
        if len(found) > MOST_NAMES:
            raise SetupError(f"its labels are {len(found)} different texts", place=place, cure=cure) from None
        numbers = []
    try:
        if numbers:
            return Ordinal.of(numbers) if named else Ordinal(numbers[0], numbers[-1])
        return Nominal(found if named else sorted(found))
    except InputError as error:
        raise SetupError(f"its labels make no scale ({error.what})", place=place, cure=cure) from None


def follows_from_type(value_type: Any) -> bool:
    """Return whether a value type says all labels there can be, whatever people gave."""
    kind = _unwrapped(value_type)
    return kind is bool or get_origin(kind) is Literal


def read_value(value: Any, scale: Scale) -> Label | None:
    """Return the label that a person's value stands for, None where it is not on the scale.

    Names are found whatever their case; on a scale of true and false, yes and no are read too.
    """
    text = _text(value) if isinstance(value, str | bool) else value
    levels = scale.levels
    names = {str(level).casefold(): level for level in levels or () if isinstance(level, str)}
    if isinstance(text, str) and names:
        spoken = text.casefold()
        return names.get(spoken, names.get(_SPOKEN.get(spoken, spoken)))
    try:
        return scale.read(text)
    except InputError:
        return None


def _unwrapped(value_type: Any) -> Any:
    if get_origin(value_type) in (Union, UnionType):
        inner = [one for one in get_args(value_type) if one is not NoneType]
        return inner[0] if len(inner) == 1 else value_type
    return value_type


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def _whole(text: str) -> int:
    number = float(text)
    if not number.is_integer():
        raise ValueError(text)
    return int(number)
