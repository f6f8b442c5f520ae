"""Measuring a saved rater on a file of labels: hand-worked numbers, the constant, one person, and clean JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from accord.app.console import Console
from accord.app.evaluate import evaluate_file, measure, open_labels
from accord.data import InputError, Nominal, Ordinal
from accord.programs import Rater, resolve_model

COLUMNS = {"label": "label", "annotator": None, "id": None, "group": None}


def says(labels: dict[str, object]):
    return lambda text: f"Reason: r\nLabel: {labels[text]}" if text in labels else "no idea"


@pytest.fixture
def stars(tmp_path: Path) -> Path:
    path = tmp_path / "stars.csv"
    path.write_text("text,label\na,1\nb,2\nc,4\nd,5\n", encoding="utf-8")
    return path


def test_an_item_without_a_label_counts_as_the_recorded_constant(make_rater, stars) -> None:
    rater = make_rater(says({"a": 1, "b": 3, "c": 4}))
    rater.provenance = {"constant": 3}
    found = measure(rater, open_labels(stars, rater, COLUMNS))
    # rater 1, 3, 4 and 3 for the silent d, against 1, 2, 4, 5: MAE (0 + 1 + 0 + 2) / 4; constant (2 + 1 + 1 + 2) / 4
    assert found.rater.metrics["mae"].value == pytest.approx(0.75)
    assert found.constant.metrics["mae"].value == pytest.approx(1.5)
    assert (found.answer, found.rater.unparsed, found.rater.fill) == (3, 1, 3)
    assert found.unparsed == {"no_label": 1}
    assert found.human is None


def test_without_a_recorded_constant_the_file_gives_one_and_that_is_said(make_rater, tmp_path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("text,label\na,yes\nb,yes\nc,no\n", encoding="utf-8")
    rater = make_rater(says({"a": "yes", "b": "no", "c": "no"}), Nominal(["yes", "no"]))
    found = measure(rater, open_labels(path, rater, COLUMNS))
    assert found.answer == "yes"
    assert found.answer_from.startswith("majority of this file's labels")
    assert found.rater.metrics["accuracy"].value == pytest.approx(2 / 3)
    assert found.constant.metrics["accuracy"].value == pytest.approx(2 / 3)


def test_one_person_is_measured_against_the_others(make_rater, tmp_path) -> None:
    path = tmp_path / "d.csv"
    rows = [("a", "p", 1), ("a", "q", 1), ("b", "p", 5), ("b", "q", 5), ("c", "p", 3)]
    path.write_text("text,who,label\n" + "".join(f"{t},{w},{y}\n" for t, w, y in rows), encoding="utf-8")
    rater = make_rater(says({"a": 1, "b": 5, "c": 3}))
    found = measure(rater, open_labels(path, rater, {**COLUMNS, "annotator": "who"}))
    assert found.human is not None
    assert found.human.n == 2  # c has one label only
    assert found.human.metrics["alpha"].value == pytest.approx(1.0)


def test_a_rater_of_cut_labels_reads_them_as_they_were(make_rater, tmp_path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("text,label\na,-2.5\nb,0.1\nc,3\n", encoding="utf-8")
    rater = make_rater(says({"a": 1, "b": 2, "c": 3}), Ordinal(1, 3, {1: "bad"}))
    rater.provenance = {"cut": {"scale": {"type": "interval", "low": -4, "high": 4}, "thresholds": [-1, 1]}}
    corpus = open_labels(path, rater, COLUMNS)
    assert corpus.golds() == [1, 2, 3]
    assert corpus.scale == rater.scale


def test_the_table_fits_80_columns_and_says_what_it_stands_on(make_rater, stars, capsys) -> None:
    rater = make_rater(says({"a": 1, "b": 3, "c": 4}))
    rater.provenance = {"constant": 3}
    evaluate_file(rater, stars, name="raters/stars", columns=COLUMNS, as_json=False, console=Console())
    said = capsys.readouterr()
    shown = said.out.splitlines()
    assert "raters/stars on" in shown[0] and "4 items" in said.out
    assert any(line.split()[:2] == ["constant", "3"] for line in shown)
    assert "No label from the rater (no label: 1): counts as the constant answer." in shown
    assert "only 4 items: the interval is likely too short" in said.out
    table = [line for line in shown if "alpha" in line or "constant 3" in line]
    assert all(len(line) <= 80 for line in table)
    assert "\x1b" not in said.out
    (stage,) = said.err.splitlines()
    assert stage.startswith("rating: 4/4, ")


def test_json_is_all_there_is_on_stdout(make_rater, stars, capsys) -> None:
    rater = make_rater(says({"a": 1, "b": 3, "c": 4}))
    evaluate_file(rater, stars, name="r", columns=COLUMNS, as_json=True, console=Console())
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["schema"] == 1
    assert found["items"] == found["rater"]["n"] == 4
    assert found["rater"]["unparsed_by_reason"] == {"no_label": 1}
    assert set(found["rater"]["metrics"]) >= {"alpha", "tau_b", "mae"}
    assert found["one_human"] is None
    assert found["constant"]["label"] == 2  # of 1, 2, 4, 5 the middle is 2 or 4; both are as near to the mean, 3


def test_one_level_is_measured_and_explained(make_rater, tmp_path, capsys) -> None:
    path = tmp_path / "d.csv"
    path.write_text("text,label\na,3\nb,3\n", encoding="utf-8")
    rater = make_rater(says({"a": 3, "b": 3}))
    evaluate_file(rater, path, name="r", columns=COLUMNS, as_json=False, console=Console())
    assert "Alpha of rater:" in capsys.readouterr().out


def test_labels_off_the_rater_s_scale_are_refused(make_rater, tmp_path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("text,label\na,3\nb,7\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"d\.csv, line 3, column 'label': '7' is outside the scale"):
        open_labels(path, make_rater(says({})), COLUMNS)


@pytest.mark.slow
def test_a_fresh_process_prints_one_json_document(tmp_path) -> None:
    rater = Rater(Nominal(["good", "bad"]), fields=("text",), lm=resolve_model("local", max_tokens=16))
    rater.save(tmp_path / "rater")
    (tmp_path / "d.csv").write_text("text,label\nI love it.,good\nIt broke.,bad\n", encoding="utf-8")
    command = [sys.executable, "-m", "accord.app.cli", "evaluate", "rater", "d.csv", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rater"]["n"] == 2
