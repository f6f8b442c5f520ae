"""A rater with a checklist at the front door: rated files, a served rater, its guideline's pages, a task file."""

import csv
from pathlib import Path

import pytest

from accord.app.console import Console
from accord.app.guideline.command import diff, explain_rule, roll_back, show_guideline
from accord.app.rate.rate import rate_file
from accord.app.task.job import job_of
from accord.app.task.task import Task
from accord.data import Journal, SetupError
from accord.optimizers import DistillGuideline, GuidelineVersions, RuleRecord
from accord.programs import Checklist, ChecklistQuestion, Guideline, Rater, Threshold, rules_of
from worlds.service_client import chat, served

LIST = Checklist(
    (ChecklistQuestion("Does it end?", "yes", "5"), ChecklistQuestion("Is it rude?", "no", "1")),
    (Threshold(0, "1"), Threshold(0.5, "3"), Threshold(1, "5")),
)
TOLD = Guideline("Rate it.", checklist=LIST)
RATIONALE = "1. Does it end? Yes\n2. Is it rude? Yes\nPassed 1 of 2."


def _says(text: str) -> str:
    return {"good": "1: yes\n2: no", "rude": "1: yes\n2: yes"}.get(text, "1: yes")


@pytest.fixture
def rater(make_rater) -> Rater:
    return make_rater(_says).variant(guideline=TOLD)


def test_a_rated_file_has_the_label_and_the_answers(rater: Rater, tmp_path: Path) -> None:
    items = tmp_path / "items.csv"
    items.write_text("key,text\nk1,good\nk2,rude\nk3,odd\n", encoding="utf-8")
    rate_file(rater, items, tmp_path / "out.csv", id="key", seed=0, console=Console())
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["label"], row["unparsed"]) for row in rows] == [("5", ""), ("3", ""), ("", "unanswered")]
    assert rows[1]["rationale"] == RATIONALE


def test_a_served_rater_gives_the_label_and_the_answers(rater: Rater) -> None:
    with served(rater) as client:
        good, rude, odd = client.rate({"text": "good"}, {"text": "rude"}, {"text": "odd"}, return_distribution=True)
        assert (good["label"], rude["label"], odd["label"]) == (5, 3, None)
        assert rude["rationale"] == RATIONALE and odd["unparsed"] == "unanswered"
        assert rude.get("distribution") is None
        _, body, _ = client.ask("/v1/chat/completions", chat("rude"))
        said = body["choices"][0]["message"]["content"]
        assert said == "Reason: 1. Does it end? Yes 2. Is it rude? Yes Passed 1 of 2.\nLabel: 3"
        _, body, _ = client.ask("/v1/chat/completions", chat("odd"))
        assert body["choices"][0]["message"]["content"] == "1: yes"


def test_its_questions_are_shown_explained_and_rolled_back(
    rater: Rater, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ends, rude = rules_of(TOLD)[1:]
    versions = GuidelineVersions(tmp_path / "guidelines")
    versions.add(Guideline("Rate it."), "given")
    versions.add(TOLD, "distilled", [RuleRecord.of(ends, "writer", ["i1", "i2"])], "checklist was chosen")
    rater.save(tmp_path / "rater")
    show_guideline(tmp_path, Console())
    said = capsys.readouterr().out
    assert f"checklist, 5\n  {ends.id}  writer, 2 items\n            [yes] Does it end?\n" in said
    assert "share of questions passed\n  from 0: 1\n  from 0.5: 3\n  from 1: 5\n" in said
    show_guideline(tmp_path, Console(), markdown=True)
    assert Guideline.from_markdown(capsys.readouterr().out) == TOLD
    diff(tmp_path, Console())
    said = capsys.readouterr().out
    assert f"checklist, 1\n  added {rude.id}\n    + [no] Is it rude?\n" in said
    assert "checklist, Share passed\n  added\n    + from 0: 1; from 0.5: 3; from 1: 5\n" in said
    explain_rule(tmp_path, ends.id[:6], Console())
    assert f"rule        {ends.id}, checklist, under '5'" in capsys.readouterr().out
    roll_back(tmp_path, Guideline("Rate it.").hash[:8], Console())
    assert Rater.load(tmp_path / "rater", lm=rater.lm).checklist is None


def _task(folder: Path, guideline: str) -> Task:
    (folder / "items.csv").write_text(
        "text,stars\n" + "".join(f"story {number},{number % 5 + 1}\n" for number in range(40)), encoding="utf-8"
    )
    (folder / "told.md").write_text(guideline, encoding="utf-8")
    (folder / "task.yaml").write_text(
        "name: stars\ndata: {path: items.csv, fields: [text], label: stars}\n"
        "scale: {type: ordinal, low: 1, high: 5}\nguideline: told.md\n"
        "student: openai/gpt-4o-mini\ndistill: {mode: checklist, critiques_per_level: 2}\n",
        encoding="utf-8",
    )
    return Task.load(folder / "task.yaml")


def test_a_task_file_asks_for_a_checklist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    job = job_of(_task(tmp_path, "Rate it."), "guideline", limits={})
    with Journal(tmp_path / "journal.sqlite") as journal:
        compiler = job.make_compiler(journal, tmp_path, lambda done, total, note: None)
    assert isinstance(compiler, DistillGuideline) and (compiler.mode, compiler.critiques_per_level) == ("checklist", 2)


def test_a_checklist_is_not_fine_tuned_and_says_so_before_traces_are_paid(tmp_path: Path) -> None:
    task = _task(tmp_path, TOLD.to_markdown())
    with pytest.raises(SetupError, match="writes no labels to be trained on") as raised:
        job_of(task, "weights", limits={})
    assert "Take '## Checklist' out" in str(raised.value)
