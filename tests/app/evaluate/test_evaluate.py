"""Evaluating saved raters on a file of labels: hand-worked numbers, the constant, one person, and clean JSON."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from accord.app.console import Console
from accord.app.evaluate.inputs import DataColumns
from accord.app.evaluate.measure import Settings
from accord.app.evaluate.run import WantedEvaluation, evaluate_file
from accord.data import InputError, Nominal, Ordinal
from accord.programs import Rater, resolve_model


def says(labels: dict[str, object]):
    return lambda text: f"Reason: r\nLabel: {labels[text]}" if text in labels else "no idea"


@pytest.fixture
def stars(tmp_path: Path) -> Path:
    path = tmp_path / "stars.csv"
    path.write_text("text,label\na,1\nb,2\nc,4\nd,5\n", encoding="utf-8")
    return path


@pytest.fixture
def evaluated(capsys):
    """Evaluate raters on a file and return the record that is printed."""

    def run(data: Path, *raters: Rater, columns: DataColumns | None = None, **options):
        named = {f"raters/{number}": rater for number, rater in enumerate(raters)}
        chosen = DataColumns() if columns is None else columns
        wanted = WantedEvaluation(data, chosen, named, settings=Settings(resamples=100), **options)
        evaluate_file(wanted, as_json=True, console=Console())
        return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)

    return run


def test_an_item_without_a_label_counts_as_the_recorded_constant(make_rater, stars, evaluated) -> None:
    rater = make_rater(says({"a": 1, "b": 3, "c": 4}))
    rater.provenance = {"constant": 3}
    record = evaluated(stars, rater)
    (found,) = record["raters"]
    # rater 1, 3, 4 and 3 for the silent d, against 1, 2, 4, 5: MAE (0 + 1 + 0 + 2) / 4; constant (2 + 1 + 1 + 2) / 4
    assert found["metrics"]["mae"]["value"] == pytest.approx(0.75)
    assert record["constant"]["metrics"]["mae"]["value"] == pytest.approx(1.5)
    assert (record["constant"]["label"], found["unparsed"], found["fill"]) == (3, 1, 3)
    assert found["unparsed_by_reason"] == {"no_label": 1}
    assert record["one_human"] is None


def test_without_a_recorded_constant_the_file_gives_one_and_that_is_said(make_rater, tmp_path, evaluated) -> None:
    path = tmp_path / "d.csv"
    path.write_text("text,label\na,yes\nb,yes\nc,no\n", encoding="utf-8")
    rater = make_rater(says({"a": "yes", "b": "no", "c": "no"}), Nominal(["yes", "no"]))
    record = evaluated(path, rater)
    assert record["constant"]["label"] == "yes"
    assert record["constant"]["from"].startswith("majority of this file's labels")
    assert record["raters"][0]["metrics"]["accuracy"]["value"] == pytest.approx(2 / 3)
    assert record["constant"]["metrics"]["accuracy"]["value"] == pytest.approx(2 / 3)


def test_raters_that_record_different_constants_share_the_file_s(make_rater, stars, evaluated) -> None:
    one, other = make_rater(says({"a": 1, "b": 2})), make_rater(says({"a": 1, "c": 4}))
    one.provenance, other.provenance = {"constant": 3}, {"constant": 4}
    record = evaluated(stars, one, other)
    assert [rater["name"] for rater in record["raters"]] == ["raters/0", "raters/1"]
    assert record["constant"]["from"].endswith("(the raters record different ones)")
    assert ("raters/0", "raters/1") in {(pair["a"], pair["b"]) for pair in record["comparisons"]}


def test_one_person_is_measured_against_the_others(make_rater, tmp_path, evaluated) -> None:
    path = tmp_path / "d.csv"
    rows = [("a", "p", 1), ("a", "q", 1), ("b", "p", 5), ("b", "q", 5), ("c", "p", 3)]
    path.write_text("text,who,label\n" + "".join(f"{t},{w},{y}\n" for t, w, y in rows), encoding="utf-8")
    rater = make_rater(says({"a": 1, "b": 5, "c": 3}))
    human = evaluated(path, rater, columns=DataColumns(annotator="who"))["one_human"]
    assert human["n"] == 2  # c has one label only
    assert human["metrics"]["alpha"]["value"] == pytest.approx(1.0)


def test_a_rater_of_cut_labels_reads_them_as_they_were(make_rater, tmp_path, evaluated) -> None:
    path = tmp_path / "d.csv"
    path.write_text("text,label\na,-2.5\nb,0.1\nc,3\n", encoding="utf-8")
    rater = make_rater(says({"a": 1, "b": 2, "c": 3}), Ordinal(1, 3, {1: "bad"}))
    rater.provenance = {"cut": {"scale": {"type": "interval", "low": -4, "high": 4}, "thresholds": [-1, 1]}}
    record = evaluated(path, rater)
    assert record["raters"][0]["metrics"]["mae"]["value"] == 0.0
    assert record["scale"] == rater.scale.to_dict()


def test_a_rater_and_ready_made_ratings_stand_beside_each_other(make_rater, tmp_path, evaluated) -> None:
    path = tmp_path / "d.csv"
    path.write_text("text,label,old\na,1,2\nb,2,2\nc,4,\nd,5,4\n", encoding="utf-8")
    record = evaluated(path, make_rater(says({"a": 1, "b": 2, "c": 4, "d": 5})), ratings=["old"])
    assert [(rater["name"], rater["n"]) for rater in record["raters"]] == [("rater", 4), ("old", 3)]
    between = record["comparisons"][-1]
    assert (between["a"], between["b"], between["n"]) == ("rater", "old", 3)


def test_the_tables_fit_80_columns_and_say_what_they_stand_on(make_rater, stars, capsys) -> None:
    rater = make_rater(says({"a": 1, "b": 3, "c": 4}))
    rater.provenance = {"constant": 3}
    evaluate_file(WantedEvaluation(stars, raters={"raters/stars": rater}), as_json=False, console=Console())
    said = capsys.readouterr()
    shown = said.out.splitlines()
    assert shown[0].startswith("The rater is not shown to be better than ")
    assert f"raters/stars on {stars}: 4 items, a whole number from 1 to 5" in shown
    assert any(line.split()[:2] == ["constant", "3"] for line in shown)
    assert "No label from the rater (no label: 1): counts as the constant answer." in shown
    assert "only 4 items: the interval is likely too short" in said.out
    table = [line for line in shown if line.startswith(("rater  ", "  rater", "  constant", "  length", "paired"))]
    assert len(table) > 4 and all(len(line) <= 80 for line in table)
    assert "\x1b" not in said.out
    assert said.err.splitlines()[0].startswith("rating: 4/4, ")


def test_json_is_all_there_is_on_stdout(make_rater, stars, evaluated) -> None:
    record = evaluated(stars, make_rater(says({"a": 1, "b": 3, "c": 4})))
    assert record["schema"] == 2
    assert record["items"] == record["raters"][0]["n"] == 4
    assert record["raters"][0]["source"] == "raters/0"
    assert set(record["raters"][0]["metrics"]) >= {"alpha", "tau_b", "mae"}
    assert record["one_human"] is None
    assert record["constant"]["label"] == 2  # of 1, 2, 4, 5 the middle is 2 or 4; both are as near to the mean, 3


def test_one_level_is_measured_and_explained(make_rater, tmp_path, capsys) -> None:
    path = tmp_path / "d.csv"
    path.write_text("text,label\na,3\nb,3\n", encoding="utf-8")
    wanted = WantedEvaluation(path, raters={"r": make_rater(says({"a": 3, "b": 3}))})
    evaluate_file(wanted, as_json=False, console=Console())
    said = capsys.readouterr().out
    assert said.startswith("Nothing is shown of the rater: alpha is undefined (")
    assert "Alpha of rater:" in said


def test_labels_off_the_rater_s_scale_are_refused(make_rater, tmp_path, evaluated) -> None:
    path = tmp_path / "d.csv"
    path.write_text("text,label\na,3\nb,7\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"d\.csv, line 3, column 'label': '7' is outside the scale"):
        evaluated(path, make_rater(says({})))


def test_raters_that_do_not_go_together_are_refused(make_rater, stars, evaluated) -> None:
    with pytest.raises(InputError, match="the raters have different scales"):
        evaluated(stars, make_rater(says({})), make_rater(says({}), Ordinal(1, 7)))
    with pytest.raises(InputError, match="the raters read different fields"):
        evaluated(stars, make_rater(says({})), make_rater(says({}), fields=("label2",)))
    with pytest.raises(InputError, match="the rater has a scale of its own. Leave --scale out."):
        evaluated(stars, make_rater(says({})), scale="ordinal:1-5")
    with pytest.raises(InputError, match="the rater reads text. Leave --field out."):
        evaluated(stars, make_rater(says({})), columns=DataColumns(fields=["text"]))


@pytest.mark.slow
def test_a_fresh_process_prints_one_json_document(tmp_path) -> None:
    rater = Rater(Nominal(["good", "bad"]), fields=("text",), lm=resolve_model("local", max_tokens=16))
    rater.save(tmp_path / "rater")
    (tmp_path / "d.csv").write_text("text,label\nI love it.,good\nIt broke.,bad\n", encoding="utf-8")
    command = [sys.executable, "-m", "accord.app", "evaluate", "rater", "d.csv", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["raters"][0]["n"] == 2
