"""Knows what a run has to tell, as the record that is written to report.json; does not know how it is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...data import Difference
from ...data.files import write_json_whole
from ...programs import AgreementRow

REPORT_SCHEMA = 1
"""Of report.json."""


class RaterRow(AgreementRow):
    """One line of the table: a rater, a baseline or a person, measured on the test items."""

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain data."""
        measured = self.agreement
        metrics = {name: found.to_dict() for name, found in measured.metrics.items()}
        fill = {"fill": measured.fill} if measured.unparsed else {}
        numbers = {"numbers": measured.numbers} if measured.numbers == "scores" else {}
        head = {"name": self.name, "kind": self.kind, "n": measured.n, "unparsed": measured.unparsed}
        return {**head, **fill, **numbers, "metrics": metrics}


@dataclass(frozen=True)
class ReportedComparison:
    """A paired difference between two rows on the same items; above 0, `a` is better."""

    a: str
    b: str
    difference: Difference

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as plain data."""
        found = self.difference
        return {
            "a": self.a,
            "b": self.b,
            "metric": found.metric,
            "difference": found.value,
            "low": found.low,
            "high": found.high,
            "p": found.p,
            "n": found.n,
            "note": found.note,
        }


@dataclass(frozen=True)
class Report:
    """Everything a run found. Left out: item texts, prompts and rationales (they are in the corpus and the journal).

    Attributes:
        task: The task's name.
        scale: The scale as plain data.
        splits: Split -> items, groups, and how often it was read to choose or to prove.
        traces: What sampling found: see `Utilization.to_dict`, with tokens and the teacher's name.
        rows: The table, in its order.
        comparisons: Paired differences on the test items.
        chosen: Name of the row of the rater that was saved.
        seconds: Stage -> seconds in this run.
        candidates: What the compile tried and measured on dev.
        verdict: What it all means, most important sentence first.
        extra: Further sections, e.g. the demo's live draws.
    """

    task: str
    scale: Mapping[str, Any]
    splits: Mapping[str, Mapping[str, int]]
    traces: Mapping[str, Any]
    rows: tuple[RaterRow, ...]
    comparisons: tuple[ReportedComparison, ...]
    chosen: str
    seconds: Mapping[str, float]
    candidates: tuple[Mapping[str, Any], ...] = ()
    verdict: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def row(self, name: str) -> RaterRow:
        """Return the row with this name."""
        return next(row for row in self.rows if row.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain data without NaN: what report.json holds."""
        return {
            "schema": REPORT_SCHEMA,
            "task": self.task,
            "verdict": list(self.verdict),
            "scale": dict(self.scale),
            "splits": {name: dict(split) for name, split in self.splits.items()},
            "traces": dict(self.traces),
            "raters": [row.to_dict() for row in self.rows],
            "comparisons": [comparison.to_dict() for comparison in self.comparisons],
            "chosen": self.chosen,
            "candidates": [dict(candidate) for candidate in self.candidates],
            "seconds": {stage: round(spent, 2) for stage, spent in self.seconds.items()},
            **self.extra,
        }

    def write(self, path: Path) -> None:
        """Write report.json whole: a killed run leaves the old report or the new one."""
        write_json_whole(path, self.to_dict())
