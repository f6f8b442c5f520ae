"""Knows what may be handed to the constructor of a scale; knows nothing about reading labels."""

import math
import re
from collections.abc import Sequence
from typing import Any

from ..errors import InputError
from ..values import as_number, is_number, plain, show, spell

MAX_LEVELS = 1001
"""Most levels a scale may list; an Interval without ``step`` has no such limit."""


_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_SPAN = re.compile(rf"\s*({_NUMBER})\s*(?:-|\.\.)\s*({_NUMBER})\s*(?:/\s*({_NUMBER})\s*)?")


def listed(words: str) -> list[str]:
    """Return the names that are written with commas between them."""
    return [name.strip() for name in words.split(",")] if words else []


def spanned(words: str) -> dict[str, Any] | None:
    """Return low, high and, if there is one, step of ``1-5``, ``-4..4`` or ``0..1/0.5``; None for anything else."""
    found = _SPAN.fullmatch(words)
    if found is None:
        return None
    numbers = [None if part is None else float(part) for part in found.groups()]
    whole = [int(one) if one is not None and one.is_integer() else one for one in numbers]
    return {key: one for key, one in zip(("low", "high", "step"), whole, strict=True) if one is not None}


def several(values: Any, what: str) -> list[Any]:
    """Return a list of labels given to a scale, or say why it is none."""
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise InputError(f"{what} are {show(values)}", cure="Give a list of labels.")
    if not 2 <= len(values) <= MAX_LEVELS:
        raise InputError(f"{len(values)} {what} make no scale", cure=f"Give 2 to {MAX_LEVELS} of them.")
    return list(values)


def level_name(value: Any) -> str:
    """Return the name of a label with its blanks tidied; a number becomes its text."""
    value = plain(value)
    if isinstance(value, bool):
        raise InputError(
            f"{value} is a boolean, not the name of a label",
            cure="Put it in quotes: YAML reads a bare yes as true.",
        )
    if is_number(value) and as_number(value) is not None:
        return spell(value)
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{show(value)} is not the name of a label", cure="Give a non-empty text.")
    return " ".join(value.split())


def no_repeats(names: Sequence[str]) -> None:
    """Refuse a list that names a label twice."""
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"label {show(repeated[0])} is listed twice", cure="List each label once.")


def finite(number: Any, what: str = "the number") -> float:
    """Return a finite number as float (never -0.0), or say that it is none."""
    number = plain(number)
    if not is_number(number) or not math.isfinite(number):
        raise InputError(f"{what} is {show(number)}", cure="Give a finite number.")
    return float(number) + 0.0
