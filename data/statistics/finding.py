"""Knows what every audit of a rater's labels answers with; knows no audit in particular."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..frozen import FrozenDict
from .estimate import Estimate

NOTHING: FrozenDict[str, Any] = FrozenDict()


@dataclass(frozen=True)
class Finding:
    """What one audit found.

    Attributes:
        name: Of the audit, e.g. ``length bias``.
        shown: Whether what the audit looks for is there: True where its interval (or its test, corrected for how many
            it made) leaves no room for none, False where it does, None where it could not be measured.
        verdict: One plain sentence that says what was found, or why nothing could be measured.
        measures: Estimate by what it measures, in words, the one that decides first; read-only.
        n: Items the measures stand on.
        left_out: Items handed in that they do not stand on, by reason; read-only.
        details: Plain data for a report: curves, tables by level, names of tests; read-only, JSON-able.
    """

    name: str
    shown: bool | None
    verdict: str
    measures: Mapping[str, Estimate]
    n: int
    left_out: Mapping[str, int] = NOTHING
    details: Mapping[str, Any] = NOTHING

    def __str__(self) -> str:
        """Return the verdict, then one line a measure."""
        width = max(map(len, self.measures), default=0)
        lines = [f"{self.name} ({self.n:,} items): {self.verdict}"]
        return "\n".join([*lines, *(f"  {name:<{width}}  {found}" for name, found in self.measures.items())])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data; None stands for what is undefined, never NaN."""
        record = {name: getattr(self, name) for name in ("name", "shown", "verdict", "n")}
        measures = {name: found.to_dict() for name, found in self.measures.items()}
        return {**record, "measures": measures, "left_out": dict(self.left_out), "details": dict(self.details)}
