"""Knows a scale that Accord does not: whole numbers round a circle; one file and one registration, as a user has it.

Beside it: stories of which hour they are told at, a teacher who reads it, and a rater who knows only under a rule.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from accord.data import InputError, Label, Scale
from accord.data.frozen import FrozenDict
from accord.data.scales import register
from accord.data.values import as_number

from .guideline_task import sent
from .stub_script import Messages


@register
@dataclass(frozen=True)
class Circular(Scale):
    """Whole numbers from 0 that begin again after the last, e.g. ``Circular(24)`` for the hours of a day.

    Args:
        period: How many there are.
        anchors: What some of them mean.
    """

    kind: ClassVar[str] = "circular"
    period: int
    anchors: Mapping[Any, str] = FrozenDict()

    def __post_init__(self) -> None:
        """Check what was given."""
        if type(self.period) is not int or self.period < 2:
            raise InputError(f"the period is {self.period}", cure="Give a whole number of at least 2.")
        self._set_anchors(self.anchors)

    @property
    def levels(self) -> tuple[Label, ...]:
        """The numbers from 0."""
        return tuple(range(self.period))

    def distance(self, a: Label, b: Label) -> float:
        """Return how many steps apart two labels are, the shorter way round."""
        apart = super().distance(a, b)
        return min(apart, self.period - apart)

    def to_dict(self) -> dict[str, Any]:
        """Return ``{"type": "circular", "period": ...}`` and the anchors."""
        return {"type": "circular", "period": self.period, **self._anchors_to_dict()}

    @classmethod
    def from_words(cls, words: str) -> dict[str, Any] | None:
        """Read e.g. ``24``."""
        return {"period": int(words)} if words.isdecimal() else None

    def _in_words(self, *, descending: bool) -> str:
        first, last = (self.period - 1, 0) if descending else (0, self.period - 1)
        return f"a whole number from {first} round to {last}, which is next to {first}"

    def _find(self, value: Any) -> Label | None:
        number = as_number(value)
        return int(number) if number is not None and number in self._ranks else None


HOURS = Circular(24, {0: "midnight", 12: "noon"})
RULE = "Mind the bells."


def hour(number: int) -> int:
    """Return at which hour a story is told: most of them about midnight, on both sides of it."""
    return (number * 7 % 9 + 20) % 24


@dataclass(frozen=True)
class HourModels:
    """All models of a task about hours, as a stub server's answer: teacher, rater and writer."""

    def __call__(self, messages: Messages, index: int, seed: int | None) -> str:
        """Answer as whoever is asked."""
        first, last = str(messages[0]["content"]), str(messages[-1]["content"])
        if first.startswith("Below are the notes that an annotator made"):
            return first.partition("# Notes")[2].strip()
        if first.startswith("You improve the guideline"):
            return sent(f"1. {RULE} [1]", f"### 0\n- {RULE} [2]")
        found = re.search(r"story (\d+) ", last)
        assert found is not None, f"unforeseen: {last}"
        number = int(found[1])
        if "As the teacher" in first or RULE in first:
            return f"Reason: {RULE} They ring late in story {number}.\nLabel: {hour(number)}"
        return f"Reason: so.\nLabel: {(hour(number) + 1) % 24}"


def write_hours(folder: Path, url: str) -> Path:
    """Write a task file and its data, and return the file's path."""
    rows = "".join(f"story {number} is told,{who},{hour(number)}\n" for number in range(80) for who in ("ana", "ben"))
    (folder / "stories.csv").write_text(f"text,who,hour\n{rows}", encoding="utf-8")
    path = folder / "task.yaml"
    path.write_text(
        f"""\
name: hours
data: {{path: stories.csv, fields: [text], label: hour, annotator: who}}
scale: {{type: circular, period: 24, anchors: {{0: midnight, 12: noon}}}}
guideline: "At which hour is it told?"
teacher_guideline: "As the teacher, say at which hour it is told."
student: openai/student
teacher: teacher
teacher_api_base: {url}
split: {{dev: 30, test: 20, seed: 0}}
sampling: {{samples: 2, stop: first}}
distill: {{writer: writer, writer_api_base: {url}, accept: not_worse, ablate: 0}}
""",
        encoding="utf-8",
    )
    return path
