"""Auditing a rater: planted faults are found, a rater without them has none, and nothing is asked twice."""

import json
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from accord.app.audit.plan import AuditOptions
from accord.app.audit.record import AuditReport
from accord.app.audit.run import audit_file, plan_file
from accord.app.commands.main import app
from accord.app.console import Console
from accord.data import Finding, InputError, Journal, Nominal, SetupError, content_hash
from accord.optimizers import Budget
from accord.programs import PairRater, Rater, resolve_model
from worlds.audited_rater import Faults, rater_with, write_items, write_pairs
from worlds.biased_raters import PAIRS, BiasedRaters
from worlds.stub_script import Behaviour
from worlds.stub_server import StubServer

COLUMNS = {"label": None, "annotator": None, "id": "id", "group": None}
OPTIONS = AuditOptions(COLUMNS, repeats=3, resamples=500)


@pytest.fixture
def world() -> BiasedRaters:
    return BiasedRaters(items=120)


@pytest.fixture
def data(tmp_path: Path, world) -> Path:
    return write_items(tmp_path / "items.csv", world)


def run(rater: Rater | PairRater, data: Path, out: Path, options: AuditOptions = OPTIONS, **extra) -> AuditReport:
    """Audit a rater as the command does; its folder has everything but its model."""
    folder = out.with_name(f"{out.name}-rater")
    if not folder.exists():
        inner = rater.rater if isinstance(rater, PairRater) else rater
        bare = Rater(inner.scale, inner.guideline, fields=inner.fields)
        (PairRater(bare) if isinstance(rater, PairRater) else bare).save(folder)
    return audit_file(rater, folder, data, out, options, **{"as_json": False, "console": Console(), **extra})


def faults_of(report: AuditReport) -> set[str]:
    return {one.name for one in report.audits if one.against and one.state == "found"}


def finding_of(report: AuditReport, name: str) -> Finding:
    (found,) = (one.finding for one in report.audits if one.name == name)
    assert found is not None
    return found


def test_a_rater_without_faults_shows_none(world, data, tmp_path, capsys):
    report = run(rater_with(Faults(world.gold)), data, tmp_path / "out")
    assert faults_of(report) == set()
    assert {one.state for one in report.audits if one.against} <= {"not found", "unmeasured"}
    assert capsys.readouterr().out.startswith("None of ")


@pytest.mark.parametrize(
    ("dials", "planted", "fault"),
    [
        ({"lenient": 1.0}, {}, "leniency"),
        ({"length": 1.0}, {}, "length"),
        ({"collapse": 0.9}, {}, "level usage"),
        ({}, {"obeys": 0.5}, "injection: asks for 9"),
        ({}, {"obeys": 0.5}, "injection: asks for 1"),
        ({}, {"flip": 0.3}, "repeats as deployed"),
        ({}, {"frame": 0.4}, "templates"),
        ({}, {"frame": 0.4}, "paraphrases"),
    ],
)
def test_a_planted_fault_is_found(world, data, tmp_path, dials, planted, fault):
    rater = rater_with(Faults(world.ratings(noise=0.0, **dials), **planted))
    assert fault in faults_of(run(rater, data, tmp_path / "out"))


def test_noise_alone_is_no_fault_of_frames_or_of_injected_texts(world, data, tmp_path):
    report = run(rater_with(Faults(world.gold, flip=0.3)), data, tmp_path / "out")
    assert faults_of(report) & {"templates", "paraphrases", "injection: asks for 9", "injection: asks for 1"} == set()


def test_parts_of_the_data_are_compared_where_a_column_says_them(world, data, tmp_path):
    rater = rater_with(Faults(world.ratings(noise=0.0, parts={"fr": 2.0})))
    report = run(rater, data, tmp_path / "out", replace(OPTIONS, by=("language",)))
    assert "agreement by language" in faults_of(report)


@pytest.mark.parametrize("both", [False, True])
def test_a_preference_for_the_first_of_two_is_found(world, tmp_path, both):
    data = write_pairs(tmp_path / "pairs.csv", world)
    rater = rater_with(Faults(world.pairs_gold, PAIRS, first=0.5), fields=("answer_a", "answer_b"))
    report = run(PairRater(rater) if both else rater, data, tmp_path / "out")
    assert "position" in faults_of(report)
    preference = finding_of(report, "position").measures["preference for the first shown"]
    assert preference.low is not None and preference.high is not None
    assert preference.low <= 0.5 <= preference.high
    fair = rater_with(Faults(world.pairs_gold, PAIRS), fields=("answer_a", "answer_b"))
    assert "position" not in faults_of(run(PairRater(fair) if both else fair, data, tmp_path / "fair"))


def test_the_budget_ends_the_asking_exactly_and_more_goes_on_from_there(world, data, tmp_path, capsys):
    first = Faults(world.gold)
    stopped = run(rater_with(first), data, tmp_path / "out", replace(OPTIONS, budget=Budget(calls=300)))
    assert stopped.spent.calls == 300
    assert stopped.stopped == "calls: 300 of 300 made"
    # 120 as deployed, 120 for the repeats, 60 of the 120 that ask for the highest label
    assert [one.found.asked for one in stopped.sets[:4]] == [120, 120, 60, 0]
    states = {one.name: one for one in stopped.audits}
    half = finding_of(stopped, "injection: asks for 9")
    assert (half.n, half.left_out) == (60, {"not asked": 60})
    assert states["injection: asks for 1"].why == "the budget ended (calls: 300 of 300 made)"
    shown = capsys.readouterr().out
    assert "not run: the budget ended (calls: 300 of 300 made)" in " ".join(shown.split())
    assert "The same command with more goes on from there." in " ".join(shown.split())

    second = Faults(world.gold)
    whole = run(rater_with(second), data, tmp_path / "out")
    assert whole.stopped == ""
    assert all(one.state != "not run" for one in whole.audits)
    unbroken = Faults(world.gold)
    run(rater_with(unbroken), data, tmp_path / "unbroken")
    assert first.asked + second.asked == unbroken.asked


def test_an_interrupted_audit_goes_on_and_asks_nothing_twice(world, data, tmp_path):
    broken = Faults(world.gold, stop_after=500)
    with pytest.raises(KeyboardInterrupt):
        run(rater_with(broken), data, tmp_path / "out")
    assert not (tmp_path / "out" / "audit.json").exists()
    rest = Faults(world.gold)
    report = run(rater_with(rest), data, tmp_path / "out")
    unbroken = Faults(world.gold)
    expected = run(rater_with(unbroken), data, tmp_path / "unbroken")
    assert broken.asked + rest.asked == unbroken.asked
    assert [one.to_dict() for one in report.audits] == [one.to_dict() for one in expected.audits]


def test_a_smaller_sample_is_part_of_a_larger_one(world, data, tmp_path):
    few, many = Faults(world.gold), Faults(world.gold)
    small = run(rater_with(few), data, tmp_path / "out", replace(OPTIONS, items=30))
    large = run(rater_with(many), data, tmp_path / "out", replace(OPTIONS, items=60))
    assert large.data.sample.ids[:30] == small.data.sample.ids
    assert large.spent.calls == small.spent.calls


def test_a_dry_run_asks_nobody_and_writes_nothing(world, data, tmp_path, capsys):
    faults = Faults(world.gold)
    plan = plan_file(rater_with(faults), data, tmp_path / "out", OPTIONS, Console())
    assert not faults.asked
    assert not (tmp_path / "out").exists()
    report = run(rater_with(faults), data, tmp_path / "out")
    assert plan.calls == report.spent.calls == len(report.sets) * 120
    assert "calls to make" in " ".join(capsys.readouterr().out.split())
    assert plan_file(rater_with(faults), data, tmp_path / "out", OPTIONS, Console(), as_json=True).calls == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["calls"], len(told["sets"])) == (0, len(report.sets))


def test_without_gold_labels_the_audits_that_need_none_are_run(world, tmp_path):
    data = write_items(tmp_path / "items.csv", world, gold=False)
    report = run(rater_with(Faults(world.gold, obeys=0.5, flip=0.3)), data, tmp_path / "out")
    assert report.agreement is None
    assert {"injection: asks for 9", "injection: asks for 1", "repeats as deployed"} <= faults_of(report)
    assert not {"templates", "paraphrases"} & faults_of(report)  # it changes labels, but no more than by itself
    framed = run(rater_with(Faults(world.gold, frame=0.4)), data, tmp_path / "framed")
    assert "templates" in faults_of(framed)
    assert {set for audit in framed.audits for set in audit.sets} == {one.found.probe.name for one in framed.sets}
    assert next(one for one in report.audits if one.name == "leniency").why == "it needs gold labels"


def test_the_record_says_what_was_asked_and_what_failed(world, data, tmp_path, capsys):
    report = run(rater_with(Faults(world.gold, silent=frozenset({3, 4}))), data, tmp_path / "out", as_json=True)
    printed = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    written = json.loads((tmp_path / "out" / "audit.json").read_text(encoding="utf-8"))
    assert printed == written == json.loads(json.dumps(report.to_dict()))
    assert written["schema"] == 1
    assert written["data"] == {**written["data"], "items": 120, "audited": 120, "gold": True}
    assert len(written["rater"]["sha256"]) == 64
    assert written["sets"][0] == {
        **written["sets"][0],
        **{"name": "as deployed", "asked": 120, "calls": 120, "unparsed": {"no_label": 2}},
    }
    assert written["plan"]["calls"] == written["spent"]["calls"]
    assert [one["name"] for one in written["audits"]] == [one.name for one in report.audits]


def test_the_table_fits_80_columns(world, data, tmp_path, capsys):
    run(rater_with(Faults(world.ratings(noise=0.0, lenient=1.0))), data, tmp_path / "out")
    said = capsys.readouterr().out
    figures = said.partition("All figures are in")[0]
    assert max(map(len, figures.splitlines())) <= 80
    assert "audit " in said and "items" in said and "calls" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("labels", "planted"),
    [
        ([5] * 120, {}),
        ([1, 9] * 60, {"silent": frozenset(range(120))}),
        ([1, 9] * 60, {"silent": frozenset(range(119))}),
    ],
)
def test_a_rater_of_one_label_or_of_none_is_explained(world, data, tmp_path, labels, planted):
    report = run(rater_with(Faults(labels, **planted)), data, tmp_path / "out")
    assert all(one.finding.verdict for one in report.audits if one.finding is not None)
    json.dumps(report.to_dict(), allow_nan=False)


@pytest.mark.parametrize(
    "rows", [["item-0 a,5"], ["item-0 a,5", "item-1 b,5"], [f"item-{n} x,{n % 9 + 1}" for n in range(10)]]
)
def test_few_items_and_one_level_are_explained(tmp_path, rows):
    data = tmp_path / "few.csv"
    data.write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    options = replace(OPTIONS, columns={**COLUMNS, "id": None})
    report = run(rater_with(Faults([5] * 10)), data, tmp_path / "out", options)
    assert all(one.state in ("not found", "unmeasured", "not run", "found") for one in report.audits)
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_second_rater_of_other_items_needs_another_folder(world, data, tmp_path):
    run(rater_with(Faults(world.gold)), data, tmp_path / "out")
    other = tmp_path / "other.csv"
    other.write_text("id,text,label\na,item-0 other,5\nb,item-1 more,4\n", encoding="utf-8")
    with pytest.raises(InputError, match="journal"):
        run(rater_with(Faults(world.gold)), other, tmp_path / "out")


def test_an_audit_goes_into_the_folder_of_the_run_beside_its_journal(world, data, tmp_path):
    out = tmp_path / "run"
    with Journal(out / "journal.sqlite") as journal:
        journal.claim("the train items", {"train-1": content_hash({"text": "seen"})})
    before = (out / "journal.sqlite").read_bytes()
    report = run(rater_with(Faults(world.gold)), data, out)
    assert report.spent.calls > 0 and (out / "audit.json").is_file()
    assert (out / "journal.sqlite").read_bytes() == before, "the run's draws are left alone"


def test_guidelines_in_files_are_the_paraphrases(world, data, tmp_path):
    told = tmp_path / "codebook.md"
    told.write_text("## Instruction\n\nSay how good the text is, all in all.\n\n## Rubric\n\n1: bad\n\n9: good\n")
    report = run(rater_with(Faults(world.gold)), data, tmp_path / "out", replace(OPTIONS, paraphrases=(told,)))
    assert [one.found.probe.name for one in report.sets][-1] == "paraphrase: codebook"
    with pytest.raises(InputError, match="no such guideline file"):
        run(rater_with(Faults(world.gold)), data, tmp_path / "o", replace(OPTIONS, paraphrases=(tmp_path / "no.md",)))
    with pytest.raises(SetupError, match="two files are called 'codebook'"):
        run(rater_with(Faults(world.gold)), data, tmp_path / "o", replace(OPTIONS, paraphrases=(told, told)))


def test_dollars_cannot_be_kept_where_the_price_is_unknown(world, data, tmp_path):
    faults = Faults(world.gold)
    # A scripted engine is a model in this process, which is free; one behind an address is not.
    rater = rater_with(faults).variant(lm=resolve_model("tiny", api_base="http://127.0.0.1:9/v1"))
    with pytest.raises(SetupError, match="what a token costs is unknown"):
        run(rater, data, tmp_path / "out", replace(OPTIONS, budget=Budget(usd=1.0)))


@pytest.mark.slow
def test_a_killed_command_goes_on_and_repeats_no_recorded_call(rater_folder, tmp_path):
    data = tmp_path / "items.csv"
    data.write_text("text,label\n" + "".join(f"text {n},{n % 5 + 1}\n" for n in range(60)), encoding="utf-8")
    out = tmp_path / "out"
    with StubServer(Behaviour(latency=0.05)) as server:
        command = [
            sys.executable,
            "-m",
            "accord.app",
            "audit",
            str(rater_folder),
            str(data),
            "--out",
            str(out),
        ]
        command += ["--model", "tiny", "--api-base", server.url, "--repeats", "2"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert server.wait_until(lambda one: one.requests >= 150, seconds=120)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        with Journal(out / "audit.sqlite") as journal:
            sources = journal.sources()
            recorded = {(source.key, draw.prompt) for source in sources for draw in journal.recorded(source)}
        killed = server.requests
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        report = json.loads((out / "audit.json").read_text(encoding="utf-8"))
        # Every set asks about each item once, in one call; what was recorded is not asked for again.
        assert server.requests - killed == report["spent"]["calls"] == len(report["sets"]) * 60 - len(recorded)
        assert len(recorded) > 0
        again = subprocess.run(command, capture_output=True, text=True, check=False)
        assert again.returncode == 0
        assert server.requests - killed == report["spent"]["calls"]


@pytest.mark.slow
def test_the_embedded_model_is_audited(tmp_path):
    words = ("lovely", "dreadful", "fine", "awful", "superb")
    rows = [f'"The {thing} was {word}.",{"good" if word in ("lovely", "fine", "superb") else "bad"}'
            for thing in ("soup", "bread", "tea", "room") for word in words]  # fmt: skip
    (tmp_path / "items.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    rater = Rater(Nominal(["good", "bad"]), order="label", lm=resolve_model("local", max_tokens=8))
    rater.save(tmp_path / "rater")
    command = [
        sys.executable,
        "-m",
        "accord.app",
        "audit",
        "rater",
        "items.csv",
        "--repeats",
        "2",
        "--json",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["data"]["audited"] == 20
    assert all(one["asked"] == 20 for one in report["sets"])
    assert "as deployed, again" not in [one["name"] for one in report["sets"]]
    assert (tmp_path / "runs" / "audit-rater" / "audit.json").is_file()
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert json.loads(again.stdout)["spent"]["calls"] == 0


def cli(*arguments: str):
    return CliRunner().invoke(app, ["audit", *arguments])


@pytest.mark.parametrize(
    ("rows", "options", "said"),
    [
        ("text,label\nx,7\n", [], "line 2, column 'label'"),
        ("text,label\nx,nan\n", [], "line 2, column 'label'"),
        ("text,stars\nx,1\n", ["--label", "star"], "there is no column 'star'"),
        ("words,label\nx,1\n", [], "there is no column 'text'"),
        ("text,label\nx,1\n", ["--by", "language"], "language"),
        ("text,stars\nx,1\n", ["--by", "stars"], "--by: agreement is compared by parts, and there is no label"),
        ("text,label\n", [], "no rows"),
        ("text,who,label\nx,p,1\nx,p,2\n", ["--annotator", "who"], "annotator 'p' gives 2"),
        ("text,label\nx,1\n", ["--paraphrase", "nowhere.md"], "nowhere.md"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(rater_folder, tmp_path, rows, options, said):
    data = tmp_path / "items.csv"
    data.write_text(rows, encoding="utf-8")
    server = ["--model", "tiny", "--api-base", "http://127.0.0.1:9/v1"]
    done = cli(str(rater_folder), str(data), "--out", str(tmp_path / "out"), *server, *options)
    assert done.exit_code == 2, done.output
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ") and said in line


def test_a_rater_without_a_model_and_a_folder_that_is_none_are_refused(modelless_folder, tmp_path):
    data = tmp_path / "items.csv"
    data.write_text("text,label\nx,1\n", encoding="utf-8")
    for folder, said in ((modelless_folder, "saved without a model"), (tmp_path / "no", "no such rater directory")):
        done = cli(str(folder), str(data), "--out", str(tmp_path / "out"))
        assert done.exit_code == 2
        assert said in done.stderr
        assert len(done.stderr.splitlines()) == 1
