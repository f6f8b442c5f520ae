"""A rater of pairs at the front door: rated in both orders, and refused in one line by what asks once."""

import csv
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from accord.app.commands.main import app
from accord.app.console import Console
from accord.app.evaluate.inputs import DataColumns
from accord.app.evaluate.measure import Settings
from accord.app.evaluate.run import WantedEvaluation, evaluate_file
from accord.app.rate.rate import rate_file
from accord.data import Pairwise
from accord.programs import Guideline, PairRater, Rater, scripted_lm

FIELDS = ("answer_a", "answer_b")


def _first_unless_good(prompt, draw) -> str:
    shown = prompt.turns[-1].content
    if "silent" in shown.split("</answer_a>")[0]:
        return "Hard to tell."
    return "Reason: r\nLabel: " + ("B" if "good" in shown.split("</answer_a>")[1] else "A")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    PairRater(Rater(Pairwise(), Guideline("Which?"), fields=FIELDS)).save(tmp_path / "rater")
    return tmp_path / "rater"


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "items.csv"
    path.write_text("key,answer_a,answer_b\nk1,good,fair\nk2,fair,fine\nk3,silent,fair\n", encoding="utf-8")
    return path


def test_both_orders_stand_beside_the_label(folder, items, tmp_path, capsys) -> None:
    rater = PairRater.load(folder, lm=scripted_lm(_first_unless_good))
    rate_file(rater, items, tmp_path / "out.csv", id="key", seed=0, console=Console())
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["id", *FIELDS, "label", "given", "swapped", "rationale", "unparsed"]
    told = [[row[name] for name in ("label", "given", "swapped", "unparsed")] for row in rows]
    assert told == [["A", "A", "B", ""], ["tie", "A", "A", ""], ["", "", "A", "no_label"]]
    assert "rated 2 of 3 items" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["serve", "export"])
def test_what_asks_once_refuses_in_one_line(folder, tmp_path, command) -> None:
    more = {"serve": ["--port", "0"], "export": ["--merged", str(tmp_path / "new")]}[command]
    result = CliRunner().invoke(app, [command, str(folder), *more])
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    (line,) = result.stderr.splitlines()
    assert "holds a rater of pairs that is asked in both orders" in line and "PairRater.load(path)" in line


def test_the_command_line_rates_with_either_kind(folder, items, tmp_path) -> None:
    # Neither has a model: the refusal shows that the directory was read.
    Rater(Pairwise(), Guideline("Which?"), fields=FIELDS).save(tmp_path / "plain")
    for place in (folder, tmp_path / "plain"):
        arguments = ["rate", str(place), str(items), "--out", str(tmp_path / "out.csv"), "--id", "key"]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 2 and "the rater was saved without a model" in result.stderr


def test_an_evaluation_asks_in_both_orders_and_says_what_hung_on_the_order(folder, tmp_path, capsys) -> None:
    data = tmp_path / "labelled.csv"
    # One of the two answers may be empty, as real ones are.
    rows = [f"k{number},good,fair {number},A" for number in range(6)] + [
        f"t{number},fine {number},,tie" for number in range(6)
    ]
    data.write_text("\n".join(["key,answer_a,answer_b,label", *rows]) + "\n", encoding="utf-8")
    rater = PairRater.load(folder, lm=scripted_lm(_first_unless_good))
    wanted = WantedEvaluation(data, DataColumns(id="key"), {"pairs": rater}, settings=Settings(resamples=100))
    evaluate_file(wanted, as_json=True, console=Console())
    record = json.loads(capsys.readouterr().out)
    (found,) = record["raters"]
    assert found["metrics"]["accuracy"]["value"] == 1.0  # two orders that differ are a tie
    (finding,) = [one for one in found["audits"] if one["name"] == "position bias"]
    assert finding["shown"] is True and finding["n"] == 12
