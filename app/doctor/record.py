"""Knows what a line of ``accord doctor`` says and what all lines come to; does not know how anything is found out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

LineState = Literal["ok", "-", "missing", "low", "wrong", "unknown"]
"""Fine; neither fine nor a fault; not there; too little; there and of no use; could not be found out."""

User = Literal["core", "demo"]
"""Who needs it: everything that Accord does, or ``accord demo``."""

_LACKS = ("missing", "low", "wrong")
_VERSION = 1


@dataclass(frozen=True)
class Line:
    """One thing that was looked at.

    Attributes:
        name: What it is called, e.g. "memory".
        state: How it is.
        found: What was found, in words.
        cure: The command, the variable or the step that mends it, or None where nothing is to be mended.
        needed_by: Who cannot do without it; None for what is only needed by those who want it.
        figures: The same in numbers and names, for scripts; sizes in bytes.
    """

    name: str
    state: LineState
    found: str
    cure: str | None = None
    needed_by: User | None = field(default=None, kw_only=True)
    figures: Mapping[str, Any] = field(default_factory=dict, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the line as JSON takes it."""
        names = ("name", "state", "found", "cure", "needed_by", "figures")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True)
class Examination:
    """What was found on this machine.

    Attributes:
        parts: The lines by the part of the page that they stand in.
    """

    parts: Mapping[str, tuple[Line, ...]]

    def lacks(self, user: User) -> list[Line]:
        """Return the lines of what a user needs and does not have; the demo needs all that the core needs."""
        needed = ("core",) if user == "core" else ("core", "demo")
        lines = (line for part in self.parts.values() for line in part)
        return [line for line in lines if line.needed_by in needed and line.state in _LACKS]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as JSON takes it."""
        parts = {name: [line.to_dict() for line in lines] for name, lines in self.parts.items()}
        lacks = {user: [line.name for line in self.lacks(user)] for user in get_args(User)}
        return {"version": _VERSION, "lacks": lacks, "parts": parts}


def size(count: float) -> str:
    """Write bytes: ``92.9 MB``, ``21.1 GB``, ``144 GB``."""
    unit, figure = ("GB", count / 1e9) if count >= 1e9 else ("MB", count / 1e6)
    return f"{figure:,.1f} {unit}" if figure < 99.95 else f"{figure:,.0f} {unit}"


def why(error: BaseException) -> str:
    """Write an error in a few words: its kind and the first line of what it says."""
    said = str(error).strip().split("\n")[0]
    return f"{type(error).__name__}: {said[:120]}" if said else type(error).__name__


def counted(number: int, noun: str) -> str:
    """Write a number of things: ``1 core``, ``2 cores``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
