"""Knows what scales share whose labels are numbers on a line; knows nothing about how the numbers are spaced."""

from typing import ClassVar

from .base import Label, Scale


class Numeric(Scale):
    """Labels with a `value` each: the higher the label, the higher the number."""

    ordered: ClassVar[bool] = True

    @property
    def span(self) -> float:  # type: ignore[override]
        """How far apart the ends are, as `distance` measures it; at least 1 where there are levels."""
        apart = self.distance(*self.ends)
        return apart if self.levels is None else max(apart, 1.0)

    def number(self, label: Label) -> float:
        """Return the value of a label."""
        return self.value(label)

    def label_of(self, number: float) -> Label:
        """Return the nearest label."""
        return self.nearest(number)
