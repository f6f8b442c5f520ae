"""Knows ordered levels, numbered or named; knows nothing about how far apart annotators feel them."""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from ..errors import InputError
from ..values import as_number, plain, show
from .arguments import MAX_LEVELS, finite, level_name, listed, no_repeats, several, spanned
from .base import NO_ANCHORS, AlphaDistance, CentralTendency, Label
from .numeric import Numeric


@dataclass(frozen=True)
class Ordinal(Numeric):
    """Ordered levels: whole numbers ``Ordinal(1, 5)``, or names ``Ordinal.of(["bad", "ok", "good"])``.

    Args:
        low: Lowest whole number.
        high: Highest whole number.
        anchors: What some of the levels mean.
        given: The levels where they are not every whole number from low to high; set by `of`.
    """

    kind: ClassVar[str] = "ordinal"
    central_tendency: ClassVar[CentralTendency] = "median"
    alpha_distance: ClassVar[AlphaDistance] = "ordinal"
    low: int
    high: int
    anchors: Mapping[Any, str] = NO_ANCHORS
    given: tuple[int, ...] | tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Tidy and check what was given."""
        for name, number in (("low", plain(self.low)), ("high", plain(self.high))):
            if not isinstance(number, int) or isinstance(number, bool):
                raise InputError(
                    f"{name} is {show(number)}", cure="Give a whole number, or use Ordinal.of for named levels."
                )
            object.__setattr__(self, name, number)
        if not 1 <= self.high - self.low < MAX_LEVELS:
            raise InputError(
                f"an ordinal scale from {self.low} to {self.high} is not possible",
                cure=f"Give low < high with at most {MAX_LEVELS} levels, or use Interval.",
            )
        self._set_anchors(self.anchors)

    @classmethod
    def of(cls, levels: Sequence[str | int], anchors: Mapping[Any, str] | None = None) -> "Ordinal":
        """Make a scale of levels listed from lowest to highest: all names, or all whole numbers.

        Raises:
            InputError: For fewer than two levels, repeats, a mixture, or numbers that do not ascend.
        """
        given = [plain(level) for level in several(levels, "levels")]
        anchors = NO_ANCHORS if anchors is None else anchors
        if all(isinstance(level, int) and not isinstance(level, bool) for level in given):
            numbers = tuple(int(level) for level in given)
            if any(b <= a for a, b in zip(numbers, numbers[1:], strict=False)):
                raise InputError(f"levels {list(numbers)} do not ascend", cure="List each once, lowest first.")
            whole = numbers[-1] - numbers[0] == len(numbers) - 1
            return cls(numbers[0], numbers[-1], anchors, None if whole else numbers)
        if not all(isinstance(level, str) for level in given):
            raise InputError(f"levels {show(given)} mix names and numbers", cure="Quote them all, or none.")
        names = tuple(level_name(level) for level in given)
        no_repeats(names)
        return cls(1, len(names), anchors, names)

    @classmethod
    def keys(cls, data: Mapping[str, Any]) -> dict[str, bool]:
        """Return that low and high are needed unless levels are listed."""
        span = "levels" not in data
        return {"low": span, "high": span, "levels": False, "anchors": False}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Ordinal":
        """Make a scale of low and high, or of levels."""
        if "levels" not in data:
            return cls(**data)
        if "low" in data or "high" in data:
            raise InputError("the scale has both levels and low/high", cure="Give one or the other.")
        return cls.of(**data)

    @classmethod
    def from_words(cls, words: str) -> dict[str, Any] | None:
        """Read ``1-5`` or ``bad,ok,good``."""
        names = listed(words)
        if (span := spanned(words)) is not None or len(names) < 2:
            return span
        whole = all(re.fullmatch(r"[+-]?\d+", name) for name in names)
        return {"levels": [int(name) for name in names] if whole else names}

    @cached_property
    def levels(self) -> tuple[Label, ...]:  # type: ignore[override]
        """The levels from lowest to highest."""
        return tuple(range(self.low, self.high + 1)) if self.given is None else self.given

    @property
    def named(self) -> bool:
        """Whether the levels are names."""
        return isinstance(self.levels[0], str)

    def value(self, label: Label) -> float:
        """Return the whole number itself, or the rank from 1 of a named level."""
        return self._values[self._ranks[self.check(label)]]

    def nearest(self, x: float) -> Label:
        """Return the level whose value is closest to ``x``; half-way goes to the lower."""
        x = finite(x)
        values = self._values
        right = min(max(bisect_left(values, x), 1), len(values) - 1)
        return self.levels[right if x - values[right - 1] > values[right] - x else right - 1]

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"type": "ordinal", "low", "high"}`` or ``{"type": "ordinal", "levels"}``, and the anchors."""
        span = {"low": self.low, "high": self.high} if self.given is None else {"levels": list(self.levels)}
        return {"type": "ordinal", **span, **self._anchors_to_dict()}

    @cached_property
    def _values(self) -> tuple[float, ...]:
        return tuple(float(i + 1 if isinstance(level, str) else level) for i, level in enumerate(self.levels))

    def _in_words(self, *, descending: bool) -> str:
        if self.given is None:
            span = f"{self.high} down to {self.low}" if descending else f"{self.low} to {self.high}"
            return f"a whole number from {span}"
        order = "highest to lowest" if descending else "lowest to highest"
        return f"one of, from {order}: {self._levels_in_words(descending=descending)}"

    def _find(self, value: Any) -> Label | None:
        if self.named:
            return self._find_name(value)
        number = as_number(value)
        return number if number is not None and number in self._ranks else None
