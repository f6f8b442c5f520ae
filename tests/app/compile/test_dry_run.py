"""What a task's traces would cost, from a pilot against a server on the loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from accord.app.commands.main import app
from worlds.stub_server import StubServer

ITEMS = 120
TRAIN = 60
SAMPLES = 4


@pytest.fixture
def server() -> Iterator[StubServer]:
    with StubServer() as running:
        yield running


@pytest.fixture
def task(tmp_path: Path, server: StubServer) -> Path:
    """A task whose train items are half of 120, drawn for exhaustively: 60 calls of 4 draws."""
    rows = "".join(f"item {'very ' * (number % 7)}{number},{number % 5 + 1}\n" for number in range(ITEMS))
    (tmp_path / "items.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    path = tmp_path / "task.yaml"
    path.write_text(
        f"""\
name: stars
data: {{path: items.csv, fields: [text], label: label}}
scale: {{type: ordinal, low: 1, high: 5}}
teacher: stub
teacher_api_base: {server.url}
split: {{dev: 20, test: 40}}
sampling:
  samples: {SAMPLES}
  stop: exhaust
  price: {{prompt: 1, completion: 2}}
""",
        encoding="utf-8",
    )
    return path


def dry_run(task: Path, *more: str) -> Result:
    return CliRunner().invoke(app, ["compile", str(task), "--dry-run", "--run", str(task.parent / "run"), *more])


def test_a_dry_run_says_what_all_traces_would_cost(task: Path, server: StubServer) -> None:
    result = dry_run(task, "--pilot", "20")
    assert result.exit_code == 0, result.output
    first, second, third = result.stdout.splitlines()
    # Exhaust: every item takes one call for its 4 draws, so the 60 calls are no guess; their tokens are one.
    assert first.startswith(f"About {TRAIN} calls, ") and f" for {TRAIN} items; pilot: 20 items." in first
    assert " tokens, $0.0" in first
    assert second.startswith("Still to be paid: about 40 calls, ")
    assert third.endswith(" of the items get a trace.")
    assert server.stats().requests == 20
    document = json.loads((task.parent / "run" / "forecast.json").read_text(encoding="utf-8"))
    assert document["items"] == TRAIN and document["paid"]["calls"] == 20
    assert document["total"]["usd"]["low"] < document["total"]["usd"]["value"] < document["total"]["usd"]["high"]


def test_a_second_dry_run_asks_nobody_and_a_larger_one_only_for_more(task: Path, server: StubServer) -> None:
    once = dry_run(task, "--pilot", "20")
    assert dry_run(task, "--pilot", "20").stdout == once.stdout
    assert server.stats().requests == 20
    assert "pilot: 30 items" in dry_run(task, "--pilot", "30").stdout
    assert server.stats().requests == 30
    # A pilot of everything leaves nothing to guess and nothing to pay.
    whole = dry_run(task, "--pilot", "500").stdout
    assert whole.startswith(f"{TRAIN} calls, ") and "Still to be paid" not in whole
    assert server.stats().requests == TRAIN


def test_a_limit_that_will_not_do_is_named_and_holds_for_the_pilot(task: Path, server: StubServer) -> None:
    said = dry_run(task, "--pilot", "20", "--max-calls", "30").stdout
    assert "The budget would end the run early: it allows 30 calls." in said
    assert "The budget would end" not in dry_run(task, "--pilot", "20", "--max-calls", "41").stdout
    asked = server.stats().requests
    dry_run(task, "--pilot", "40", "--max-calls", "5")
    assert server.stats().requests == asked + 5


def test_dollars_need_a_price(task: Path, server: StubServer) -> None:
    text = task.read_text(encoding="utf-8").replace("  price: {prompt: 1, completion: 2}\n", "")
    task.write_text(text, encoding="utf-8")
    result = dry_run(task, "--max-usd", "5")
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert "'sampling.price': dollars are limited, and what 'stub' charges is unknown. Give sampling.price:" in line
    assert server.stats().requests == 0
    assert "Dollars are unknown" in dry_run(task, "--pilot", "4", "--max-tokens", "100000").stdout
