"""What an older Accord wrote is read today: the same draws, prompts, labels and figures (tests/fixtures)."""

import gzip
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from accord.app.commands.main import app
from accord.data import InputError, Journal, standing_choices
from accord.optimizers import GuidelineVersions
from accord.programs import PairRater, Rater, scripted_lm
from worlds import old_stories as stories
from worlds.stub_script import Behaviour
from worlds.stub_server import StubServer

WRITTEN = Path(__file__).parent / "fixtures" / "before_the_move"
EXPECTED = json.loads((WRITTEN / "expected.json").read_text(encoding="utf-8"))
"""What the old code itself read in it."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a copy of what was written, its SQLite files unpacked."""
    folder = Path(shutil.copytree(WRITTEN, tmp_path / "old"))
    for file in folder.rglob("*.sqlite.gz"):
        file.with_suffix("").write_bytes(gzip.decompress(file.read_bytes()))
        file.unlink()
    return folder


def as_json(record: Any) -> dict[str, Any]:
    return json.loads(json.dumps({name: getattr(record, name) for name in record.__dataclass_fields__}))


def read_journal(path: Path) -> dict[str, list[dict[str, Any]]]:
    with Journal(path) as journal:
        return {source.key: [as_json(draw) for draw in journal.recorded(source)] for source in journal.sources()}


def test_a_journal_has_the_same_draws(old: Path) -> None:
    path = old / "journal" / "journal.sqlite"
    assert read_journal(path) == EXPECTED["journal"]
    # And they are what was recorded then; a draw of no known prompt is there, too, as are hinted and repaired ones.
    given = {source.key: [as_json(draw) for draw in draws] for source, draws in stories.draws()}
    assert read_journal(path) == given and sum(map(len, given.values())) == 11
    with Journal(path) as journal:
        for source, draws in stories.draws():
            for draw in draws:
                assert draw in journal.draws(source, draw.prompt)
        journal.claim("stories", {"s00": "00" * 32})
        with pytest.raises(InputError, match="another content"):
            journal.claim("stories", {"s00": "01" * 32})


def test_a_journal_grows_as_if_nothing_had_happened(old: Path) -> None:
    path = old / "journal" / "journal.sqlite"
    (source, draws), _ = stories.draws()
    with Journal(path) as journal:
        journal.record(source, draws)
        assert len(journal) == 11, "what is recorded already stays as it is"


def test_a_draw_that_was_changed_is_seen(old: Path) -> None:
    path = old / "journal" / "journal.sqlite"
    database = sqlite3.connect(path)
    database.execute("UPDATE draws SET text = 'Reason: other' WHERE id = 1")
    database.commit()
    database.close()
    assert read_journal(path) != EXPECTED["journal"]


def test_a_rater_has_the_same_prompts_labels_and_figures(old: Path) -> None:
    folder = old / "raters" / "single"
    check_rater(Rater.load(folder), folder, stories.rater().provenance)
    rater = Rater.load(folder, lm=scripted_lm(stories.script))
    test = stories.corpus(stories.TEST)
    assert [rater.prompt(item.fields).bytes.decode() for item in test][:2] == EXPECTED["raters"]["single"]["prompts"]
    assert [rater.prompt(item.fields).sha256 for item in test] == EXPECTED["raters"]["single"]["hashes"]
    assert rater.rate(test).labels == EXPECTED["raters"]["single"]["labels"]
    assert rater.guideline == stories.rater().guideline
    for split, numbers in (("dev", stories.DEV), ("test", stories.TEST)):
        now = rater.agreement(stories.corpus(numbers)).to_dict()
        assert now == rater.measured[split].own.to_dict(), split
    assert Rater.load(folder).lm.kwargs["max_tokens"] == 77


def test_a_rater_of_pairs_has_the_same_prompts_labels_and_figures(old: Path) -> None:
    folder = old / "raters" / "pairs"
    check_rater(PairRater.load(folder), folder, {})
    pairs = PairRater.load(folder, lm=scripted_lm(stories.pair_script))
    test = stories.pairs(stories.TEST)
    said = [pairs.rater.prompt(item.fields) for item in test]
    assert [one.bytes.decode() for one in said][:2] == EXPECTED["raters"]["pairs"]["prompts"]
    assert [one.sha256 for one in said] == EXPECTED["raters"]["pairs"]["hashes"]
    assert pairs.rate(test).labels == EXPECTED["raters"]["pairs"]["labels"]
    assert pairs.agreement(test).to_dict() == pairs.measured["test"].own.to_dict()
    assert (pairs.pair, pairs.disagree) == (stories.pair_rater().pair, stories.pair_rater().disagree)


def check_rater(rater: Rater | PairRater, folder: Path, provenance: dict[str, Any]) -> None:
    """Check where it comes from, what was measured, and that saving it again changes not a byte."""
    inner = rater if isinstance(rater, Rater) else rater.rater
    assert inner.provenance == provenance
    written = json.loads((folder / "agreement.json").read_text(encoding="utf-8"))["splits"]
    assert {name: split.to_dict() for name, split in rater.measured.items()} == written and set(written) >= {"test"}
    again = folder.parent / "again" / folder.name
    rater.save(again)
    assert {file.name for file in again.iterdir()} == {file.name for file in folder.iterdir()}
    for file in folder.iterdir():
        assert without_version(again / file.name) == without_version(file), file.name


def without_version(file: Path) -> bytes:
    """Return a file's bytes; of a record without what a newer Accord writes otherwise, its version and the seal."""
    if file.name != "rater.json":
        return file.read_bytes()
    record = json.loads(file.read_text(encoding="utf-8"))
    assert {"accord", "sha256"} <= set(record)
    content = file.read_text(encoding="utf-8")
    for name in ("accord", "sha256"):
        told = f'"{name}": {json.dumps(record[name])}'
        assert content.count(told) == 1
        content = content.replace(told, "")
    return content.encode()


def test_choices_of_people_are_read(old: Path) -> None:
    found = [as_json(choice) for choice in standing_choices(old / "run" / "out" / "review.sqlite")]
    assert found == EXPECTED["run"]["choices"]
    assert sorted((one["reviewer"], one["kind"]) for one in found) == [
        *[("dora", "label"), ("dora", "rule"), ("dora", "trace"), ("dora", "trace")],
        *[("emil", "label"), ("emil", "trace"), ("emil", "trace"), ("emil", "trace")],
    ]


def test_the_rater_of_a_run_is_read(old: Path) -> None:
    folder = old / "run" / "out" / "rater"
    provenance = json.loads((folder / "rater.json").read_text(encoding="utf-8"))["provenance"]
    check_rater(Rater.load(folder), folder, provenance)
    rater = Rater.load(folder, lm=scripted_lm(stories.script))
    assert rater.rate(stories.corpus(stories.TEST)).labels == EXPECTED["run"]["labels"]
    versions = GuidelineVersions(old / "run" / "out" / "guidelines")
    assert versions.current == rater.guideline.hash


def figures(report: dict[str, Any]) -> dict[str, list[str]]:
    """Return what a page has to show, by section: agreement with its interval, differences, draws and choices."""

    def interval(found: dict[str, Any], value: str, sign: str = "") -> list[str]:
        return [f"{found[name]:{sign}.2f}" for name in (value, "low", "high")]

    raters = [number for row in report["raters"] for number in interval(row["metrics"]["alpha"], "value")]
    differences = [number for one in report["comparisons"] for number in interval(one, "difference", "+")]
    return {
        "agreement": raters + differences + [row["name"] for row in report["raters"]],
        "traces": [str(report["traces"][name]) for name in ("items", "draws", "unparsed", "explained")],
        "review": [str(report["review"]["traces"]["choices"]), *report["review"]["reviewers"]],
        "guideline": [f"{draft['alpha']:.2f}" for draft in report["drafts"]],
    }


def shown(run: Path) -> dict[str, str]:
    """Return what a reader sees of each section of the page that is made of a run today."""
    done = CliRunner().invoke(app, ["report", str(run)])
    assert done.exit_code == 0, done.output
    page = (run / "report.html").read_text(encoding="utf-8")
    page = re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.DOTALL)
    sections = re.findall(r'<section id="([a-z]+)"(.*?)</section>', page, re.DOTALL)
    return {
        name: " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u2212", "-").split())
        for name, body in sections
    }


def missing(run: Path, report: dict[str, Any]) -> list[str]:
    sections = shown(run)
    return [
        f"{name}: {figure}"
        for name, some in figures(report).items()
        for figure in some
        if re.search(rf"(?<![\d.]){re.escape(figure)}(?![\d]|\.\d)", sections[name]) is None
    ]


def test_the_page_of_an_old_run_shows_its_figures(old: Path) -> None:
    run = old / "run" / "out"
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    assert not missing(run, report)
    assert sum(map(len, figures(report).values())) > 60
    head = " ".join((run / "report.html").read_text(encoding="utf-8").split())
    assert all(sentence in unescape(head) for sentence in report["verdict"])


def _other_alpha(report: dict[str, Any]) -> None:
    report["raters"][0]["metrics"]["alpha"]["value"] = 0.1234


def _other_difference(report: dict[str, Any]) -> None:
    report["comparisons"][0]["low"] = -0.9876


def _other_draws(report: dict[str, Any]) -> None:
    report["traces"]["draws"] = 9876


@pytest.mark.parametrize("change", [_other_alpha, _other_difference, _other_draws])
def test_a_figure_that_the_page_lacks_is_seen(old: Path, change: Callable[[dict[str, Any]], None]) -> None:
    run = old / "run" / "out"
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    change(report)
    assert len(missing(run, report)) == 1


def test_traces_explain_the_rules_of_the_guideline(old: Path) -> None:
    run = old / "run" / "out"
    versions = GuidelineVersions(run / "guidelines")
    assert versions.current is not None
    rules = [rule for rule in versions.rules(versions.current) if rule.sources]
    traces = {row["item_id"] for row in pyarrow.parquet.read_table(run / "traces.parquet").to_pylist()}
    assert rules and all(set(rule.sources) <= traces for rule in rules)
    done = CliRunner().invoke(app, ["guideline", "explain", str(run), rules[0].id])
    assert done.exit_code == 0, done.output
    assert rules[0].text in done.output


@pytest.mark.slow
def test_an_old_run_goes_on_and_asks_nothing_again(old: Path) -> None:
    run = old / "run" / "out"
    before = json.loads((run / "report.json").read_text(encoding="utf-8"))
    counts = {key: len(draws) for key, draws in read_journal(run / "journal.sqlite").items()}
    assert counts == EXPECTED["run"]["draws"]
    with StubServer(Behaviour(answer=stories.answer)) as server:
        stories.write_task(run.parent, server.url)
        environment = {**os.environ, "OPENAI_API_BASE": server.url, "OPENAI_API_KEY": "none"}
        done = subprocess.run(
            [sys.executable, "-m", "accord.app", "compile", "task.yaml", "--into", "guideline", "--run", "out"],
            cwd=run.parent, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert server.stats().requests == 0, "every prompt is what it was, so all replies are in the journal"
    assert {key: len(draws) for key, draws in read_journal(run / "journal.sqlite").items()} == counts
    after = json.loads((run / "report.json").read_text(encoding="utf-8"))
    for one in (before, after):
        one["seconds"] = None
        one["traces"]["spent"] = None
        for candidate in one["candidates"]:
            candidate["details"].pop("seconds", None)
    assert after == before
