"""`accord rate` and `accord serve` with `--engine vllm`, with a stub in vLLM's place."""

import csv
import json
import sys
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from accord.app.commands.main import app
from accord.data import Ordinal
from accord.programs import Guideline, LocalEngine, Rater, local_lm
from worlds.served_rater import ServedRater
from worlds.stub_vllm import make_stub_vllm
from worlds.tiny_model import make_tiny_model

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="the stub is a shell script")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a rater on a model in this process, beside a vLLM that rates all with 3."""
    pytest.importorskip("torch")
    monkeypatch.setenv("ACCORD_VLLM_PYTHON", str(make_stub_vllm(tmp_path / "stub")))
    engine = LocalEngine(make_tiny_model(tmp_path / "model", context=2048))
    Rater(Ordinal(1, 5), Guideline("Rate it."), lm=local_lm(engine, max_tokens=16), order="label").save(tmp_path / "r")
    return tmp_path / "r"


def test_a_file_is_rated_by_vllm(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("text\nGood soup.\nBad soup.\n")
    out = tmp_path / "rated.csv"
    words = ["rate", str(folder), str(tmp_path / "items.csv"), "--out", str(out), "--engine", "vllm"]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    with out.open() as stream:
        assert [row["label"] for row in csv.DictReader(stream)] == ["3", "3"]


def test_a_rater_is_served_by_vllm_which_ends_with_the_service(folder: Path) -> None:
    with ServedRater(folder, "--engine", "vllm") as served:
        body = json.dumps({"items": [{"id": "a", "text": "Good soup."}]}).encode()
        request = urllib.request.Request(f"{served.url}/v1/rate", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as reply:
            (rating,) = json.load(reply)["ratings"]
        assert rating["label"] == 3
        process = served.process.pid
        keepers = _children(process)
        assert keepers
        served.signal()
        code, said = served.wait()
    assert code == 0, said
    assert not [child for child in keepers if Path(f"/proc/{child}").exists()]


def _children(process: int) -> list[int]:
    """Return the children of a process, whichever of its threads started them."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [int(word) for task in tasks for word in (task / "children").read_text().split()]
