"""Raters that score between the labels: what is written of them, measured on them, served of them and asked of them."""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from accord.app.console import Console
from accord.app.evaluate.inputs import DataColumns
from accord.app.evaluate.run import WantedEvaluation, evaluate_file
from accord.app.rate.rate import rate_file
from accord.app.results.measure import RatingColumn, measure_run
from accord.app.results.record import Report
from accord.app.results.terminal import summary
from accord.app.task.job import job_of
from accord.app.task.task import Task
from accord.data import Corpus, InputError, Item, Ordinal
from accord.programs import Patience, Rater, Scoring, pooled_lm
from worlds.level_server import WEIGHED, says_label
from worlds.service_client import CHAT, chat, served
from worlds.stub_script import Behaviour
from worlds.stub_server import StubServer

FIVE = Ordinal(1, 5)
EXPECTED_A = {"1": 0.1, "2": 0.2, "3": 0.1, "4": 0.2, "5": 0.4}


@pytest.fixture
def serve() -> Iterator[Callable[..., Any]]:
    """Start stub servers and hand them out with raters whose model they are."""
    started: list[tuple[StubServer, Any]] = []

    def make(behaviour: Behaviour = WEIGHED, **options: Any) -> tuple[StubServer, Rater]:
        server = StubServer(behaviour)
        server.start()
        lm = pooled_lm("tiny", server.url, patience=Patience(first_wait=0.01, longest_wait=0.05))
        started.append((server, lm.engine))
        return server, Rater(FIVE, lm=lm, **{"scoring": "expected", **options})

    yield make
    for server, engine in started:
        engine.close()
        server.stop()


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "items.csv"
    path.write_text("key,text,label\nk1,a,4\nk2,b,1\n", encoding="utf-8")
    return path


def rate(rater: Rater, data: Path, out: Path) -> Path:
    rate_file(rater, data, out, id="key", seed=0, console=Console())
    return out


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_scores_and_distributions_are_columns(serve, items, tmp_path) -> None:
    _, rater = serve()
    first, second = read_csv(rate(rater, items, tmp_path / "out.csv"))
    assert first == {
        "id": "k1",
        "text": "a",
        "label": "4",
        "score": "3.6",
        "distribution": json.dumps(EXPECTED_A),
        "confidence": "0.2",
        "scored_by": "levels",
        "level_mass": "1.0",
        "rationale": "Because of draw 0.",
        "unparsed": "",
    }
    assert (second["label"], second["score"]) == ("2", "2.0")


def test_jsonl_has_an_object_and_parquet_a_map(serve, items, tmp_path) -> None:
    _, rater = serve()
    rate(rater, items, tmp_path / "out.jsonl")
    line = json.loads((tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert (line["score"], line["distribution"], line["confidence"]) == (3.6, EXPECTED_A, 0.2)
    table = pyarrow.parquet.read_table(rate(rater, items, tmp_path / "out.parquet"))
    assert pyarrow.types.is_map(table.schema.field("distribution").type)
    assert str(table.schema.field("score").type) == "double"
    assert dict(table.to_pylist()[0]["distribution"]) == EXPECTED_A


def test_a_rater_of_the_label_alone_writes_a_distribution_without_a_rationale(serve, items, tmp_path) -> None:
    _, rater = serve(replace(WEIGHED, answer=says_label), order="label")
    first, _ = read_csv(rate(rater, items, tmp_path / "out.csv"))
    assert (first["score"], first["rationale"], first["scored_by"]) == ("3.6", "", "levels")


def test_what_stood_in_for_probabilities_is_said(serve, items, tmp_path, capsys) -> None:
    _, rater = serve(replace(WEIGHED, logprobs=False), scoring=Scoring("expected", samples=4))
    first, _ = read_csv(rate(rater, items, tmp_path / "out.csv"))
    assert (first["score"], first["scored_by"], first["level_mass"]) == ("2.5", "replies", "")
    assert "2 scored by several replies (no logprobs: 2): " in capsys.readouterr().err
    _, rater = serve(scoring=Scoring("mean", samples=4))
    first, _ = read_csv(rate(rater, items, tmp_path / "mean.csv"))
    assert (first["score"], first["scored_by"]) == ("2.5", "replies")
    assert "scored by several" not in capsys.readouterr().err  # that is what the rule is


def test_an_item_without_a_label_has_no_score(serve, items, tmp_path) -> None:
    _, rater = serve(replace(WEIGHED, answer=lambda *_: "Reason: Hm.\nLabel: 3-4"))
    rate(rater, items, tmp_path / "out.parquet")
    first = pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist()[0]
    assert (first["label"], first["score"], first["distribution"], first["scored_by"]) == (None,) * 4
    assert first["unparsed"] == "several_labels"


def test_a_field_that_is_called_score_keeps_its_column(make_rater, tmp_path) -> None:
    (tmp_path / "items.csv").write_text("key,score\nk1,a\n", encoding="utf-8")
    rater = make_rater(lambda text: "Reason: r\nLabel: 3", fields=("score",)).variant(scoring=Scoring("mean", 2))
    for name in ("out.csv", "out.parquet"):
        rate(rater, tmp_path / "items.csv", tmp_path / name)
    (row,) = read_csv(tmp_path / "out.csv")
    assert (row["score"], row["rating_score"], row["distribution"]) == ("a", "3.0", '{"3": 1.0}')
    assert pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist()[0]["rating_score"] == 3.0


def test_numbers_are_measured_on_scores_and_that_is_said_in_80_columns(serve, items, capsys) -> None:
    _, rater = serve()
    rater.provenance = {"constant": 3}
    wanted = WantedEvaluation(items, DataColumns(id="key"), {"r": rater})
    evaluate_file(wanted, as_json=False, console=Console())
    shown = capsys.readouterr().out
    # Scores 3.6 and 2.0 for 4 and 1: MAE 0.7; the labels 4 and 2 would err by 0.5.
    lines = shown.splitlines()
    head = next(line for line in lines if line.startswith("rater "))
    row = next(line for line in lines if line.startswith("  rater "))
    shown_metrics = dict(zip(head.split()[-3:], row.split()[-3:], strict=True))
    assert shown_metrics == {"tau-b": "1.00", "MAE": "0.70", "unparsed": "0"}
    assert max(len(head), len(row)) <= 80
    assert "tau-b and MAE are of the score" in shown
    evaluate_file(wanted, as_json=True, console=Console())
    (found,) = json.loads(capsys.readouterr().out)["raters"]
    assert found["numbers"] == "scores"
    assert found["metrics"]["mae"]["value"] == pytest.approx(0.7)
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(0.5)
    assert found["sampled_by_reason"] == {}


def test_a_report_says_which_rows_are_of_scores() -> None:
    golds = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]
    corpus = Corpus([Item(str(n), {"text": f"text {n}"}, gold=gold) for n, gold in enumerate(golds)], FIVE, ("text",))
    scored = RatingColumn("trace", "candidate", golds, [gold + (0.25 if gold < 5 else -0.25) for gold in golds])
    plain = RatingColumn("zero-shot", "zero-shot", golds, [None] * 10)
    found = measure_run([scored, plain], "trace", corpus, corpus)
    rows = {row.name: row for row in found.rows}
    assert rows["trace"].agreement.metrics["mae"].value == pytest.approx(0.25)
    assert rows["trace"].agreement.metrics["alpha"].value == pytest.approx(1.0)
    assert rows["zero-shot"].agreement.metrics["mae"].value == 0.0
    report = Report("t", {}, {}, {}, found.rows, found.comparisons, "trace", {})
    assert "tau-b and MAE are of the score" in summary(report)
    told = {row["name"]: row.get("numbers") for row in report.to_dict()["raters"]}
    assert (told["trace"], told["zero-shot"]) == ("scores", None)


TASK = """\
name: stars
data: {path: items.csv, fields: [text], label: label}
scale: {type: ordinal, low: 1, high: 5}
student: openai/gpt-4o-mini
teacher: openai/gpt-4o
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = "".join(f"item {number},{number % 5 + 1}\n" for number in range(20))
    (tmp_path / "items.csv").write_text(f"text,label\n{rows}", encoding="utf-8")
    return tmp_path


def load(folder: Path, text: str) -> Task:
    (folder / "task.yaml").write_text(text, encoding="utf-8")
    return Task.load(folder / "task.yaml")


def test_a_task_says_how_its_student_scores(folder: Path) -> None:
    task = load(folder, TASK + "scoring: {rule: expected, samples: 5}\n")
    job = job_of(task, "guideline", limits={})
    assert job.student.scoring == Scoring("expected", 5)
    assert job.teacher.scoring == Scoring("mode")
    for text in (TASK, TASK + "scoring:\n"):
        assert job_of(load(folder, text), "guideline", limits={}).student.scoring == Scoring("mode")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scoring: expected\n", ("line 6, 'scoring'", "Give a mapping, e.g. {rule: expected}")),
        ("scoring: {rule: best}\n", ("'scoring.rule'", "Give mode, likeliest, mean, expected or median")),
        ("scoring: {rule: mean, samples: 1}\n", ("'scoring.samples'", "a whole number of at least 2")),
        ("scoring: {rules: mean}\n", ("'scoring.rules'", "Did you mean 'rule'?")),
    ],
)
def test_what_is_no_scoring_is_refused_by_line(folder: Path, text: str, said: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as caught:
        load(folder, TASK + text)
    for words in said:
        assert words in str(caught.value)


def test_scores_need_a_scale_with_numbers(folder: Path) -> None:
    nominal = TASK.replace("{type: ordinal, low: 1, high: 5}", "{type: nominal, values: [good, bad]}")
    with pytest.raises(InputError, match=r"'scoring\.rule'.*needs numbers, a nominal scale has none"):
        load(folder, nominal + "scoring: {rule: expected}\n")


def test_a_served_rater_gives_what_its_server_shows(serve) -> None:
    server, rater = serve(scoring="mode")
    with served(rater) as client:
        (rating,) = client.rate({"id": "r", "text": "a"})
        assert (rating["label"], rating["score"], rating["confidence"]) == (5, None, pytest.approx(0.4))
        assert rating["distribution"] == pytest.approx(EXPECTED_A)
        (bare,) = client.rate({"id": "r", "text": "a"}, return_distribution=False)
        assert (bare["label"], bare["distribution"], bare["confidence"]) == (5, None, None)
    assert server.stats().requests == 2


def test_a_served_rater_that_scores_has_the_confidence_of_its_label(serve) -> None:
    for order, behaviour in (
        ("rationale_label", WEIGHED),
        ("label", replace(WEIGHED, answer=says_label)),
    ):
        _, rater = serve(behaviour, order=order)
        with served(rater) as client:
            (rating,) = client.rate({"id": "r", "text": "a"})
        assert (rating["label"], rating["score"]) == (4, pytest.approx(3.6))
        assert rating["confidence"] == pytest.approx(0.2)
        assert rating["rationale"] == ("" if order == "label" else "Because of draw 0.")


def test_a_served_rater_that_scores_shows_what_it_wrote_before_it_was_cut(serve) -> None:
    said = {}
    for rule in ("expected", "mean"):
        _, rater = serve(replace(WEIGHED, truncated=1.0), scoring=rule)
        with served(rater) as client:
            _, body, _ = client.ask(CHAT, chat("a"))
        (choice,) = body["choices"]
        assert (choice["finish_reason"], body["rating"]["unparsed"]) == ("length", "truncated")
        said[rule] = choice["message"]["content"]
    # Half of "Reason: Because of draw 0.\nLabel: 5", without the name; of several replies none speaks for all.
    assert said == {"expected": "Because o", "mean": ""}


def test_a_served_rater_that_scores_can_leave_out_its_distribution(serve) -> None:
    _, rater = serve()
    with served(rater) as client:
        (rating,) = client.rate({"id": "r", "text": "a"}, return_distribution=False)
    assert (rating["label"], rating["score"]) == (4, pytest.approx(3.6))
    assert (rating["distribution"], rating["confidence"]) == (None, None)


@pytest.mark.parametrize("lack", [{"logprobs": False}, {"refused_fields": ("logprobs",)}, {"alternatives": None}])
def test_without_log_probabilities_there_is_no_confidence(serve, lack) -> None:
    _, rater = serve(replace(WEIGHED, **lack), scoring="mode")
    with served(rater) as client:
        (rating,) = client.rate({"id": "r", "text": "a"})
    assert (rating["label"], rating["distribution"], rating["confidence"]) == (5, None, None)
