"""The whole way in fresh processes: a task file in, a proven rater out, and nothing done twice."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from accord.data import Journal
from accord.programs import Rater

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.slow
def test_a_task_becomes_a_proven_rater_and_a_rerun_draws_and_trains_nothing(tmp_path: Path) -> None:
    run = tmp_path / "weights"
    compile_stars(run, "weights")
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    check_schema(report)
    names = {row["name"] for row in report["raters"]}
    assert {"zero-shot", "zero-shot, forced label", "trace", "label", "constant", "TF-IDF + ridge"} <= names
    assert "one human against the others" in names
    assert (report["chosen"], "zero-shot") in {(row["a"], row["b"]) for row in report["comparisons"]}
    assert pyarrow.parquet.read_table(run / "traces.parquet").num_rows == report["traces"]["items"]
    record = check_rater(run, report)
    before = drawn_and_trained(run)
    compile_stars(run, "weights")
    assert drawn_and_trained(run) == before
    again = json.loads((run / "report.json").read_text(encoding="utf-8"))
    for one in (report, again):  # what a run took and asked for is its own; all else is the same
        one["seconds"] = one["traces"]["spent"] = None
    assert again == report
    assert check_rater(run, again)["provenance"]["journal"] == record["provenance"]["journal"]


@pytest.mark.slow
def test_a_guideline_is_compiled_from_the_same_pipeline(tmp_path: Path) -> None:
    run = tmp_path / "guideline"
    compile_stars(run, "guideline")
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    check_schema(report)
    assert {row["name"] for row in report["candidates"]} >= {"original", "rubric"}
    assert (run / "rater" / "guideline.md").is_file()
    check_rater(run, report)


def compile_stars(run: Path, into: str) -> None:
    done = command("compile", str(EXAMPLES / "stars.yaml"), "--into", into, "--run", str(run))
    assert done.returncode == 0, done.stderr


def check_rater(run: Path, report: dict[str, Any]) -> dict[str, Any]:
    """Check that the rater's directory tells what the report tells; return its record."""
    rater = Rater.load(run / "rater")
    assert set(rater.measured) == {"dev", "test"}
    test = rater.measured["test"]
    assert test.chosen == report["chosen"] and list(test.findings) == report["verdict"]
    assert [(row.name, row.agreement.n) for row in test.rows] == [(row["name"], row["n"]) for row in report["raters"]]
    shown = {row["name"]: row["metrics"]["alpha"] for row in report["raters"]}
    assert {row.name: row.agreement.metrics["alpha"].to_dict() for row in test.rows} == shown
    assert [row.name for row in rater.measured["dev"].rows] == [candidate["name"] for candidate in report["candidates"]]
    record = json.loads((run / "rater" / "rater.json").read_text(encoding="utf-8"))
    made_of = record["provenance"]
    assert made_of["traces"]["sha256"] == hashlib.sha256((run / "traces.parquet").read_bytes()).hexdigest()
    assert {name: part["items"] for name, part in made_of["splits"].items()} == {
        name: part["items"] for name, part in report["splits"].items()
    }
    assert (made_of["splits"]["dev"]["corpus"], test.corpus) == (
        made_of["dev"]["corpus"],
        made_of["splits"]["test"]["corpus"],
    )
    card = (run / "rater" / "CARD.md").read_text(encoding="utf-8")
    assert "one human against the others" in card and made_of["corpus"] in card
    return record


def command(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a fresh process."""
    return subprocess.run([sys.executable, "-m", "accord.app", *words], capture_output=True, text=True, check=False)


def drawn_and_trained(run: Path) -> tuple[int, dict[Path, int]]:
    with Journal(run / "journal.sqlite") as journal:
        draws = len(journal)
    return draws, {file: file.stat().st_mtime_ns for file in (run / "training").rglob("*.safetensors")}


def check_schema(report: dict[str, Any]) -> None:
    assert report["schema"] == 1
    for split in ("train", "dev", "test"):
        assert set(report["splits"][split]) == {"items", "groups", "reads"}
    assert report["splits"]["test"]["reads"] == 1
    traces = report["traces"]
    for key in ("items", "accepted", "draws", "unparsed", "utilization", "luck", "by_level", "tokens"):
        assert key in traces, key
    assert set(traces["tokens"]) == {"prompt", "completion"}
    assert traces["utilization"].keys() == traces["luck"].keys() >= {"1", "8"}
    for row in report["raters"]:
        assert {"name", "kind", "n", "unparsed", "metrics"} <= set(row)
        assert {"value", "low", "high"} <= set(row["metrics"]["alpha"])
        assert "tau_b" in row["metrics"]
    for row in report["comparisons"]:
        assert {"a", "b", "metric", "difference", "low", "high"} <= set(row)
    assert report["chosen"] in {row["name"] for row in report["raters"]}
    assert all(isinstance(seconds, float | int) for seconds in report["seconds"].values())
