"""Knows numbers between two ends, in steps or not; knows nothing about levels without a size."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

from ..errors import InputError
from ..values import as_number, spell
from .arguments import MAX_LEVELS, finite, spanned
from .base import NO_ANCHORS, AlphaDistance, CentralTendency, Label
from .numeric import Numeric


@dataclass(frozen=True)
class Interval(Numeric):
    """Numbers between two ends, continuous or in equal steps, e.g. ``Interval(-4, 4)``.

    Args:
        low: Lowest value.
        high: Highest value.
        step: Distance between neighbouring values; None for any number between the ends.
        anchors: What some of the values mean.
    """

    kind: ClassVar[str] = "interval"
    central_tendency: ClassVar[CentralTendency] = "mean"
    alpha_distance: ClassVar[AlphaDistance] = "interval"
    low: float
    high: float
    step: float | None = None
    anchors: Mapping[Any, str] = NO_ANCHORS

    def __post_init__(self) -> None:
        """Tidy and check what was given."""
        for name in ("low", "high") if self.step is None else ("low", "high", "step"):
            object.__setattr__(self, name, finite(getattr(self, name), name))
        if not self.low < self.high:
            raise InputError(f"an interval from {self.low} to {self.high} is empty", cure="Give low < high.")
        if self.step is not None:
            steps = (_decimal(self.high) - _decimal(self.low)) / _decimal(self.step) if self.step > 0 else Decimal(0)
            if steps != steps.to_integral_value() or not 1 <= steps < MAX_LEVELS:
                raise InputError(
                    f"step {spell(self.step)} does not divide {spell(self.low)} to {spell(self.high)} into 2 to "
                    f"{MAX_LEVELS} levels",
                    cure="Give a positive step that does, or leave step out.",
                )
        self._set_anchors(self.anchors)

    @cached_property
    def levels(self) -> tuple[Label, ...] | None:  # type: ignore[override]
        """The values from low to high by step, or None without a step."""
        if self.step is None:
            return None
        low, high, step = _decimal(self.low), _decimal(self.high), _decimal(self.step)
        # Decimal keeps 0.1 + 0.2 at 0.3, so that the levels are the numbers people write.
        return tuple(float(low + i * step) for i in range(int((high - low) / step) + 1))

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest value."""
        return self.low, self.high

    @property
    def unit(self) -> float:
        """The step, or 1 where there is none."""
        return 1.0 if self.step is None else self.step

    @property
    def one_step(self) -> float:
        """A quarter of the range, as one step is on five levels, and at least one of its own steps; 0 on two levels."""
        quarter = self.span / 4
        return quarter if self.levels is None else max(quarter, 1.0) * super().one_step

    @classmethod
    def from_words(cls, words: str) -> dict[str, Any] | None:
        """Read ``-4..4`` or ``0..1/0.5``."""
        return spanned(words)

    def value(self, label: Label) -> float:
        """Return the value itself."""
        return float(self.check(label))

    def distance(self, a: Label, b: Label) -> float:
        """Return ``|a - b|``, divided by ``step`` if there is one."""
        apart = abs(self.position(a) - self.position(b))
        return apart if self.step is None else apart / self.step

    def nearest(self, x: float) -> Label:
        """Return ``x`` brought between the ends, and onto a step (half-way goes to the lower) if there is one."""
        x = min(max(finite(x), self.low), self.high)
        if self.step is None or self.levels is None:
            return x
        return self.levels[math.ceil(round((x - self.low) / self.step - 0.5, 9))]

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"type": "interval", "low", "high"}``, the step if there is one, and the anchors."""
        step = {} if self.step is None else {"step": self.step}
        return {"type": "interval", "low": self.low, "high": self.high, **step, **self._anchors_to_dict()}

    def _in_words(self, *, descending: bool) -> str:
        steps = "" if self.step is None else f" in steps of {spell(self.step)}"
        first, to, last = (self.high, "down to", self.low) if descending else (self.low, "to", self.high)
        return f"a number from {spell(first)} {to} {spell(last)}{steps}"

    def _exact(self, label: Any) -> Label | None:
        if type(label) is float and self.step is None:  # by far the most common case, and compared by the million
            return label if self.low <= label <= self.high else None
        return self._find(label) if isinstance(label, int | float) and not isinstance(label, bool) else None

    def _rank(self, label: Label) -> float:
        return float(label)

    def _find(self, value: Any) -> Label | None:
        number = as_number(value)
        if number is None or not self.low <= number <= self.high:
            return None
        if self.levels is None or self.step is None:
            return float(number)
        level = self.levels[round((number - self.low) / self.step)]
        return level if abs(float(level) - number) <= 1e-9 * self.step else None


def _decimal(number: float) -> Decimal:
    return Decimal(repr(float(number)))
