"""Knows what a raw cell holds (nothing, a number, a text) and how to show it; knows nothing about scales."""

import difflib
import math
import re
from collections.abc import Iterable
from decimal import Decimal
from numbers import Real
from typing import Any

import numpy as np

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SHORT_WHOLE = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def plain(value: Any) -> Any:
    """Return a numpy scalar as the Python value it stands for, anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def is_missing(value: Any) -> bool:
    """Tell whether a cell holds nothing: None, NaN, or a text of blanks only."""
    value = plain(value)
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip()
    return is_number(value) and value != value


def is_number(value: Any) -> bool:
    """Tell whether a value is a number in Python's sense, booleans left out."""
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def as_number(value: Any) -> int | float | None:
    """Read a finite number from a number or from its usual ASCII spelling; None when there is none.

    Whole numbers come back as int. ``"4"``, ``" 4.0 "``, ``4.0`` and ``np.int64(4)`` all give 4; ``"4 stars"``,
    ``"4,5"``, ``"1_000"``, ``"nan"`` and True give None. The minus sign U+2212 counts as ``-``.
    """
    value = plain(value)
    if isinstance(value, str):
        text = value.strip().replace("\u2212", "-")
        if _SHORT_WHOLE.fullmatch(text):
            return int(text)
        if not _NUMBER.fullmatch(text):
            return None
        value = float(text)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    if not is_number(value):
        return None
    try:
        number = float(value)
    except (OverflowError, ValueError):
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def spell(number: float) -> str:
    """Write a number the short way that reads back equal: 4.0 as ``4``, 0.1 as ``0.1``."""
    return str(int(number)) if float(number).is_integer() and abs(number) < 1e15 else repr(float(number))


def show(value: Any, width: int = 60) -> str:
    """Show a value in a message: its repr, cut in the middle when it is long."""
    value = plain(value)
    if isinstance(value, str | bytes) and len(value) > 4 * width:
        value = value[: 4 * width]
    text = repr(value)
    return text if len(text) <= width else f"{text[: width - 20]}...{text[-12:]}"


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``" Did you mean 'x'?"`` for the known name nearest to ``name``, or an empty text."""
    folded = {other.casefold(): other for other in known}
    near = difflib.get_close_matches(name.strip().casefold(), list(folded), n=1, cutoff=0.6)
    return f" Did you mean {folded[near[0]]!r}?" if near else ""


def undefined_last(value: float | None) -> float:
    """Return a number to choose the greatest by: one that is undefined is less than any other."""
    return -math.inf if value is None else value
