"""A scale that Accord does not know goes the whole way: a task file in, a rater, a page and a server out."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import dspy
import pytest
from typer.testing import CliRunner

from accord.app.commands.main import app
from accord.app.compile.run import run_job
from accord.app.console import Console
from accord.app.report.run_contents import read_run
from accord.app.scale_option import scale_of_words
from accord.app.task.job import job_of
from accord.app.task.task import Task
from accord.data import Journal, agreement
from accord.programs import Prompt, Rater, scripted_lm
from worlds.circular_scale import HOURS, RULE, HourModels, hour, write_hours
from worlds.service_client import served
from worlds.stub_script import Behaviour
from worlds.stub_server import StubServer

METRICS = ["alpha", "kappa", "accuracy"]
"""What is measured on it: what takes numbers on a line has no meaning on a circle."""


def accord(*words: str) -> str:
    done = CliRunner().invoke(app, list(words))
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the run of a compile, beside its task file."""
    folder = tmp_path_factory.mktemp("hours")
    run = folder / "run"
    run.mkdir()
    with StubServer(Behaviour(answer=HourModels())) as server, Journal(folder / "journal.sqlite") as journal:
        task = write_hours(folder, server.url)
        assert "100 % of the items get a trace" in accord(
            "compile", str(task), "--dry-run", "--run", str(folder / "dry")
        )
        job = job_of(Task.load(task), "guideline", limits={})
        # Only the student would be asked by LiteLLM, which leaves its connections open.
        run_job(replace(job, student=job.student.variant(lm=student())), run=run, journal=journal, console=Console())
    return run


def student() -> dspy.LM:
    def script(prompt: Prompt, draw: int) -> str:
        return HourModels()([{"role": turn.role, "content": turn.content} for turn in prompt.turns], draw, None)

    return scripted_lm(script)


def rater_of(run: Path) -> Rater:
    return Rater.load(run / "rater", lm=student())


def test_the_compile_measures_by_the_distance_round_the_circle(run: Path) -> None:
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert report["scale"] == HOURS.to_dict()
    rows: dict[str, Any] = {row["name"]: row["metrics"] for row in report["raters"]}
    assert all(list(metrics) == METRICS for metrics in rows.values())
    assert rows[report["chosen"]]["alpha"]["value"] == 1 and rater_of(run).scale == HOURS
    items = read_run(run).items
    labels, golds = (
        [HOURS.read(item.said["zero-shot"].label) for item in items],
        [HOURS.read(one.gold) for one in items],
    )
    expected = agreement(labels, golds, HOURS, resamples=0).metrics["alpha"].value
    # Never right and an hour late: across midnight too, that is near the truth.
    assert rows["zero-shot"]["accuracy"]["value"] == 0
    assert rows["zero-shot"]["alpha"]["value"] == pytest.approx(expected) and expected is not None and expected > 0.8
    assert RULE in (run / "rater" / "guideline.md").read_text(encoding="utf-8")
    assert f"{HOURS.describe()} (circular scale)" in (run / "rater" / "CARD.md").read_text(encoding="utf-8")


def test_its_page_says_what_a_label_is(run: Path) -> None:
    accord("report", str(run))
    page = (run / "report.html").read_text(encoding="utf-8")
    assert f"A label is {HOURS.describe()} (circular scale)." in page


def test_ready_made_ratings_are_evaluated_on_it(run: Path, tmp_path: Path) -> None:
    data = tmp_path / "hours.csv"
    rows = "".join(f"story {n} is told,{hour(n)},{(hour(n) + 1) % 24}\n" for n in range(40))
    data.write_text(f"text,hour,late\n{rows}", encoding="utf-8")
    options = ["--field", "text", "--label", "hour", "--ratings", "late", "--resamples", "50", "--json"]
    for scale in ("circular:24", json.dumps(HOURS.to_dict()), str(run.parent / "task.yaml")):
        (found,) = json.loads(accord("evaluate", str(data), *options, "--scale", scale))["raters"]
        assert list(found["metrics"]) == METRICS
        assert found["metrics"]["accuracy"]["value"] == 0 and found["metrics"]["alpha"]["value"] > 0.8
    assert scale_of_words(str(run.parent / "task.yaml")).raw == HOURS


def test_its_rater_is_served(run: Path) -> None:
    with served(rater_of(run)) as client:
        late, early = client.rate({"text": "story 5 is told"}, {"text": "story 3 is told"})
        assert (late["label"], early["label"], late["score"]) == (hour(5), hour(3), None)
        _, schema, _ = client.ask("/openapi.json")
        assert json.dumps(list(range(24)))[1:-1] in json.dumps(schema)
