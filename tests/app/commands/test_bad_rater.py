"""A rater directory that cannot be used ends every command with one line that names what is wrong and the cure."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from accord.app.commands.main import app
from accord.data import Ordinal
from accord.programs import Guideline, LocalEngine, Rater, local_lm
from worlds.rater_folders import make_adapter, make_model
from worlds.served_rater import ServedRater
from worlds.service_client import ITEM, Client
from worlds.stub_process import StubProcess


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a rater with an adapter, whose base is in ``base``."""
    engine = LocalEngine(make_model(tmp_path / "base"), adapter=make_adapter(tmp_path / "lora"))
    Rater(Ordinal(1, 5), Guideline("How friendly?"), fields=("text",), lm=local_lm(engine)).save(tmp_path / "rater")
    (tmp_path / "items.csv").write_text("text,label\nHello!,4\nGo away.,1\n")
    return tmp_path / "rater"


def _cut_weights(folder: Path) -> None:
    file = folder / "adapter" / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-4])


def _newer(folder: Path) -> None:
    record = json.loads((folder / "rater.json").read_text())
    (folder / "rater.json").write_text(json.dumps(record | {"version": 3, "accord": "9.0"}))


def _other_base(folder: Path) -> None:
    shutil.rmtree(folder.parent / "base")
    make_model(folder.parent / "base", seed=7)


def _no_base(folder: Path) -> None:
    shutil.rmtree(folder.parent / "base")


@pytest.mark.parametrize("command", ["evaluate", "rate", "serve", "export"])
@pytest.mark.parametrize(
    ("spoil", "said", "cure"),
    [
        (_cut_weights, "the file adapter/adapter_model.safetensors has another hash", "Copy the whole directory again"),
        (_newer, "the rater was saved by a newer Accord (9.0: layout 3", "Update with: pip install -U accord."),
        (_other_base, "the rater was compiled on base (sha256 ", "--base FOLDER"),
        (_no_base, "the base model base (sha256 ", "--base FOLDER"),
    ],
)
def test_a_rater_that_cannot_be_used_is_one_line(
    folder: Path, command: str, spoil: Callable[[Path], None], said: str, cure: str
) -> None:
    spoil(folder)
    data, out = str(folder.parent / "items.csv"), str(folder.parent / "out")
    more = {"evaluate": [data], "rate": [data, "--out", f"{out}.csv"], "serve": ["--port", "0"], "export": []}[command]
    result = CliRunner().invoke(app, [command, str(folder), *more, *(["--merged", out] if command == "export" else [])])
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ") and said in line and cure in line
    assert not Path(out).exists()


def test_a_missing_extra_is_named_before_anything_is_served(folder: Path) -> None:
    program = "import sys; sys.modules['peft'] = None; from accord.app.commands.main import main; main()"
    command = [sys.executable, "-c", program, "serve", str(folder), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: the package 'peft' is needed to load a rater's LoRA adapter. "
        "Install it with: pip install 'accord[local]'.\n"
    )


def test_a_rater_whose_model_is_on_a_server_needs_neither_its_base_nor_torch(folder: Path) -> None:
    """As when its merged weights are served by vLLM on another machine."""
    _no_base(folder)
    with StubProcess() as stub, ServedRater(folder, "--model", "stars", "--api-base", stub.url) as server:
        assert Client(None, server.port).rate(ITEM)[0]["label"] in (1, 2, 3, 4, 5)
    result = CliRunner().invoke(app, ["serve", str(folder), "--port", "0", "--api-base", "http://127.0.0.1:1/v1"])
    assert "runs in this process" in result.stderr
