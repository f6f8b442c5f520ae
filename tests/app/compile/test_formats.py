"""Number formats from the front: a task file's key, what a command says of a rater from another machine, the report."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from accord.app.commands.main import app
from accord.app.results.machine import machine_of, machine_sentence
from accord.app.task.job import job_of
from accord.app.task.task import Task
from accord.data import InputError, Ordinal
from accord.programs import LocalEngine, Rater, format_readings, local_lm, resolve_model
from worlds.rated_reviews import reviews, write_lines
from worlds.tiny_model import make_tiny_model

pytest.importorskip("torch")

TASK = """
name: stars
data: {path: items.jsonl, fields: [text], label: labels, id: key}
scale: {type: ordinal, low: 1, high: 5}
student: local/MODEL
teacher: openai/none
weights: {base: local/MODEL}
"""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("model"), context=2048)


def load(folder: Path, model: Path, more: str = "") -> Task:
    write_lines(folder / "items.jsonl", reviews(24))
    (folder / "task.yaml").write_text(TASK.replace("MODEL", str(model)) + more, encoding="utf-8")
    return Task.load(folder / "task.yaml")


def test_the_key_of_a_task_reaches_every_model_in_this_process(tmp_path: Path, model: Path) -> None:
    job = job_of(load(tmp_path, model, "dtype: float32\n"), "weights", limits={})
    engine: Any = job.student.lm.engine
    assert engine.number_format.name == "float32" and engine.number_format.reason == "it was asked for"
    compiler: Any = job.make_compiler(None, tmp_path, None)  # type: ignore[arg-type]
    assert compiler.base.engine.dtype == "float32"
    assert job.teacher.lm.model == "openai/none"  # which is asked for no format
    left: Any = job_of(load(tmp_path, model), "weights", limits={}).student.lm.engine
    assert left.dtype is None


def test_a_key_that_is_no_format_names_line_and_cure(tmp_path: Path, model: Path) -> None:
    with pytest.raises(InputError, match=r"task.yaml.*dtype.*'half'.*Give bfloat16, float32 or float16"):
        load(tmp_path, model, "dtype: half\n")


@pytest.mark.parametrize("command", ["rate", "evaluate"])
def test_a_rater_that_was_proven_in_another_format_is_told_of_and_rates(
    command: str, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCORD_DTYPE", "float32")
    rater = Rater(Ordinal(1, 5), fields=("text",), lm=local_lm(LocalEngine(model, name="tiny"), max_tokens=4))
    half = rater.variant(lm=local_lm(LocalEngine(model, dtype="bfloat16"), max_tokens=4))
    rater.provenance = {"number_format": {"trained": "bfloat16", "readings": format_readings(half)}}
    rater.save(tmp_path / "stars")
    assert (
        "It was proven in bfloat16" not in (tmp_path / "stars" / "CARD.md").read_text()
    )  # it has no weights of its own
    data = write_lines(tmp_path / "d.jsonl", reviews(6))
    more = ["--out", str(tmp_path / "out.csv")] if command == "rate" else ["--label", "labels", "--resamples", "50"]
    done = CliRunner().invoke(app, [command, str(tmp_path / "stars"), str(data), "--id", "key", *more])
    assert done.exit_code == 0, done.output
    said = " ".join(done.stderr.split())
    assert "the rater was proven in bfloat16 and computes in float32 here: it decides" in said


def test_a_run_says_what_its_models_compute_in_unless_they_are_elsewhere(model: Path) -> None:
    rater = Rater(Ordinal(1, 5), fields=("text",), lm=local_lm(LocalEngine(model, dtype="float32")))
    machine = machine_of(rater)
    assert machine["number_format"] == "float32" and machine["cores"] >= 1
    assert machine_sentence(machine).startswith(
        "Models in this process compute in float32 (it was asked for), on up to "
    )
    assert machine_of(rater.variant(lm=resolve_model("openai/none"))) == {}
    assert machine_sentence({}) == ""
