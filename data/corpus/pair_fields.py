"""Knows which two of an item's fields are compared, by their names; knows nothing about verdicts."""

import re
from collections.abc import Sequence
from typing import NamedTuple

_ENDS = (("_a", "_b"), ("A", "B"), ("1", "2"), ("_first", "_second"), ("_left", "_right"))
_STARTS = (("a_", "b_"), ("first_", "second_"), ("left_", "right_"))
_WHOLE = (("a", "b"), ("A", "B"), ("first", "second"), ("left", "right"))


class Pair(NamedTuple):
    """Names of the two fields that are compared."""

    a: str
    b: str


def pair_fields(fields: Sequence[str]) -> Pair | None:
    """Find the two fields that are compared.

    They differ by an ending (``_a`` and ``_b``, ``A`` and ``B``, ``1`` and ``2``, ``_first`` and ``_second``, ``_left``
    and ``_right``), by a beginning (``a_``, ``first_``, ``left_``), or are called just so.

    Args:
        fields: Names of an item's fields.

    Returns:
        The pair; None where there is none, or more than one.
    """
    known = set(fields)
    found = {Pair(*names) for names in _WHOLE if known.issuperset(names)}
    for name in fields:
        ended = (_exchanged(name, f"{re.escape(first)}$", second) for first, second in _ENDS)
        begun = (_exchanged(name, f"^{re.escape(first)}", second) for first, second in _STARTS)
        found |= {Pair(name, other) for other in (*ended, *begun) if other in known}
    return found.pop() if len(found) == 1 else None


def _exchanged(name: str, mark: str, other: str) -> str | None:
    """Return the name with its mark exchanged for another; None where it has none, or is nothing else."""
    exchanged, times = re.subn(mark, other, name)
    return exchanged if times and exchanged != other else None
