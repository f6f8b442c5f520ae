"""What a task's job refuses before anybody is asked for a trace."""

from pathlib import Path

import pytest

from accord.app.task.job import job_of
from accord.app.task.task import Task
from accord.data import SetupError

TASK = """\
name: stars
data: {path: items.csv, fields: [text], label: label}
scale: {type: ordinal, low: 1, high: 5}
student: openai/gpt-4o-mini
"""
LIMITS = {"usd": None, "tokens": None, "calls": None, "minutes": None}


@pytest.mark.parametrize(
    ("section", "into", "said"),
    [
        ("distill: {mode: two_stage}", "guideline", "needs a writer"),
        ("distill: {mode: checklist, cases_per_level: 2}", "guideline", "a checklist goes without worked cases"),
        ("weights: {accelerate_config: fsdp}", "weights", "a configuration of accelerate without it"),
    ],
)
def test_a_compiler_that_cannot_be_is_refused_before_traces_are_paid_for(tmp_path: Path, section, into, said) -> None:
    words = "red green blue pink grey black white brown amber teal".split()
    rows = "".join(f"the {words[n % 10]} {words[n // 10]} house number {n},{n % 5 + 1}\n" for n in range(60))
    (tmp_path / "items.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    (tmp_path / "task.yaml").write_text(f"{TASK}{section}\n", encoding="utf-8")
    with pytest.raises(SetupError, match=said):
        job_of(Task.load(tmp_path / "task.yaml"), into, limits=LIMITS)
