"""Every command that asks a rater's model can be told another one, or where the model is now."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from accord.app.commands.main import app
from accord.data import Ordinal
from accord.programs import Rater, resolve_model
from worlds.rated_reviews import reviews, write_lines
from worlds.stub_script import Behaviour
from worlds.stub_server import StubServer


@pytest.fixture
def rater(tmp_path: Path) -> Path:
    """Return the folder of a rater whose model is on a server that has gone."""
    lm = resolve_model("stub", api_base="http://127.0.0.1:1/v1")
    Rater(Ordinal(1, 5), fields=("text",), lm=lm).save(tmp_path / "stars")
    return tmp_path / "stars"


def run(command: str, rater: Path, data: Path, *more: str) -> Result:
    out = {
        "rate": ["--out", str(data.with_suffix(".rated.jsonl")), "--id", "key"],
        "evaluate": ["--label", "labels", "--id", "key", "--resamples", "100", "--json"],
        "audit": ["--label", "labels", "--id", "key", "--repeats", "2", "--json", "--out", str(data.parent / "audit")],
    }[command]
    return CliRunner().invoke(app, [command, str(rater), str(data), *out, *more])


@pytest.mark.parametrize("command", ["rate", "evaluate", "audit"])
def test_the_server_that_has_the_model_now_is_named(command: str, rater: Path, tmp_path: Path) -> None:
    data = write_lines(tmp_path / "d.jsonl", reviews(12))
    lost = run(command, rater, data)
    assert (lost.exit_code, lost.stdout) == (2, "")
    assert "'stub' is on a server whose address is not saved. Give it with --api-base URL." in lost.stderr
    with StubServer() as server:
        found = run(command, rater, data, "--api-base", server.url)
        assert found.exit_code == 0, found.output
        assert server.stats().draws >= 12
    if command == "evaluate":
        (told,) = json.loads(found.stdout)["raters"]
        assert told["n"] == 12


@pytest.mark.parametrize("command", ["rate", "evaluate"])
def test_another_model_is_asked_in_place_of_the_saved_one(command: str, rater: Path, tmp_path: Path) -> None:
    data = write_lines(tmp_path / "d.jsonl", reviews(12))
    with StubServer(Behaviour(model="another")) as server:
        found = run(command, rater, data, "--model", "another", "--api-base", server.url)
        assert found.exit_code == 0, found.output
        assert server.stats().draws >= 12


@pytest.mark.parametrize("option", ["--model", "--api-base", "--base"])
def test_ready_made_ratings_need_no_model(option: str, tmp_path: Path) -> None:
    data = write_lines(tmp_path / "d.jsonl", reviews(12))
    found = CliRunner().invoke(app, ["evaluate", str(data), "--ratings", "judge", option, "x"])
    assert found.exit_code == 2 and "goes with a rater" in found.stderr and option in found.stderr
