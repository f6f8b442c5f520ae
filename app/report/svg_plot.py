"""Knows how points, lines and bars become SVG that fits any width; does not know what they stand for.

Across, everything is placed in percent and text keeps its size, so that a plot reads as well on a phone as on a desk.
Only lines are stretched, in an inner drawing whose strokes are not. Colours come from the page's styles by class.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDE = 1000
"""Units across of the inner drawing."""

_FOOT = 36
"""Pixels under a plot for the ticks and the name of its axis."""


@dataclass(frozen=True)
class Axis:
    """The range of values along one side.

    Attributes:
        low: Its lowest value.
        high: Its highest.
        ticks: Values that are written, with how they are written.
        name: What the values are.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    name: str = ""

    def share(self, value: float) -> float:
        """Return where a value lies, from 0 at the low end to 1; what is outside lies on the end."""
        span = self.high - self.low
        return min(max((value - self.low) / span, 0.0), 1.0) if span else 0.5

    def percent(self, value: float) -> str:
        """Return where a value lies across."""
        return f"{100 * self.share(value):.2f}%"


def axis(low: float, high: float, name: str = "", *, parts: int = 5, percent: bool = False) -> Axis:
    """Return an axis over a range, widened to ticks of 1, 2 or 5 times a power of ten.

    Args:
        low: The lowest value to show.
        high: The highest.
        name: What the values are.
        parts: About how many steps there are to be.
        percent: Whether values are shares, to be written in percent.
    """
    if not high > low:
        low, high = low - 0.5, high + 0.5
    rough = (high - low) / parts
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    places = max(0, -math.floor(math.log10(step) + 1e-9))

    def written(value: float) -> str:
        return f"{100 * value:.{max(places - 2, 0)}f} %" if percent else f"{value:,.{places}f}"

    ticks = tuple((number * step, written(number * step + 0.0)) for number in range(first, last + 1))
    return Axis(first * step, last * step, ticks, name)


class Plot:
    """A drawing that grows as things are put into it.

    Args:
        name: Of the drawing, unlike all others on the page.
        title: What it shows, in a few words.
        description: What can be seen in it, for those who do not see it.
        x: The axis across.
        y: The axis upwards.
        height: Pixels of the plot without its ticks.
    """

    def __init__(self, name: str, title: str, description: str, x: Axis, y: Axis, *, height: int = 220) -> None:
        """Lay out the axes."""
        self.x, self.y, self.height = x, y, height
        self._head = (name, title, description)
        self._stretched: list[str] = []
        self._fixed: list[str] = []

    def line(self, points: Sequence[tuple[float, float]], style: str) -> None:
        """Draw a line through points (x, y)."""
        self._stretched.append(f'<polyline class="{style}" points="{self._along(points)}"/>')

    def band(self, lower: Sequence[tuple[float, float]], upper: Sequence[tuple[float, float]]) -> None:
        """Fill what lies between two lines of points."""
        self._stretched.append(f'<polygon class="band" points="{self._along([*lower, *reversed(upper)])}"/>')

    def bar(self, start: float, end: float, value: float, style: str) -> None:
        """Draw a bar from the foot of the plot up to a value, between two places across."""
        top = self._down(value)
        left, width = 100 * self.x.share(start), 100 * (self.x.share(end) - self.x.share(start))
        self._fixed.append(
            f'<rect class="{style}" x="{left:.2f}%" y="{top:.1f}" width="{width:.2f}%"'
            f' height="{self.height - top:.1f}"/>'
        )

    def dot(self, x: float, y: float, style: str = "dot", *, radius: float = 3.5) -> None:
        """Put a dot."""
        self._fixed.append(f'<circle class="{style}" cx="{self.x.percent(x)}" cy="{self._down(y):.1f}" r="{radius}"/>')

    def whisker(self, x: float, low: float, high: float) -> None:
        """Draw an upright interval."""
        at = self.x.percent(x)
        self._fixed.append(
            f'<line class="whisker" x1="{at}" x2="{at}" y1="{self._down(low):.1f}" y2="{self._down(high):.1f}"/>'
        )

    def svg(self) -> str:
        """Return the drawing."""
        name, title, description = self._head
        inner = (
            f'<svg viewBox="0 0 {_WIDE} {self.height}" width="100%" height="{self.height}" preserveAspectRatio="none">'
            f"{''.join(self._stretched)}</svg>"
        )
        return (
            f'<svg class="plot" role="img" aria-labelledby="{name}-t {name}-d" width="100%"'
            f' height="{self.height + _FOOT}"><title id="{name}-t">{escape(title)}</title>'
            f'<desc id="{name}-d">{escape(description)}</desc>{self._axes()}{inner}{"".join(self._fixed)}</svg>'
        )

    def _axes(self) -> str:
        parts = [f'<line class="axis" x1="0" x2="100%" y1="{self.height}" y2="{self.height}"/>']
        for value, written in self.y.ticks:
            down = self._down(value)
            if down < self.height - 0.5:
                parts.append(f'<line class="grid" x1="0" x2="100%" y1="{down:.1f}" y2="{down:.1f}"/>')
            parts.append(f'<text class="tick" x="-8" y="{down + 4:.1f}" text-anchor="end">{escape(written)}</text>')
        for value, written in self.x.ticks:
            at = self.x.percent(value)
            parts.append(
                f'<text class="tick" x="{at}" y="{self.height + 16}" text-anchor="middle">{escape(written)}</text>'
            )
        if self.x.name:
            parts.append(
                f'<text class="name" x="100%" y="{self.height + 32}" text-anchor="end">{escape(self.x.name)}</text>'
            )
        return "".join(parts)

    def _along(self, points: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{_WIDE * self.x.share(x):.1f},{self._down(y):.1f}" for x, y in points)

    def _down(self, value: float) -> float:
        return self.height * (1 - self.y.share(value))


def dot_row(
    along: Axis, value: float | None, low: float | None, high: float | None, style: str, marks: Sequence[float] = ()
) -> str:
    """Return one row of a plot of dots and intervals, to stand in a table beside its numbers.

    Args:
        along: The axis of all rows.
        value: Where the dot is; None for none.
        low: The lower end of its interval; None for none.
        high: The upper end.
        style: Class of dot and whisker.
        marks: Where other values are marked by a tick.
    """
    parts = [
        f'<line class="grid" x1="{(at := along.percent(tick))}" x2="{at}" y1="0" y2="26"/>' for tick, _ in along.ticks
    ]
    parts += [f'<line class="mark" x1="{(at := along.percent(mark))}" x2="{at}" y1="4" y2="22"/>' for mark in marks]
    if low is not None and high is not None:
        parts.append(
            f'<line class="whisker {style}" x1="{along.percent(low)}" x2="{along.percent(high)}" y1="13" y2="13"/>'
        )
    if value is not None:
        parts.append(f'<circle class="dot {style}" cx="{along.percent(value)}" cy="13" r="4"/>')
    return f'<svg class="row" aria-hidden="true" width="100%" height="26">{"".join(parts)}</svg>'


def tick_row(along: Axis) -> str:
    """Return the ticks of a plot of dots, to stand under its rows."""
    parts = [
        f'<text class="tick" x="{along.percent(value)}" y="14" text-anchor="middle">{escape(written)}</text>'
        for value, written in along.ticks
    ]
    return f'<svg class="row" aria-hidden="true" width="100%" height="20">{"".join(parts)}</svg>'
