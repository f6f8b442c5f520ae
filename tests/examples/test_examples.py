"""The scripts in examples/ run as their first lines say, and tell what they promise to tell."""

import csv
import json
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from accord.programs import Rater
from worlds.rule_server import RATERS, RuleBehaviour, write_labels
from worlds.rule_world import GUIDELINE, RuleWorld
from worlds.stub_script import Behaviour, Messages
from worlds.stub_server import StubServer
from worlds.tiny_model import make_tiny_model

EXAMPLES = Path(__file__).parents[2] / "examples"
SCRIPTS = sorted(EXAMPLES.glob("*.py"))


def run(script: str, *options: str, cwd: Path, **environment: str) -> str:
    """Run an example in a process of its own and return what it printed; it must end well and without a traceback."""
    command = [sys.executable, str(EXAMPLES / script), *options]
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false", **environment}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Traceback" not in done.stderr
    return done.stdout


@pytest.fixture
def few_labels(tmp_path: Path) -> Path:
    """Return a label file with the replies to the first six questions."""
    rows = (EXAMPLES / "replies.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    few = tmp_path / "few.csv"
    few.write_text("".join(row for row in rows if row < "q07"), encoding="utf-8")
    with few.open(encoding="utf-8", newline="") as stream:
        assert len({row["id"] for row in csv.DictReader(stream)}) == 24
    return few


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_opens_with_what_it_shows_and_how_it_is_run(script: Path) -> None:
    source = script.read_text(encoding="utf-8")
    assert source.startswith('"""')
    said = source.split('"""')[1]
    assert f"    python examples/{script.name}\n" in said
    for other in re.findall(r"^    python examples/(\S+)", said, re.MULTILINE):
        assert other == script.name


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_uses_the_public_doors_alone(script: Path) -> None:
    for room in re.findall(r"^(?:from|import) (accord[\w.]*)", script.read_text(encoding="utf-8"), re.MULTILINE):
        assert room in ("accord.data", "accord.programs", "accord.optimizers"), f"{script.name} imports {room}"


@pytest.mark.slow
def test_every_option_in_the_opening_lines_exists(tmp_path: Path) -> None:
    for script in SCRIPTS:
        options = set(re.findall(r" (--[a-z-]+)", script.read_text(encoding="utf-8").split('"""')[1]))
        shown = run(script.name, "--help", cwd=tmp_path)
        assert options <= set(re.findall(r"--[a-z-]+", shown.split("options:")[1])), script.name


@pytest.mark.slow
def test_a_composed_program_sends_good_drafts_and_hands_over_the_others(tmp_path: Path) -> None:
    said = run("composed_program.py", cwd=tmp_path)
    answers = re.findall(r"to the (customer|person), label (\d): (.*)", said)
    assert [(where, label) for where, label, _ in answers] == [("customer", "4"), ("customer", "4"), ("person", "2")]
    assert answers[1][2] == "Rub a candle along it and wait 10 minutes."  # the third draft: two were rated lower
    assert said.count("the rater says:") == 1


@pytest.mark.slow
def test_a_rater_is_compiled_saved_served_and_asked_in_one_file(few_labels: Path, tmp_path: Path) -> None:
    options = ("--labels", str(few_labels), "--run", "run", "--samples", "2", "--epochs", "1")
    said = run("compile_then_deploy.py", *options, cwd=tmp_path)
    assert re.search(r"^24 replies that people rated: train \d+, dev \d+, test \d+$", said, re.MULTILINE)
    assert re.search(r"^traces: \d+ of \d+ items, by luck alone \d+; drawn now: [1-9]\d*$", said, re.MULTILINE)
    assert len(re.findall(r"^dev   .* chosen$", said, re.MULTILINE)) == 1
    assert re.search(r"^test  \S+ +alpha .* \d+ of \d+ unparsed$", said, re.MULTILINE)
    assert (tmp_path / "run/rater/rater.json").is_file()
    assert re.search(r"^serving rater on http://127\.0\.0\.1:\d+$", said, re.MULTILINE)
    assert len(re.findall(r"^label (?:[1-4]|None) for: ", said, re.MULTILINE)) == 2
    assert said.endswith("the server ended with 0\n")
    # The rater goes into another program as it is.
    composed = run("composed_program.py", "--rater", "run/rater", cwd=tmp_path)
    assert len(re.findall(r"to the (?:customer|person), label (?:[1-4]|None): ", composed)) == 3


class EveryLevel:
    """A teacher that reaches each level of an item in turn: of four draws one is right and three are not."""

    def __init__(self) -> None:
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __call__(self, messages: Messages, index: int, seed: int | None) -> str:
        item = messages[-1]["content"]
        with self._lock:
            self._asked[item] += 1
            label = (self._asked[item] - 1) % 4 + 1
        words = " ".join(item.split("<reply>")[1].split()[:3])
        return (
            f"Reason: To a customer who reads {words!r}, that is worth {label}, as far as one can tell.\nLabel: {label}"
        )


@pytest.mark.slow
def test_three_objectives_are_compared_on_the_draws_of_one_journal(few_labels: Path, tmp_path: Path) -> None:
    pytest.importorskip("trl")
    student = make_tiny_model(tmp_path / "tiny", context=4096)
    with StubServer(Behaviour(answer=EveryLevel())) as server:
        gateway = {"OPENAI_API_BASE": server.url, "OPENAI_API_KEY": "none"}
        options = ("--labels", str(few_labels), "--run", "run", "--model", f"local/{student}")
        options = (*options, "--teacher", "openai/stub", "--samples", "4", "--epochs", "1")
        said = run("compare_objectives.py", *options, cwd=tmp_path, **gateway)
        told = json.loads((tmp_path / "run/comparison.json").read_text(encoding="utf-8"))
        asked = server.stats().draws
        again = run("compare_objectives.py", *options, cwd=tmp_path, **gateway)
        assert server.stats().draws == asked
    drawn = re.search(r"^(\d+) draws of openai/stub, (\d+) of them now; (\d+) items have a trace$", said, re.MULTILINE)
    assert drawn is not None and int(drawn[1]) == int(drawn[2]) == asked == 4 * int(drawn[3])
    rows = {row["objective"]: row for row in told["rows"]}
    assert rows.keys() == {"label", "trace", "preference"} and "left out" not in said
    assert {row["items"] for row in rows.values()} == {int(drawn[3])}
    assert "alpha_above_label" in rows["trace"] and "alpha_above_label" not in rows["label"]
    for row in rows.values():
        assert re.search(rf"^{row['objective']} +0 +{row['items']} ", said, re.MULTILINE)
        assert row["test"]["n"] == rows["label"]["test"]["n"] > 0
    assert f"{drawn[1]} draws of openai/stub, 0 of them now" in again
    assert json.loads((tmp_path / "run/comparison.json").read_text(encoding="utf-8")) == told


@pytest.fixture
def rule_options(tmp_path: Path) -> Iterator[tuple[StubServer, tuple[str, ...]]]:
    """Serve models that follow written rules; give the server and what tells the example of them and their stories."""
    world = RuleWorld(stories=240)
    write_labels(world, tmp_path / "labels.csv")
    (tmp_path / "told.md").write_text(GUIDELINE.to_markdown(), encoding="utf-8")
    with StubServer(RuleBehaviour.of(world)) as server:
        told = ("--labels", "labels.csv", "--guideline", "told.md", "--scale", "1", "5", "--api-base", server.url)
        yield server, (*told, "--models", *RATERS, "--teacher", "teacher")


@pytest.mark.slow
@pytest.mark.parametrize("writer", ["writer", "none"])
def test_a_guideline_for_api_models_is_distilled_proved_and_saved(
    writer: str, rule_options: tuple[StubServer, tuple[str, ...]], tmp_path: Path
) -> None:
    server, options = rule_options
    options = (*options, "--writer", writer)
    said = run("guideline_for_api_models.py", *options, cwd=tmp_path, OPENAI_API_KEY="none")
    asked = server.stats().draws
    again = run("guideline_for_api_models.py", *options, cwd=tmp_path, OPENAI_API_KEY="none")
    assert server.stats().draws == asked, "a run that is done asks nobody"
    assert re.sub(r"drawn now: \d+", "drawn now: 0", said) == again

    assert re.search(r"^240 items: train \d+, dev \d+, test \d+$", said, re.MULTILINE)
    assert re.search(r"^traces: \d+ of \d+ items; drawn now: [1-9]\d*$", said, re.MULTILINE)
    drafts = {"two_stage": {"instruction", "rubric", "both"}, "extractive": {"rubric", "cases", "both"}}
    mode = "extractive" if writer == "none" else "two_stage"
    assert drafts[mode] <= set(re.findall(r"^dev   (\w+) ", said, re.MULTILINE))
    assert len(re.findall(r"^dev .*: chosen, ", said, re.MULTILINE)) == 1
    assert re.search(r"^rule  2: The story breaks off before its end. \[\d+ items\]$", said, re.MULTILINE)

    folder = tmp_path / "runs/guideline"
    worth = json.loads((folder / "worth.json").read_text(encoding="utf-8"))
    for name in RATERS:
        assert worth["above"][name].keys() == {"before", "constant", "length", "tfidf"}
        assert worth["above"][name]["before"]["low"] > 0
        assert re.search(rf"^test  {name}, after +alpha ", said, re.MULTILINE)
    assert worth["panel"]["warning"] == "" and "the models' alpha with each other" in said
    rater = Rater.load(folder / "rater")
    assert rater.provenance["mode"] == mode and rater.guideline.instruction == GUIDELINE.instruction
    assert (folder / "guideline.md").read_text(encoding="utf-8") == rater.guideline.to_markdown() + "\n"
    assert rater.measured["test"].own.n == worth["agreement"]["first, after"]["n"]


@pytest.mark.slow
def test_a_budget_ends_the_drawing_and_the_guideline_is_made_of_what_there_is(
    rule_options: tuple[StubServer, tuple[str, ...]], tmp_path: Path
) -> None:
    _, options = rule_options
    short = (*options, "--writer", "none", "--calls", "60")
    said = run("guideline_for_api_models.py", *short, cwd=tmp_path, OPENAI_API_KEY="none")
    assert re.search(r"^warning: the budget ended the drawing \(calls: 60 of 60 made\)$", said, re.MULTILINE)
    more = run("guideline_for_api_models.py", *options, "--writer", "none", cwd=tmp_path, OPENAI_API_KEY="none")
    assert "the budget ended" not in more
    few, all_of_them = (int(re.findall(r"^traces: (\d+)", words, re.MULTILINE)[0]) for words in (said, more))
    assert 0 < few < all_of_them
