"""The embedder that a task file names for the guideline."""

from pathlib import Path

import pytest

from accord.app.task.job import job_of
from accord.app.task.task import Task
from accord.data import SetupError
from worlds.embedding_server import EmbeddingServer

TASK = """\
name: stars
data: {path: items.csv, fields: [text], label: label}
scale: {type: ordinal, low: 1, high: 5}
student: openai/gpt-4o-mini
distill: {mode: extractive, EMBEDDER}
"""
LIMITS = {"usd": None, "tokens": None, "calls": None, "minutes": None}


def _task(folder: Path, embedder: str) -> Task:
    words = "red green blue pink grey black white brown amber teal".split()
    rows = "".join(f"the {words[n % 10]} {words[n // 10]} house number {n},{n % 5 + 1}\n" for n in range(60))
    (folder / "items.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    (folder / "task.yaml").write_text(TASK.replace("EMBEDDER", embedder), encoding="utf-8")
    return Task.load(folder / "task.yaml")


def test_it_is_asked_for_a_vector_before_any_trace_is_drawn(tmp_path: Path) -> None:
    with EmbeddingServer() as server:
        named = f"embedder: openai/letters, embedder_api_base: {server.url}"
        job_of(_task(tmp_path, named), "guideline", limits=LIMITS)
        assert [asked["model"] for asked in server.asked] == ["letters"]
        job_of(_task(tmp_path, named), "weights", limits=LIMITS)
        assert len(server.asked) == 1, "weights need no embedder"


def test_one_that_is_missing_stops_the_job_before_anything_is_paid(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="there is no folder") as caught:
        job_of(_task(tmp_path, "embedder: local/minilm"), "guideline", limits=LIMITS)
    assert str(tmp_path / "minilm") in str(caught.value)
