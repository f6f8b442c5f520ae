"""Knows a task whose guideline leaves out what its traces say, and one server that plays teacher, rater and writer.

Stories of even number are rated 2, the others 1. The teacher says why; the rater knows only under a guideline that has
one of the teacher's sentences, and else guesses on every second story. What the writer sends is set by the test.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from worlds.stub_script import Messages

SAID = {1: "The plot breaks off in the middle of it.", 2: "The ending turns everything around with skill."}
_STORY = re.compile(r"story (\d+) ")

WriterReply = Callable[[str, int], str]
"""Gives what the writer sends, from the part that is asked for and the number of complaints so far."""


def sent(instruction: str = "", rubric: str = "") -> str:
    """Return a writer's reply with both parts."""
    return f"<guideline>\n## Instruction\n\n{instruction}\n\n## Rubric\n\n{rubric}\n</guideline>"


def good_writer(part: str, complaints: int) -> str:
    """Send an instruction without use, and the rubric that raters need."""
    return sent("1. Read it to the last line. [1]", f"### 1\n- {SAID[1]} [1]\n\n### 2\n- {SAID[2]} [2]")


@dataclass
class GuidelineModels:
    """All models of the task, as a stub server's answer.

    Attributes:
        writer: What the writer sends.
        never: Labels that the teacher never reaches.
        asked: The parts that the writer was asked for, with the complaints of each request.
    """

    writer: WriterReply = good_writer
    never: Sequence[int] = ()
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def __call__(self, messages: Messages, index: int, seed: int | None) -> str:
        """Answer as whoever is asked."""
        first, last = str(messages[0]["content"]), str(messages[-1]["content"])
        if first.startswith("Below are the notes that an annotator made"):
            return first.partition("# Notes")[2].strip()
        if first.startswith("You improve the guideline"):
            part = "instruction" if "Write a concrete procedure" in first else "rubric"
            complaints = tuple(str(one["content"]) for one in messages[2::2])
            self.asked.append((part, complaints))
            return self.writer(part, len(complaints))
        found = _STORY.search(last)
        assert found is not None, f"unforeseen: {last}"
        number = int(found[1])
        gold = 2 - number % 2
        if "As the teacher" in first:
            label = 3 - gold if gold in self.never else gold
            return f"Reason: {SAID[label]}\nLabel: {label}"
        knows = SAID[1] in first or SAID[2] in first
        return f"Reason: so.\nLabel: {gold if knows or number % 4 > 1 else 1}"


def write_task(folder: Path, url: str) -> Path:
    """Write the task file and its data (12 items of train and of dev, 8 of test), and return the file's path.

    Args:
        folder: Where they go; the guideline is in ``guideline.md``.
        url: The server's address.
    """
    rows = "".join(f"story {number} is told,{2 - number % 2}\n" for number in range(32))
    (folder / "stories.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    (folder / "guideline.md").write_text("Rate the story.", encoding="utf-8")
    path = folder / "task.yaml"
    path.write_text(
        f"""\
name: stories
data: {{path: stories.csv, fields: [text], label: label}}
scale: {{type: ordinal, low: 1, high: 2}}
guideline: guideline.md
teacher_guideline: "As the teacher, rate the story."
student: openai/student
teacher: teacher
teacher_api_base: {url}
split: {{dev: 12, test: 8, seed: 0}}
sampling: {{samples: 1, stop: first}}
distill:
  writer: writer
  writer_api_base: {url}
  about: {{dimension: telling, material: stories, others: [grammar]}}
  accept: not_worse
  ablate: 0
""",
        encoding="utf-8",
    )
    return path
