"""What a compile into a guideline says of its drafts: scores, refusals, what was skipped, what to be careful about."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from accord.app.commands.main import app
from accord.app.compile.run import run_job, show_report
from accord.app.console import Console
from accord.app.guideline.command import show_guideline as show_guideline
from accord.app.task.job import Job
from accord.data import Corpus, Journal, Ordinal
from accord.optimizers import DistillGuideline, Exhaust, GuidelineVersions, Subject
from accord.programs import Guideline, Prompt, Rater, scripted_lm
from worlds.guideline_task import SAID, GuidelineModels, sent, write_task
from worlds.stub_script import Behaviour
from worlds.stub_server import StubServer

SCALE = Ordinal(1, 2)
RUBRIC = f"### 1\n- {SAID[1]} [1]\n\n### 2\n- {SAID[2]} [2]"


@dataclass
class Outcome:
    """What came of a compile."""

    report: dict[str, Any]
    said: str
    warned: str
    rater: Rater
    folder: Path


def _compiled(
    folder: Path, capsys: pytest.CaptureFixture[str], models: GuidelineModels, *, dev: int = 40, **options: Any
) -> Outcome:
    """Compile the task of `worlds.guideline_task` in this process."""

    def script(prompt: Prompt, draw: int) -> str:
        return models([{"role": turn.role, "content": turn.content} for turn in prompt.turns], draw, None)

    told = options.pop("told", Guideline("Rate the story."))
    records = [
        {"id": f"s{number}", "text": f"story {number} is told", "label": 2 - number % 2} for number in range(60 + dev)
    ]
    corpus = Corpus.from_records(records, fields=["text"], label="label", id="id", scale=SCALE)
    rater = Rater(SCALE, told, lm=scripted_lm(script, model_id="student"))
    chosen = {"subject": Subject("telling", "stories", ("grammar",)), "ablate": 0, "resamples": 400, **options}
    writer = scripted_lm(script, model_id="writer")
    job = Job(
        name="stories",
        splits=corpus.split(dev=dev, test=20, seed=0),
        student=rater,
        teacher=rater.variant(guideline=Guideline("As the teacher, rate."), lm=scripted_lm(script, model_id="teacher")),
        sampler={"samples": 1, "stop": Exhaust(), "seed": 0},
        make_compiler=lambda journal, run, progress: DistillGuideline(
            writer=writer, journal=journal, known=GuidelineVersions(run / "guidelines").known_rules(), **chosen
        ),
    )
    console = Console()
    with Journal(folder / "journal.sqlite") as journal:
        report = run_job(job, run=folder, journal=journal, console=console)
    show_report(report, folder, console)
    shown = capsys.readouterr()
    document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return Outcome(document, shown.out, shown.err, Rater.load(folder / "rater", lm="openai/none"), folder)


def _rows(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in outcome.report["drafts"]}


def test_every_draft_says_what_it_scored_and_what_became_of_it(tmp_path: Path, capsys) -> None:
    found = _compiled(tmp_path, capsys, GuidelineModels())
    rows = _rows(found)
    assert {name: row["outcome"] for name, row in rows.items()} == {
        "rubric": "chosen", "both": "passed", "original": "replaced", "instruction": "refused",
    }  # fmt: skip
    assert rows["instruction"]["why"] == "no better than the original"
    assert rows["rubric"]["alpha"] == 1 and rows["rubric"]["difference"]["low"] > 0
    assert rows["rubric"]["difference"]["level"] == pytest.approx(1 - 0.05 / 3)
    (rubric,) = [one for one in found.report["candidates"] if one["name"] == "rubric"]
    assert rubric["details"]["outcome"] == "chosen" and rubric["details"]["difference"]["low"] > 0
    assert found.rater.provenance["drafts"] == found.report["drafts"]
    before, after = rows["original"]["tokens"], rows["rubric"]["tokens"]
    assert (before, after) == (4, found.rater.provenance["tokens"]) and after > before
    for said in (found.said, _shown(found, capsys)):
        assert "Drafts of the guideline on 40 dev items (alpha; intervals at 98.33 %):" in said
        assert "* rubric        1.00  +0." in said and "refused: no better than the" in said
        assert f"Tokens of the guideline: {before} before, {after} after." in said
        assert max(map(len, said.partition("Drafts of")[2].partition("Tokens of")[0].splitlines())) <= 80
    assert "rubric" in (found.folder / "report.html").read_text(encoding="utf-8")


def _shown(found: Outcome, capsys) -> str:
    show_guideline(found.folder, Console())
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ("Here is a better guideline: read it.", "there is no guideline between <guideline> and </guideline>"),
        ("<guideline></guideline>", "the part that was asked for is empty"),
        (sent("1. Rate it on a scale from 1 to 10.", "### 10\n- Superb."), "it speaks of 1 to 10, and the labels"),
        (sent("1. Look at its grammar.", "### 1\n- Bad grammar."), "it speaks of grammar"),
        (sent("word " * 9000, "word " * 9000), "tokens, and 2,000 are allowed; nothing in it can be left out"),
    ],
)  # fmt: skip
def test_what_the_writer_cannot_bring_is_skipped_with_the_reason(tmp_path: Path, capsys, reply: str, why: str) -> None:
    models = GuidelineModels(writer=lambda part, complaints: reply)
    found = _compiled(tmp_path, capsys, models)
    rows = _rows(found)
    assert [row["outcome"] for row in found.report["drafts"]] == ["kept", "skipped", "skipped", "skipped"]
    assert why in rows["instruction"]["why"] and found.rater.guideline == Guideline("Rate the story.")
    assert [len(complaints) for part, complaints in models.asked if part == "instruction"] == [0, 1]
    assert "The guideline stays as it was: no draft was let through (3 skipped)." in found.report["verdict"]
    words = " ".join(found.said.split())
    assert "skipped: " in words and all(word in words for word in why.split())


def test_a_writer_that_stays_too_long_loses_its_cheapest_rules(tmp_path: Path, capsys) -> None:
    criteria = "\n".join(
        f"- Point {number} is of little weight, and whoever is in a hurry may leave it out. [2]" for number in range(60)
    )
    models = GuidelineModels(writer=lambda part, complaints: sent("1. Read it.", f"{RUBRIC}\n{criteria}"))
    found = _compiled(tmp_path, capsys, models, max_tokens=300)
    assert any("tokens, and 300 are allowed" in said for _, complaints in models.asked for said in complaints)
    assert found.report["chosen"] == "rubric" and found.rater.provenance["tokens"] <= 300
    assert SAID[1] in found.rater.guideline.rubric and SAID[2] in found.rater.guideline.rubric
    gone = found.rater.provenance["left_out"]
    assert gone and all(one["text"].startswith("Point") and one["why"] == "rests on 20 items" for one in gone)
    assert found.rater.provenance["refused"] == {"too_long": 3}


def test_labels_without_enough_traces_are_named(tmp_path: Path, capsys) -> None:
    found = _compiled(tmp_path, capsys, GuidelineModels(never=(2,)), instruction_traces=3)
    for said in (
        "No trace has the label 2: the drafts rest on the traces of the other labels.",
        "The rubric was to rest on 50 traces of each label, and there are fewer: 20 of label 1.",
    ):
        assert said in found.report["verdict"] and f"warning: {said}" in found.warned and said in found.said
    assert not any("The instruction was to rest on" in said for said in found.report["verdict"])


def test_an_original_without_a_rubric_gets_one_and_one_with_a_rubric_alone_an_instruction(tmp_path, capsys) -> None:
    for name, told in (("bare", Guideline("Rate the story.")), ("rubric", Guideline("", "### 1\n- Bad."))):
        (tmp_path / name).mkdir()
        found = _compiled(tmp_path / name, capsys, GuidelineModels(), told=told)
        assert found.report["chosen"] == "rubric" and found.rater.guideline.instruction == told.instruction
        assert found.rater.guideline.rubric == RUBRIC.replace(" [1]", "").replace(" [2]", "")
        kept = [one for one in found.report["candidates"] if one["name"] == "instruction"]
        assert kept and kept[0]["details"]["outcome"] == "refused"


def test_on_less_than_30_dev_items_nothing_is_claimed(tmp_path: Path, capsys) -> None:
    found = _compiled(tmp_path, capsys, GuidelineModels(), dev=29)
    said = "Dev has 29 items, fewer than 30: what it says of the drafts is no claim."
    assert said in found.report["verdict"] and said in found.rater.provenance["warnings"]
    assert f"warning: {said}" in found.warned and said in found.said
    assert found.rater.provenance["dev"]["claim"] is False and found.report["chosen"] == "rubric"
    assert _rows(found)["rubric"]["why"] == "the highest alpha, on too few items (29) for a claim"
    assert "(no claim: 29" in " ".join(_shown(found, capsys).split())
    (tmp_path / "more").mkdir()
    more = _compiled(tmp_path / "more", capsys, GuidelineModels(), dev=30)
    assert more.rater.provenance["dev"]["claim"] is True and "no claim" not in more.said
    assert not any(said.startswith("Dev has") for said in more.report["verdict"])


def test_models_that_agree_more_and_are_less_right_are_warned_of(tmp_path: Path, capsys) -> None:
    def model(number_of_model: int):
        def script(prompt: Prompt, draw: int) -> str:
            text = prompt.turns[-1].content
            number = int(text.partition("story ")[2].split()[0])
            told = SAID[1] in prompt.turns[0].content
            gold = 2 - number % 2
            return f"Label: {3 - gold if told or (number // 2) % 3 == number_of_model else gold}"

        return scripted_lm(script, model_id=f"model {number_of_model}")

    found = _compiled(tmp_path, capsys, GuidelineModels(), raters=[model(0), model(1)])
    assert found.report["chosen"] == "original"
    (said,) = [one for one in found.report["verdict"] if one.startswith("With 'rubric', which was not chosen")]
    assert "the raters agree more with each other (alpha +" in said and "less with people (-" in said
    assert _rows(found)["rubric"]["why"] == "worse than the original"
    assert said in found.said


def _guideline(*words: str) -> str:
    done = CliRunner().invoke(app, ["guideline", *words])
    assert (done.exit_code, done.exception) == (0, None), done.output
    return done.stdout


@pytest.mark.slow
def test_the_command_line_says_all_of_it_and_keeps_what_people_wrote_into_it(tmp_path: Path) -> None:
    """Teacher, rater and writer behind one server, a dev of 12 items, and a writer that brings no instruction.

    Then markdown out, edited, compiled again: the diff calls the edit human, and two later distillations keep it.
    """
    run, own = tmp_path / "run", "Never mind the spelling."

    def writer(part: str, complaints: int) -> str:
        return "No idea." if part == "instruction" else sent("1. Read it.", RUBRIC)

    models = GuidelineModels(writer=writer)
    with StubServer(Behaviour(answer=models)) as server:
        task = write_task(tmp_path, server.url)
        gateway = {**os.environ, "OPENAI_API_BASE": server.url, "OPENAI_API_KEY": "none"}

        def compiled() -> subprocess.CompletedProcess[str]:
            # In a process of its own: LiteLLM leaves its connections open.
            words = ["compile", str(task), "--into", "guideline", "--run", str(run)]
            command = [sys.executable, "-m", "accord.app", *words]
            done = subprocess.run(command, capture_output=True, text=True, check=False, env=gateway)
            assert done.returncode == 0, done.stderr
            return done

        done = compiled()
        assert "warning: Dev has 12 items, fewer than 30: what it says of the drafts is no claim." in done.stderr
        for said in (done.stdout, _guideline("show", str(run))):
            words = " ".join(said.split())
            assert "skipped: there is no guideline between <guideline>" in words
            assert "Tokens of the guideline: 4 before" in words
        # The third request would be the second one once more, and its answer is in the journal.
        assert len([part for part, _ in models.asked if part == "instruction"]) == 2

        versions = GuidelineVersions(run / "guidelines")
        for number, new in enumerate((own, "It is good.")):
            text = _guideline("show", str(run), "--markdown")
            # What raters need goes, so that each distillation has something to bring back; the writer drops the rest.
            text = text.replace(SAID[2], new).replace(SAID[1], f"It is bad {number}.")
            assert own in text
            (tmp_path / "guideline.md").write_text(text, encoding="utf-8")
            compiled()
            assert [step.how for step in versions.history[-2:]] == ["edited", "distilled"]
            rubric = Guideline.from_markdown(run / "rater" / "guideline.md").rubric
            assert SAID[1] in rubric and SAID[2] in rubric and own in rubric
            before, edit = versions.history[-3].version, versions.history[-2].version
            assert f"(human) + {new}" in " ".join(_guideline("diff", str(run), before, edit).split())
            assert f"human {own}" in " ".join(_guideline("show", str(run)).split())
