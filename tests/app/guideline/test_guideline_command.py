"""What ``accord guideline`` prints and does."""

import re
from dataclasses import replace
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from accord.app.commands.main import app
from accord.app.compile.run import run_job
from accord.app.console import Console
from accord.app.guideline.command import diff, explain_rule, roll_back, show_guideline
from accord.app.task.job import Job
from accord.data import Corpus, InputError, Journal, Ordinal
from accord.optimizers import DistillGuideline, Exhaust, GuidelineVersions, RuleRecord
from accord.programs import Guideline, Progress, Prompt, Rater, rules_of, scripted_lm

FIRST = Guideline("Read it.\n\nThen rate it.", "### 1\n- Rude.")
SECOND = Guideline("Read it.", "### 1\n- Rude to the reader.\n- It threatens.")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run whose guideline was distilled once."""
    versions = GuidelineVersions(tmp_path / "guidelines")
    versions.add(FIRST, "given")
    effect = {"metric": "alpha", "value": 0.1234, "low": 0.02, "high": 0.2, "n": 30}
    rules = [
        RuleRecord.of(rules_of(SECOND)[1], "writer", [f"i{number}" for number in range(7)]),
        RuleRecord(
            rules_of(SECOND)[2].id, "rubric", "1", "It threatens.", "writer", ("i3",), False, ("i9",), effect
        ),
    ]  # fmt: skip
    versions.add(SECOND, "distilled", rules, "rubric was chosen")
    rows = [{"item_id": f"i{number}", "rationale": f"The writer of item {number} is rude."} for number in range(7)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "traces.parquet")
    rater = Rater(Ordinal(1, 2), SECOND, lm=scripted_lm(lambda prompt, draw: "Label: 1"))
    rater.provenance = {"rules": [rule.to_dict() for rule in rules]}
    rater.save(tmp_path / "rater")
    return tmp_path


def test_show_lists_rules_and_versions(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_guideline(run, Console())
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 80
    assert said.startswith(f"Guideline {SECOND.hash[:12]}: 3 rules, 0 cases.\n")
    rude, threatens = rules_of(SECOND)[1:]
    assert f"rubric, 1\n  {rude.id}  writer, 7 items\n            Rude to the reader.\n" in said
    assert f"  {threatens.id}  writer, 1 item, alpha +0.12 [+0.02, +0.20] on dev\n" in said
    assert f"* {SECOND.hash[:12]}  distilled" in said and f"  {FIRST.hash[:12]}  given" in said


def test_the_text_can_be_edited_and_compiled_again(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_guideline(run, Console(), markdown=True)
    assert Guideline.from_markdown(capsys.readouterr().out) == SECOND
    show_guideline(run, Console(), version=FIRST.hash[:5], markdown=True)
    assert Guideline.from_markdown(capsys.readouterr().out) == FIRST


def test_diff_says_what_was_added_dropped_and_changed_and_why(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    diff(run, Console())
    rude, threatens = rules_of(SECOND)[1:]
    assert capsys.readouterr().out == (
        f"From {FIRST.hash[:12]} to {SECOND.hash[:12]} (distilled):\n\n"
        "instruction\n"
        f"  dropped {rules_of(FIRST)[1].id}\n"
        "    - Then rate it.\n"
        "\n"
        "rubric, 1\n"
        f"  added {rude.id} (from 7 items)\n"
        "    + Rude to the reader.\n"
        f"  added {threatens.id} (from 1 item)\n"
        "    + It threatens.\n"
    ).replace("rubric, 1\n", f"rubric, 1\n  dropped {rules_of(FIRST)[2].id}\n    - Rude.\n", 1)


def test_explain_shows_what_a_rule_rests_on(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rude, threatens = rules_of(SECOND)[1:]
    explain_rule(run, rude.id[:6], Console())
    said = capsys.readouterr().out
    assert said.startswith("Rude to the reader.\n")
    assert (
        f"author      writer, since version {SECOND.hash[:12]}" in said
        and "brings      dev was not rated without it" in said
    )
    assert "rests on    7 items (cited by the writer)\n  i0: The writer of item 0 is rude." in said
    assert "  and 2 more" in said and "i5" not in said
    explain_rule(run, threatens.id, Console())
    said = capsys.readouterr().out
    assert "brings      alpha +0.12 [+0.02, +0.20] on dev" in said
    assert "against it  1 item where the like led to another label: i9" in said


def test_roll_back_gives_the_rater_the_earlier_guideline(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roll_back(run, FIRST.hash[:8], Console())
    assert "is the current version, and" in capsys.readouterr().out
    rater = Rater.load(run / "rater", lm=scripted_lm(lambda prompt, draw: "Label: 1"))
    assert rater.guideline == FIRST and GuidelineVersions(run / "guidelines").current == FIRST.hash
    assert rater.provenance["rolled_back"] == {"from": SECOND.hash, "to": FIRST.hash}
    with pytest.raises(InputError, match="is the current version"):
        roll_back(run, FIRST.hash, Console())


def test_a_rater_alone_can_be_shown_and_explained(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show_guideline(run / "rater", Console())
    assert "Versions" not in capsys.readouterr().out
    explain_rule(run / "rater", rules_of(SECOND)[1].id, Console())
    assert "since version" not in capsys.readouterr().out
    with pytest.raises(InputError, match="a rater keeps no earlier versions"):
        diff(run / "rater", Console())


def test_what_is_not_there_is_named(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no guideline is kept there"):
        show_guideline(tmp_path / "nowhere", Console())
    with pytest.raises(InputError, match="no rule 'zz'"):
        explain_rule(run, "zz", Console())
    with pytest.raises(InputError, match="is the first version"):
        diff(run, Console(), new=FIRST.hash)
    with pytest.raises(InputError, match="no version 'beef'"):
        roll_back(run, "beef", Console())


def test_the_command_line_has_all_four(run: Path) -> None:
    rule = rules_of(SECOND)[1].id
    for words in (["show"], ["show", "--markdown"], ["diff"], ["explain", rule], ["rollback", FIRST.hash[:8]]):
        command, *rest = words
        done = CliRunner().invoke(app, ["guideline", command, str(run), *rest])
        assert (done.exit_code, done.exception) == (0, None), done.output
    wrong = CliRunner().invoke(app, ["guideline", "rollback", str(run), "beef"])
    assert wrong.exit_code == 2 and wrong.stderr.startswith("error: ") and "Give one of: " in wrong.stderr


def _story(prompt: Prompt) -> int:
    found = re.search(r"story (\d+)", prompt.turns[-1].content)
    assert found is not None
    return int(found[1])


def _job(guideline: Guideline) -> Job:
    """A task whose student needs the sentences that its teacher says."""

    def teacher(prompt: Prompt, draw: int) -> str:
        return f"Reason: This story is of the kind {_story(prompt) % 2}.\nLabel: {_story(prompt) % 2 + 1}"

    def student(prompt: Prompt, draw: int) -> str:
        knows = "This story is of the kind" in prompt.turns[0].content
        return f"Label: {_story(prompt) % 2 + 1 if knows or _story(prompt) % 4 == 1 else 1}"

    records = [{"id": f"s{number}", "text": f"story {number} ", "label": number % 2 + 1} for number in range(80)]
    scale = Ordinal(1, 2)
    corpus = Corpus.from_records(records, fields=["text"], label="label", id="id", scale=scale)
    rater = Rater(scale, guideline, lm=scripted_lm(student))
    return Job(
        name="stories",
        splits=corpus.split(dev=30, test=20, seed=0),
        student=rater,
        teacher=rater.variant(lm=scripted_lm(teacher, model_id="teacher")),
        sampler={"samples": 2, "stop": Exhaust(), "seed": 0},
        make_compiler=lambda journal, run, progress: DistillGuideline(
            cases_per_level=0, ablate=0, journal=journal, known=GuidelineVersions(run / "guidelines").known_rules()
        ),
    )


def test_a_compile_keeps_versions_and_later_ones_keep_what_people_wrote(tmp_path: Path) -> None:
    told = Guideline("Rate the story.")

    def compiled(guideline: Guideline) -> Rater:
        with Journal(tmp_path / "journal.sqlite") as journal:
            run_job(_job(guideline), run=tmp_path, journal=journal, console=Console())
        return Rater.load(tmp_path / "rater", lm="openai/none")

    versions = GuidelineVersions(tmp_path / "guidelines")
    first = compiled(told).guideline
    assert [step.how for step in versions.history] == ["given", "distilled"]
    assert versions.guideline("") == first != told and versions.history[1].note.startswith(
        "rubric: alpha 1.00 on dev, +"
    )
    compiled(told)
    assert len(versions.history) == 2, "the same once more"
    edited = Guideline(first.instruction, first.rubric.replace("### 2\n", "### 2\n- Never mind the spelling.\n"))
    second = compiled(edited)
    assert [step.how for step in versions.history] == ["given", "distilled", "edited"]
    assert "- Never mind the spelling." in second.guideline.rubric
    diff(tmp_path, Console())
    assert {rule.text: rule.author for rule in versions.rules("")}["Never mind the spelling."] == "human"


def test_an_earlier_version_that_is_kept_again_is_the_current_one(tmp_path: Path) -> None:
    told = Guideline("Rate the story.")
    with Journal(tmp_path / "journal.sqlite") as journal:
        run_job(_job(told), run=tmp_path, journal=journal, console=Console())
        choosy = replace(  # cases alone bring nothing here
            _job(told), make_compiler=lambda journal, run, progress: DistillGuideline("cases", cases_per_level=1)
        )
        run_job(choosy, run=tmp_path, journal=journal, console=Console())
    versions = GuidelineVersions(tmp_path / "guidelines")
    assert [step.how for step in versions.history] == ["given", "distilled", "rolled_back"]
    assert versions.current == Rater.load(tmp_path / "rater", lm="openai/none").guideline.hash == told.hash
    assert versions.history[-1].note.startswith("original: alpha ")


def _told_again(folder: Path, guideline: Guideline, writer: str) -> Rater:
    """Compile the stories' task with a writer that always sends the same."""

    def script(prompt: Prompt, draw: int) -> str:
        asked = prompt.turns[0].content
        return asked.partition("# Notes")[2].strip() if asked.startswith("Below are the notes") else writer

    lm = scripted_lm(script, model_id=writer)

    def compiler(journal: Journal, run: Path, progress: Progress) -> DistillGuideline:
        known = GuidelineVersions(run / "guidelines").known_rules()
        return DistillGuideline(writer=lm, ablate=0, accept="not_worse", journal=journal, known=known)

    with Journal(folder / "journal.sqlite") as journal:
        job = replace(_job(guideline), make_compiler=compiler)
        run_job(job, run=folder, journal=journal, console=Console())
    return Rater.load(folder / "rater", lm="openai/none")


def test_an_edit_by_hand_is_shown_as_human_and_kept_by_two_later_distillations(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Markdown out, edited, compiled again; then two writers that each rewrite the rubric without what was edited."""

    def accord(*words: str) -> str:
        done = CliRunner().invoke(app, ["guideline", *words])
        assert (done.exit_code, done.exception) == (0, None), done.output
        return done.stdout

    def writes(rubric: str) -> str:
        return f"<guideline>\n## Instruction\n\nRate the story.\n\n## Rubric\n\n{rubric}\n</guideline>"

    versions = GuidelineVersions(tmp_path / "guidelines")
    # The student needs "This story is of the kind"; a rubric without it is worse, one with it is taken.
    _told_again(tmp_path, Guideline("Rate the story."), writes("### 1\n- This story is of the kind 1.\n- It is long."))
    assert versions.history[-1].how == "distilled"
    text = accord("show", str(tmp_path), "--markdown")
    edited = Guideline.from_markdown(
        text.replace("- It is long.", "- Never mind the spelling.") + "\n### 2\n- A kind word.\n"
    )
    # A writer that brings nothing: what was edited becomes a version of its own.
    _told_again(tmp_path, edited, "I cannot.")
    assert versions.history[-1].how == "edited" and versions.current == edited.hash
    shown = " ".join(accord("diff", str(tmp_path)).split())
    assert "(edited)" in shown and "dropped" in shown
    for rule in (rule for rule in rules_of(edited) if rule.text in ("Never mind the spelling.", "A kind word.")):
        assert f"added {rule.id} (human) + {rule.text}" in shown
    for number, rubric in enumerate(("### 1\n- This story is of the kind 0.", "### 2\n- This story is of the kind 9.")):
        # The guideline now holds a sentence that the student needs; without it the student is lost again.
        before = versions.guideline("")
        worse = Guideline(before.instruction, before.rubric.replace("This story is of the kind", "It is of kind"))
        rater = _told_again(tmp_path, worse, writes(rubric))
        assert versions.history[-1].how == "distilled" and len(versions.history) == 5 + 2 * number
        assert "- Never mind the spelling." in rater.guideline.rubric and "- A kind word." in rater.guideline.rubric
        assert "This story is of the kind" in rater.guideline.rubric
        listed = " ".join(accord("show", str(tmp_path)).split())
        for said in ("Never mind the spelling.", "A kind word."):
            (rule,) = [rule for rule in rules_of(rater.guideline) if rule.text == said]
            assert f"{rule.id} human {said}" in listed
            assert "author human" in " ".join(accord("explain", str(tmp_path), rule.id).split())
    capsys.readouterr()
