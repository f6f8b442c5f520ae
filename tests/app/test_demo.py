"""The demo: its recording fits its prompts and carries no item text; slow, the whole of it in a fresh process."""

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from accord.app.demo_labels import demo_corpus
from accord.app.demo_task import (
    DEV,
    SEED,
    TEACHER_GUIDELINE,
    TEACHER_MAX_TOKENS,
    TEACHER_SAMPLES,
    TEST,
    TRAIN,
    demo_splits,
)
from accord.app.demo_teacher import demo_recording, read_recording, recorded_lm, write_recording
from accord.data import InputError, Journal, SetupError
from accord.optimizers import Exhaust, RejectionSampling
from accord.programs import Guideline, Rater


def test_the_labels_are_the_papers_and_gold_is_their_cut_mean() -> None:
    corpus = demo_corpus()
    assert len(corpus) == 4001  # 4,200 less the 199 whose two means differ
    assert all(len(item.annotations) >= 20 for item in corpus)
    assert set(corpus.golds()) == {1, 2, 3, 4, 5}


def test_the_splits_are_the_same_every_time() -> None:
    splits, _ = demo_splits()
    assert [len(part) for part in splits] == [TRAIN, DEV, TEST]
    again, _ = demo_splits()
    assert [part.hash for part in splits] == [part.hash for part in again]
    assert TEST >= 200


def test_every_prompt_of_the_demo_has_its_recorded_draws() -> None:
    """The prompts' bytes of today are those that were recorded: otherwise the recording has to be made anew."""
    splits, scale = demo_splits()
    teacher = Rater(scale, TEACHER_GUIDELINE, fields=("tweet",))
    draws = demo_recording().draws
    drawn = Counter(draw.prompt for source, draw in draws if source.sampling["temperature"] > 0)
    rated = Counter(draw.prompt for source, draw in draws if source.sampling["temperature"] == 0)
    assert drawn == {teacher.prompt(item.fields).sha256: TEACHER_SAMPLES for item in splits.train}
    assert rated == {teacher.prompt(item.fields).sha256: 1 for item in splits.test}


def test_the_recording_says_what_it_is_and_holds_no_item_text() -> None:
    splits, _ = demo_splits()
    recording = demo_recording()
    for key in ("model", "revision", "date", "script", "left_out", "blanked"):
        assert recording.about[key] not in (None, ""), key
    texts = {item.id: item.text for part in splits for item in part}
    for _, draw in recording.draws:
        assert not draw.text and not draw.thinking
        said, shown = words(draw.rationale), words(texts[draw.item_id])
        runs = {tuple(shown[start : start + 6]) for start in range(len(shown) - 5)}
        assert not any(tuple(said[start : start + 6]) in runs for start in range(len(said) - 5))


def test_a_recording_survives_writing_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    recording = demo_recording()
    write_recording(tmp_path / "copy.jsonl.gz", recording)
    assert read_recording(tmp_path / "copy.jsonl.gz").draws == recording.draws
    (tmp_path / "bad.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError, match="not a recording"):
        read_recording(tmp_path / "bad.jsonl.gz")


def test_the_sampler_takes_the_recorded_draws_and_can_make_no_new_ones(tmp_path: Path) -> None:
    splits, scale = demo_splits()
    recording = demo_recording()
    lm = recorded_lm(recording.draws[0][0].model, max_tokens=TEACHER_MAX_TOKENS)
    teacher = Rater(scale, TEACHER_GUIDELINE, fields=("tweet",), lm=lm)
    with Journal(tmp_path / "journal.sqlite") as journal:
        recording.replay_into(journal)
        assert len(journal) == len(recording.draws)
        sampler = RejectionSampling(TEACHER_SAMPLES, stop=Exhaust(), seed=SEED, journal=journal)
        traces = sampler.infer(teacher, trainset=splits.train.examples())
        assert traces.spent.draws == 0
        found = traces.utilization()
        assert found.draws == TEACHER_SAMPLES * len(splits.train)
        assert found.above_luck
        with pytest.raises(SetupError, match="no draw for a prompt"):
            other = teacher.variant(guideline=Guideline("Another guideline."))
            sampler.infer(other, trainset=splits.train.examples())


@pytest.mark.slow
def test_the_demo_proves_a_rater_and_a_second_run_draws_and_trains_nothing(tmp_path: Path) -> None:
    run = tmp_path / "demo"
    first = demo(run)
    report = json.loads((run / "report.json").read_text(encoding="utf-8"))
    check_schema(report)
    names = {row["name"] for row in report["raters"]}
    expected = {"zero-shot", "prompted teacher", "trace", "label", "label_all", "constant", "TF-IDF + ridge"}
    assert expected | {"one human against the others"} <= names
    assert "not clearly above luck" in first, "the live draws of the embedded model come with the warning"
    against = {(row["a"], row["b"]): row for row in report["comparisons"] if row["metric"] == "alpha"}
    beaten = against[report["chosen"], "zero-shot"]
    assert beaten["low"] > 0 and beaten["n"] >= 200
    if report["chosen"] != "trace":
        assert "simpler" in report["verdict"][0]
    assert pyarrow.parquet.read_table(run / "traces.parquet").num_rows == TRAIN
    before = drawn_and_trained(run)
    demo(run)
    assert drawn_and_trained(run) == before
    again = json.loads((run / "report.json").read_text(encoding="utf-8"))
    for one in (report, again):  # what a run took and asked for is its own; all else is the same
        one["seconds"] = one["live"]["spent"] = None
    assert again == report


def demo(run: Path) -> str:
    """Run the demo in a fresh process and return what it printed."""
    command = [sys.executable, "-m", "accord.app.cli", "demo", "--run", str(run)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())


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
    assert traces["utilization"].keys() == traces["luck"].keys() >= {"1", str(TEACHER_SAMPLES)}
    for row in report["raters"]:
        assert {"name", "kind", "n", "unparsed", "metrics"} <= set(row)
        assert {"value", "low", "high"} <= set(row["metrics"]["alpha"])
        assert "tau_b" in row["metrics"]
    for row in report["comparisons"]:
        assert {"a", "b", "metric", "difference", "low", "high"} <= set(row)
    assert report["chosen"] in {row["name"] for row in report["raters"]}
    assert all(isinstance(seconds, float | int) for seconds in report["seconds"].values())


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())
