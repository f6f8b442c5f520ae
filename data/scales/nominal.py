"""Knows the scales whose labels are names without an order; knows nothing about numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..errors import InputError
from ..values import show
from .arguments import level_name, listed, no_repeats, several
from .base import NO_ANCHORS, AlphaDistance, Label, Scale


class Names(Scale):
    """What scales of names share: two labels are the same or not, and that is all."""

    graded: ClassVar[bool] = False
    alpha_distance: ClassVar[AlphaDistance] = "nominal"

    def distance(self, a: Label, b: Label) -> float:
        """Return 0 for the same name, else 1."""
        return float(self.check(a) != self.check(b))

    def _in_words(self, *, descending: bool) -> str:
        return f"one of: {self._levels_in_words(descending=descending)}"

    def _find(self, value: Any) -> Label | None:
        return self._find_name(value)


@dataclass(frozen=True)
class Nominal(Names):
    """Names without an order, e.g. ``Nominal(["ironic", "not_ironic"])``.

    Args:
        values: The names, at least two; numbers become their text.
        anchors: What some of them mean.
    """

    kind: ClassVar[str] = "nominal"
    values: Sequence[str]
    anchors: Mapping[Any, str] = NO_ANCHORS

    def __post_init__(self) -> None:
        """Tidy and check what was given."""
        object.__setattr__(self, "values", tuple(level_name(v) for v in several(self.values, "values")))
        no_repeats(self.values)
        self._set_anchors(self.anchors)

    @property
    def levels(self) -> tuple[Label, ...]:
        """The names as given."""
        return tuple(self.values)

    @classmethod
    def from_words(cls, words: str) -> dict[str, Any] | None:
        """Read ``yes,no``."""
        names = listed(words)
        return {"values": names} if len(names) > 1 else None

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"type": "nominal", "values": [...]}`` and the anchors."""
        return {"type": "nominal", "values": list(self.values), **self._anchors_to_dict()}


@dataclass(frozen=True)
class Pairwise(Names):
    """Which of two is better: ``"A"``, ``"B"`` or, unless left out, ``"tie"``.

    Args:
        tie: Whether a tie may be given.
    """

    kind: ClassVar[str] = "pairwise"
    comparative: ClassVar[bool] = True
    tie: bool = True

    def __post_init__(self) -> None:
        """Check what was given and set the fixed meanings."""
        if not isinstance(self.tie, bool):
            raise InputError(f"tie is {show(self.tie)}", cure="Give true or false.")
        words = {"A": "the first is better", "B": "the second is better", "tie": "neither is better"}
        self._set_anchors({level: words[str(level)] for level in self.levels})

    @property
    def levels(self) -> tuple[Label, ...]:
        """``A``, ``B`` and, if allowed, ``tie``."""
        return ("A", "B", "tie") if self.tie else ("A", "B")

    @classmethod
    def from_words(cls, words: str) -> dict[str, Any] | None:
        """Read nothing, or the verdicts."""
        names = [name.casefold() for name in listed(words)]
        return {"tie": len(names) != 2} if names in ([], ["a", "b"], ["a", "b", "tie"]) else None

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"type": "pairwise", "tie": ...}``."""
        return {"type": "pairwise", "tie": self.tie}
