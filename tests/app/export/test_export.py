"""The command `accord export`: what it refuses, what it writes, and what arrives on a Hub."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from accord.app.commands.main import app
from accord.data import Ordinal, agreement
from accord.programs import Guideline, LocalEngine, Rater, local_lm
from worlds.hub_server import Hub, hub_server
from worlds.rater_folders import files_of, make_adapter, make_model

FIVE = Ordinal(1, 5)


@pytest.fixture
def hub() -> Iterator[Hub]:
    pytest.importorskip("huggingface_hub")
    with hub_server() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a rater with an adapter of a few bytes, in ``run/rater``."""
    base, adapter = make_model(tmp_path / "secret" / "base"), make_adapter(tmp_path / "lora")
    lm = local_lm(LocalEngine(base, adapter=adapter))
    rater = Rater(FIVE, Guideline("How friendly?"), fields=("message",), lm=lm)
    rater.provenance = {"task": "friendliness", "compiler": "FineTune"}
    found = agreement([1, 2, 3, 5], [1, 2, 3, 4], FIVE)
    rater.save(tmp_path / "run" / "rater", agreement={"test": found})
    return tmp_path / "run" / "rater"


def export(*words: object, hub: Hub | None = None, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run the command in a fresh process, with a Hub of this machine or without any."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    environment |= {"HF_HUB_OFFLINE": "1"} if hub is None else hub.environment()
    command = [sys.executable, "-m", "accord.app", "export", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**environment, **more})


def refused(done: "subprocess.CompletedProcess[str]") -> str:
    """Return the one line that a refusal is."""
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    return line


def _front(card: bytes) -> dict[str, Any]:
    return yaml.safe_load(card.decode().split("---")[1])


def test_a_rater_arrives_on_the_hub_private_complete_and_loads_from_there(hub: Hub, folder: Path, tmp_path: Path):
    done = export(folder, "--hub", "me/stars", hub=hub)
    assert done.returncode == 0, done.stderr
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["pushing"]
    assert done.stdout.startswith(f"{hub.url}/me/stars (private), commit ")
    assert hub.repositories == {"me/stars": True}
    assert hub.commits == ["me/stars: Rater, saved by Accord"]
    files = hub.files["me/stars"]
    here = files_of(folder)
    assert files.keys() == here.keys() | {"README.md"}
    for name in here.keys() - {"CARD.md", "rater.json"}:
        assert files[name] == here[name]
    assert _front(files["README.md"])["tags"][0] == "accord"
    assert "hf download me/stars --local-dir stars" in files["README.md"].decode()
    assert str(tmp_path).encode() not in b"".join(files.values()), "no path of this machine is published"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["rater"], "no workspace stays behind"
    got = tmp_path / "got"
    for name, content in files.items():
        (got / name).parent.mkdir(parents=True, exist_ok=True)
        (got / name).write_bytes(content)
    again = Rater.load(got, base=tmp_path / "secret" / "base")
    assert again.prompt({"message": "x"}) == Rater.load(folder).prompt({"message": "x"})
    assert again.measured == Rater.load(folder).measured


def test_a_later_push_replaces_the_rater_and_leaves_what_others_put_there(hub: Hub, folder: Path, tmp_path: Path):
    assert export(folder, "--hub", "stars", hub=hub).returncode == 0
    hub.files["me/stars"] |= {"notes.md": b"ours", "adapter/old.json": b"{}"}
    Rater(FIVE, Guideline("Told better."), fields=("message",)).save(tmp_path / "told")
    done = export(tmp_path / "told", "--hub", "me/stars", "--license", "cc-by-4.0", hub=hub)
    assert done.returncode == 0, done.stderr
    assert set(hub.files["me/stars"]) == {"CARD.md", "README.md", "guideline.md", "notes.md", "rater.json"}
    assert hub.files["me/stars"]["guideline.md"] == b"Told better."
    assert _front(hub.files["me/stars"]["README.md"])["license"] == "cc-by-4.0"


def test_nothing_is_pushed_to_a_public_repository_unless_it_is_said(hub: Hub, folder: Path):
    hub.repositories["me/open"], hub.files["me/open"] = False, {}
    said = refused(export(folder, "--hub", "me/open", hub=hub))
    assert "--hub me/open: the repository is there and is public. Give --public" in said
    assert hub.files["me/open"] == {}
    done = export(folder, "--hub", "me/open", "--public", hub=hub)
    assert "(public)" in done.stdout
    assert export(folder, "--hub", "me/new", "--public", hub=hub).returncode == 0
    assert hub.repositories["me/new"] is False


def test_what_keeps_a_rater_from_the_hub_is_one_line(hub: Hub, folder: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
    said = {
        "--hub: HF_HUB_OFFLINE is set. Unset it": export(folder, "--hub", "me/stars"),
        "--hub: there is no token for the Hugging Face Hub. Set HF_TOKEN": export(
            folder, "--hub", "me/stars", hub=hub, HF_TOKEN=""
        ),
        "the Hub answers 401 (Invalid credentials in Authorization header). Check HF_TOKEN": export(
            folder, "--hub", "me/stars", hub=hub, HF_TOKEN="hf_wrong"
        ),
        f"{nobody} cannot be reached": export(folder, "--hub", "me/stars", hub=hub, HF_ENDPOINT=nobody),
        "Give a name such as me/stars.": export(folder, "--hub", "a/b/c", hub=hub),
    }
    for line, done in said.items():
        assert line in refused(done)
    hub.refusal = 503
    assert "the Hub answers 503 (not today). Run again later" in refused(export(folder, "--hub", "me/s", hub=hub))
    assert hub.repositories == {}


def test_a_damaged_rater_is_not_pushed(hub: Hub, folder: Path):
    (folder / "guideline.md").write_text("Changed.")
    assert "the file guideline.md has another hash" in refused(export(folder, "--hub", "me/stars", hub=hub))
    assert hub.repositories == {}


def test_a_rater_is_not_merged_into_itself_nor_into_a_file(folder: Path, tmp_path: Path):
    before = {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    (tmp_path / "items.csv").write_text("text\n")
    said = {"within the adapter of a rater": folder / "adapter" / "x", "is a file": tmp_path / "items.csv" / "x"}
    for line, place in said.items():
        assert line in refused(export(folder, "--merged", place))
    assert {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()} == before


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--public", "--merged", "x"),
        ("--license", "mit", "--merged", "x"),
        ("--base", "x", "--hub", "me/stars"),
    ],
)
def test_wrong_usage_ends_with_2(folder: Path, words: tuple[str, ...]):
    result = CliRunner().invoke(app, ["export", str(folder), *words])
    assert result.exit_code == 2
    assert "Invalid value" in result.stderr and "Traceback" not in result.output


def test_what_cannot_be_merged_is_one_line(folder: Path, tmp_path: Path):
    (tmp_path / "thesis").mkdir()
    Rater(FIVE, lm="openai/gpt-4o-mini").save(tmp_path / "api")
    make_model(tmp_path / "other", seed=9)
    Rater(FIVE, lm=local_lm(LocalEngine(make_model(tmp_path / "base")))).save(tmp_path / "plain")
    runs = {
        "no such rater directory": (tmp_path / "none", "--merged", tmp_path / "x"),
        "its model does not run in this process": (tmp_path / "api", "--merged", tmp_path / "x"),
        "exists and is not a rater directory": (folder, "--merged", tmp_path / "thesis"),
        "that is the rater itself": (folder, "--merged", folder),
        "plain: that is the rater itself": (tmp_path / "plain", "--merged", tmp_path / "plain"),
        "holds another model: other (sha256": (folder, "--merged", tmp_path / "x", "--base", tmp_path / "other"),
    }
    for said, words in runs.items():
        result = CliRunner().invoke(app, ["export", *map(str, words)])
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        assert said in result.stderr and len(result.stderr.splitlines()) == 1
    assert Rater.load(folder).prompt({"message": "x"})
    assert not (tmp_path / "x").exists()
