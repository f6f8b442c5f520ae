"""Ready-made ratings and people evaluated as raters are: hand-worked numbers, what is counted, and what is printed."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from accord.app.commands.main import app
from worlds.rated_reviews import WORDS, reviews, write_lines

OPTIONS = ("--scale", "ordinal:1-5", "--label", "labels", "--id", "key", "--resamples", "500")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "reviews.jsonl", reviews())


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def found(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, *OPTIONS, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout, parse_constant=pytest.fail)


def shown(*arguments: object) -> list[str]:
    result = run(*arguments, *OPTIONS)
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.stdout
    return result.stdout.splitlines()


def tiny(path: Path, ratings: list[Any]) -> Path:
    golds = [1, 2, 4, 5]
    rows = [
        {"key": str(n), "labels": [gold], "judge": one}
        for n, (gold, one) in enumerate(zip(golds, ratings, strict=True))
    ]
    return write_lines(path, rows)


def test_a_column_is_measured_beside_baselines_and_people(data: Path) -> None:
    record = found(data, "--ratings", "judge", "--field", "text")
    (judge,) = record["raters"]
    assert (judge["name"], judge["kind"], judge["n"]) == ("judge", "ratings", 60)
    assert judge["metrics"]["alpha"]["value"] > record["baselines"]["length"]["metrics"]["alpha"]["value"]
    assert record["baselines"]["tfidf"]["from"] == "fitted on the file itself out of fold (5 folds)"
    assert record["one_human"]["n"] == 60
    assert record["people"]["annotators"] == 4
    assert 0 < record["people"]["gold"]["ceilings"]["alpha"]["value"] <= 1
    assert {(one["a"], one["b"]) for one in record["comparisons"]} == {
        ("judge", "constant 3"),
        ("judge", "length only"),
        ("judge", "TF-IDF + ridge"),
    }
    assert all(one["p_holm"] >= one["p"] for one in record["comparisons"])
    assert {audit["name"] for audit in judge["audits"]} >= {"leniency", "level usage", "length bias"}
    assert judge["alt_test"]["verdict"] in ("passed", "failed", "not shown")


def test_the_figures_are_those_worked_by_hand(tmp_path: Path) -> None:
    record = found(tiny(tmp_path / "d.jsonl", [1, 3, 4, None]), "--ratings", "judge")
    (judge,) = record["raters"]
    # 1, 3, 4 against 1, 2, 4: MAE 1/3 on the three items that were rated; the fourth has no rating.
    assert judge["metrics"]["mae"]["value"] == pytest.approx(1 / 3)
    assert (judge["n"], judge["not_rated"]) == (3, 1)
    assert record["constant"]["label"] == 2
    assert record["constant"]["metrics"]["mae"]["value"] == pytest.approx((1 + 0 + 2 + 3) / 4)


def test_numbers_between_the_levels_are_scores(tmp_path: Path) -> None:
    record = found(tiny(tmp_path / "d.jsonl", [1.5, 2, 3.6, 5]), "--ratings", "judge")
    (judge,) = record["raters"]
    assert judge["numbers"] == "scores"
    assert judge["metrics"]["mae"]["value"] == pytest.approx((0.5 + 0 + 0.4 + 0) / 4)
    assert judge["metrics"]["accuracy"]["value"] == 1.0  # half-way goes to the lower level


def test_what_the_rate_command_writes_is_read_with_its_scores_and_reasons(tmp_path: Path) -> None:
    data = tiny(tmp_path / "d.jsonl", [1, 2, 3, 4])
    rated = [
        {"id": "0", "label": 1, "score": 1.2, "confidence": 0.9, "unparsed": None},
        {"id": "1", "label": 2, "score": 2.0, "confidence": 0.8, "unparsed": None},
        {"id": "2", "label": None, "score": None, "confidence": None, "unparsed": "truncated"},
        {"id": "9", "label": 5, "score": 5.0, "confidence": 0.7, "unparsed": None},
    ]
    record = found(data, "--ratings", write_lines(tmp_path / "rated.jsonl", rated))
    (judge,) = record["raters"]
    assert judge["name"] == "rated"
    assert judge["unparsed_by_reason"] == {"truncated": 1}
    assert (judge["n"], judge["not_rated"], judge["unknown_items"]) == (3, 1, 1)
    # 1.2 and 2 for 1 and 2, and the constant (2) for the answer without a label, whose gold is 4
    assert judge["metrics"]["mae"]["value"] == pytest.approx((0.2 + 0 + 2) / 3)
    assert {"calibration", "risk and coverage", "label errors"} <= {audit["name"] for audit in judge["audits"]}


@pytest.mark.parametrize("name", ["rated.csv", "rated.parquet", "rated.json"])
def test_ratings_come_in_every_kind_of_file(data: Path, tmp_path: Path, name: str) -> None:
    rows = [{"id": row["key"], "grade": row["judge"]} for row in reviews()]
    path = tmp_path / name
    if name.endswith(".csv"):
        path.write_text("id,grade\n" + "".join(f"{row['id']},{row['grade']}\n" for row in rows), encoding="utf-8")
    elif name.endswith(".json"):
        path.write_text(json.dumps(rows), encoding="utf-8")
    else:
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    column = found(data, "--ratings", "judge")["raters"][0]
    file = found(data, "--ratings", f"{path}:grade")["raters"][0]
    assert file["metrics"] == column["metrics"]
    assert file["name"] == "rated:grade"


def test_two_are_compared_with_each_other_and_all_p_values_are_corrected_together(data: Path) -> None:
    record = found(data, "--ratings", "judge", "--ratings", "weak", "--field", "text")
    (between,) = [one for one in record["comparisons"] if one["against"] == "ratings"]
    assert (between["a"], between["b"], between["better"]) == ("judge", "weak", True)
    assert len(record["comparisons"]) == 7
    assert "'judge' is better than 'weak'" in " ".join(record["verdict"])
    assert record["verdict"][1].startswith("'weak' is ")


def test_a_person_is_measured_against_the_gold_of_the_others(tmp_path: Path) -> None:
    rows = [
        {"key": "a", "labels": {"ann": 1, "bob": 5, "cleo": 5}},
        {"key": "b", "labels": {"ann": 2, "bob": 1, "cleo": 1}},
        {"key": "c", "labels": {"bob": 3, "cleo": 3}},
        {"key": "d", "labels": {"ann": 4}},
    ]
    record = found(write_lines(tmp_path / "d.jsonl", rows), "--person", "ann")
    (ann,) = record["raters"]
    # 1 and 2 against 5 and 1; c is not hers, and d is nobody else's.
    assert ann["metrics"]["mae"]["value"] == pytest.approx((4 + 1) / 2)
    assert (ann["kind"], ann["n"], ann["not_rated"], ann["items_without_gold"]) == ("person", 2, 1, 1)
    assert record["gold"] == {"consensus": "median", "without": ["ann"]}
    assert record["people"]["annotators"] == 2
    assert record["dropped"] == {"no labels": 1}


def test_a_person_of_a_long_table_is_the_same_person(tmp_path: Path) -> None:
    rows = reviews(30)
    wide = write_lines(tmp_path / "wide.jsonl", rows)
    long = tmp_path / "long.csv"
    lines = [f"{row['key']},{who},{label}" for row in rows for who, label in row["labels"].items()]
    long.write_text("\n".join(["key,who,labels", *lines]) + "\n", encoding="utf-8")
    one, other = found(wide, "--person", "bob"), found(long, "--person", "bob", "--annotator", "who")
    assert one["raters"][0]["metrics"] == other["raters"][0]["metrics"]
    assert one["people"]["gold"] == other["people"]["gold"]


def test_labels_without_names_are_people_by_position(tmp_path: Path) -> None:
    rows = [{"key": str(n), "labels": [gold, other, other]} for n, (gold, other) in enumerate([(1, 2), (5, 4), (3, 3)])]
    record = found(write_lines(tmp_path / "d.jsonl", rows), "--person", "annotator 1")
    assert record["raters"][0]["metrics"]["mae"]["value"] == pytest.approx(2 / 3)
    assert record["raters"][0]["alt_test"] is None
    assert record["raters"][0]["alt_test_note"] == "the data do not say who gave which label"


def test_baselines_are_fitted_on_other_items_where_there_are_some(data: Path, tmp_path: Path) -> None:
    train = write_lines(tmp_path / "train.jsonl", [*reviews(80, seed=5), reviews()[0] | {"key": "twin"}])
    record = found(data, "--ratings", "judge", "--field", "text", "--train", train)
    assert record["baselines"]["tfidf"]["from"].startswith("fitted on ")
    assert record["constant"]["from"].startswith("the best constant answer on the ")
    assert any(note.startswith("Of --train, not fitted on (in the data too: ") for note in record["notes"])


def test_parts_of_the_data_are_compared(data: Path) -> None:
    record = found(data, "--ratings", "judge", "--by", "town")
    (audit,) = [audit for audit in record["raters"][0]["audits"] if audit["name"] == "agreement by town"]
    assert audit["details"]["items by part"] == {"Bonn": 20, "Kiel": 20, "Ulm": 20}


def test_slow_tests_are_made_when_asked_for(data: Path) -> None:
    record = found(data, "--ratings", "judge", "--full")
    assert record["raters"][0]["replace_one"]["n"] == 60
    assert "detectability" in {audit["name"] for audit in record["raters"][0]["audits"]}
    assert set(record["people"]["each"]["annotators"]) == {"ann", "bob", "cleo", "dora"}


def test_the_first_line_is_the_verdict_and_tables_fit_80_columns(data: Path) -> None:
    lines = shown(data, "--ratings", "weak", "--field", "text")
    assert lines[0].startswith(
        ("'weak' is worse than TF-IDF + ridge: alpha ", "'weak' is not shown to be better than ")
    )
    head = next(number for number, line in enumerate(lines) if line.startswith("rater  "))
    assert all(len(line) <= 80 for line in lines[head : lines.index("", head)])
    names = [line[2:30].strip() for line in lines[head + 1 : head + 7]]
    assert names[0] == "weak"
    assert set(names) >= {"length only", "constant 3", "TF-IDF + ridge", "one human against the others"}
    assert "paired difference in alpha" in "\n".join(lines)
    assert any(line.startswith("audits of weak") for line in lines)


def test_without_texts_there_is_the_constant_alone_and_that_is_said(data: Path) -> None:
    lines = shown(data, "--ratings", "judge")
    assert "No texts were named (--field): no length and no TF-IDF baseline." in lines
    assert lines[0].startswith("'judge' is better than constant 3: alpha ")


def test_how_many_labels_would_settle_it_is_said(tmp_path: Path) -> None:
    rows = reviews(40, seed=3)
    for number, row in enumerate(rows):  # a judge that reads every second review
        row["judge"] = next(level for level, word in WORDS.items() if word in row["text"]) if number % 2 else 3
    record = found(write_lines(tmp_path / "d.jsonl", rows), "--ratings", "judge", "--field", "text")
    best = next(one for one in record["comparisons"] if one["b"] == "TF-IDF + ridge")
    assert not best["better"] and not best["worse"]
    assert best["labels_needed"]["n"] == 40
    assert "not shown to be better than TF-IDF + ridge" in record["verdict"][0]


def test_fewer_items_than_there_are_settle_nothing(tmp_path: Path) -> None:
    data = write_lines(tmp_path / "d.jsonl", reviews(40, seed=3))
    result = run(data, "--ratings", "judge", "--scale", "ordinal:1-5", "--label", "labels", "--id", "key",
                 "--resamples", "20")  # fmt: skip
    first = result.stdout.splitlines()[0]
    # So few resamples give no small p, however far the interval is from 0.
    assert "not shown to be better" in first and "corrected for all comparisons its p is 0." in first
    assert "settle" not in first


def test_pairs_have_baselines_of_their_own(tmp_path: Path) -> None:
    rows = [
        {"id": str(n), "answer_a": "word " * (1 + n % 7), "answer_b": "word " * (1 + n % 5), "label": "AB"[n % 2]}
        for n in range(24)
    ]
    for row in rows:
        row["judge"] = row["label"]
    path = write_lines(tmp_path / "d.jsonl", rows)
    fields = ("--field", "answer_a", "--field", "answer_b", "--id", "id")
    result = run(path, "--ratings", "judge", "--scale", "pairwise", *fields, "--resamples", 100, "--json")
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    assert record["baselines"]["tfidf"]["name"] == "TF-IDF + logistic"
    assert record["raters"][0]["metrics"]["alpha"]["value"] == 1.0


def test_people_are_measured_on_items_that_they_tie_on_as_well(tmp_path: Path) -> None:
    labels = [["yes", "yes"], ["no", "no"], ["yes", "no"], ["no", "yes"]]
    rows = [
        {"key": str(n), "labels": dict(zip("pq", given, strict=True)), "judge": "yes"} for n, given in enumerate(labels)
    ]
    path = write_lines(tmp_path / "d.jsonl", rows)
    result = run(path, "--ratings", "judge", "--scale", "nominal:yes,no", *OPTIONS[2:], "--json")
    record = json.loads(result.stdout)
    assert (record["items"], record["dropped"]) == (2, {"tied majority": 2})
    assert (record["raters"][0]["n"], record["raters"][0]["items_without_gold"]) == (2, 2)
    # Two items of four alike: without the ties people would seem to agree always.
    assert record["one_human"]["n"] == 4
    assert record["one_human"]["metrics"]["accuracy"]["value"] == 0.5
    assert record["people"]["among_each_other"]["n"] == 4
