"""Bad input to an evaluation: one line with place and cure, or an answer that counts what it left out and says why."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from accord.app.commands.main import app
from worlds.rated_reviews import reviews, write_lines

OPTIONS = ("--scale", "ordinal:1-5", "--label", "labels", "--id", "key", "--resamples", "100")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def refused(*arguments: object) -> str:
    """Return the message of a refusal, after checking that it is nothing but one line."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    return line.removeprefix("error: ")


def record(*arguments: object) -> dict[str, Any]:
    result = run(*arguments, *OPTIONS, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout, parse_constant=pytest.fail)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "d.jsonl", reviews(12))


def column(tmp_path: Path, ratings: list[Any], **more: Any) -> Path:
    """Write items with the labels of two people and a column of ratings."""
    rows = [
        {"key": str(n), "labels": {"ann": 1 + n % 5, "bob": 1 + (n + n // 5) % 5}, "judge": rating, **more}
        for n, rating in enumerate(ratings)
    ]
    return write_lines(tmp_path / "column.jsonl", rows)


def test_nobody_to_evaluate(data: Path) -> None:
    line = refused(data, *OPTIONS)
    assert line.startswith(f"{data}: there is nobody to evaluate. Give a rater's folder before the data, --ratings ")


def test_the_scale_is_never_guessed(data: Path) -> None:
    line = refused(data, "--ratings", "judge", "--label", "labels", "--id", "key")
    assert line.startswith("--scale: without a rater nobody knows the scale. Give one: ordinal:1-5, ")
    assert refused(data, "--ratings", "judge", "--scale", "stars").startswith("--scale: 'stars' is no scale. ")


def test_nobody_is_left_when_everybody_is_held_out(data: Path) -> None:
    people = [word for name in ("ann", "bob", "cleo", "dora") for word in ("--person", name)]
    line = refused(data, *people, *OPTIONS)
    assert line.startswith(f"{data}: without ann, bob, cleo, dora nobody's labels are left. ")


def test_a_lone_label_of_an_item_is_somebodys(tmp_path: Path) -> None:
    rows = [{"key": str(n), "labels": 1 + n % 5, "judge": 1 + (n + n // 6) % 5} for n in range(30)]
    found = record(write_lines(tmp_path / "alone.jsonl", rows), "--ratings", "judge", "--full")
    (told,) = [one for one in found["raters"][0]["audits"] if one["name"] == "detectability"]
    assert told["n"] == 30 and "the two give the same label on" in told["verdict"]


def test_items_that_nothing_tells_apart(data: Path) -> None:
    line = refused(data, "--ratings", "judge", "--label", "labels", "--scale", "ordinal:1-5")
    assert "--field: the items can be told apart by nothing. Name the columns" in line


def test_a_column_that_is_not_there(data: Path) -> None:
    line = refused(data, "--ratings", "jugde", *OPTIONS)
    assert line.startswith(f"{data}, line 1: there is no column 'jugde' (wanted as ratings). The columns are: key, ")
    assert line.endswith("Did you mean 'judge'?")
    assert "there is no column 'twon'" in refused(data, "--ratings", "judge", "--by", "twon", *OPTIONS)
    assert "there is no column 'sur'" in refused(data, "--ratings", "judge", "--confidence", "sur", *OPTIONS)


def test_a_column_of_a_file_that_is_not_there(data: Path, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("id,grade\nr000,3\n", encoding="utf-8")
    line = refused(data, "--ratings", tmp_path / "r.csv", *OPTIONS)
    assert line.endswith(
        "r.csv: there is no column 'label'. Name one with --ratings FILE:COLUMN; the columns are: id, grade."
    )
    (tmp_path / "n.csv").write_text("name,label\nr000,3\n", encoding="utf-8")
    assert "n.csv: there is no column 'key' or 'id'. Give the items' ids in a column 'id'" in refused(
        data, "--ratings", tmp_path / "n.csv", *OPTIONS
    )
    assert "there is no such file" in refused(data, "--ratings", tmp_path / "none.csv", *OPTIONS)


@pytest.mark.parametrize("rating", ["7", "0", "4 stars", "inf", "-inf", "1e400"])
def test_a_rating_off_the_scale(data: Path, tmp_path: Path, rating: str) -> None:
    (tmp_path / "r.csv").write_text(f"id,label\nr000,3\nr001,{rating}\n", encoding="utf-8")
    line = refused(data, "--ratings", tmp_path / "r.csv", *OPTIONS)
    assert "r.csv, line 3, column 'label': " in line
    assert line.endswith("Allowed: 1, 2, 3, 4, 5. Leave the cell empty where there is no rating.")


def test_a_rating_that_is_not_a_number_is_no_rating_and_counted(tmp_path: Path) -> None:
    found = record(column(tmp_path, [1, 2, 3, float("nan"), None, ""]), "--ratings", "judge")
    assert (found["raters"][0]["n"], found["raters"][0]["not_rated"]) == (3, 3)


def test_unknown_and_missing_items_are_counted(data: Path, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("id,label\nr000,3\nr001,2\nr999,1\n", encoding="utf-8")
    found = record(data, "--ratings", tmp_path / "r.csv")
    (judge,) = found["raters"]
    assert (judge["n"], judge["not_rated"], judge["unknown_items"]) == (2, 10, 1)
    assert (
        "Of 'r', not measured (items without a rating: 10, ratings of items that are not in the data: 1): "
        "figures are of 2 items."
    ) in found["notes"]


def test_ratings_of_other_items_altogether(data: Path, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("id,label\nx1,3\nx2,2\n", encoding="utf-8")
    line = refused(data, "--ratings", tmp_path / "r.csv", *OPTIONS)
    assert f"none of 2 ratings is of an item of {data} (the first is of 'x1'). Give both files the same ids" in line
    (tmp_path / "e.csv").write_text("id,label\nr000,\n", encoding="utf-8")
    assert "no item has a rating" in refused(data, "--ratings", tmp_path / "e.csv", *OPTIONS)


def test_two_ratings_of_an_item_by_one_rater(data: Path, tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("id,label\nr000,3\nr001,2\nr000,4\n", encoding="utf-8")
    line = refused(data, "--ratings", tmp_path / "r.csv", *OPTIONS)
    assert line.endswith(
        f"r.csv, line 4, column 'label': item 'r000' has '4' here and '3' at {tmp_path / 'r.csv'}, line 2, "
        "column 'label'. Keep one of the two."
    )
    (tmp_path / "s.csv").write_text("id,label\nr000,3\nr001,2\nr000,3\n", encoding="utf-8")
    found = record(data, "--ratings", tmp_path / "s.csv")
    assert found["raters"][0]["repeated"] == 1
    assert any("ratings given twice alike: 1" in note for note in found["notes"])


def test_two_labels_of_an_item_by_one_person(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("key,who,labels,judge\na,ann,1,1\na,ann,2,1\n", encoding="utf-8")
    line = refused(tmp_path / "d.csv", "--ratings", "judge", "--annotator", "who", *OPTIONS)
    assert (
        "line 3, column 'labels': annotator 'ann' gives 2 to an item they gave 1 on line 2. Keep one of the two."
        in line
    )


def test_a_confidence_that_is_no_probability(data: Path, tmp_path: Path) -> None:
    for value, said in (("1.2", "the confidence 1.2 is no probability. Give 0 to 1."), ("inf", "'inf' is no finite")):
        (tmp_path / "r.csv").write_text(f"id,label,confidence\nr000,3,{value}\n", encoding="utf-8")
        line = refused(data, "--ratings", tmp_path / "r.csv", *OPTIONS)
        assert f"line 2, column 'confidence': {said}" in line


def test_a_person_whom_nobody_knows(data: Path) -> None:
    line = refused(data, "--person", "anne", *OPTIONS)
    assert line.endswith("no annotator is called 'anne'. The annotators are: ann, bob, cleo, dora. Did you mean 'ann'?")


def test_the_same_rater_twice(data: Path) -> None:
    assert "is named twice. Name everybody once." in refused(data, "--ratings", "judge", "--ratings", "judge", *OPTIONS)


def test_one_annotator_only(tmp_path: Path) -> None:
    rows = [{"key": str(n), "labels": {"ann": 1 + n % 5}, "judge": 1 + n % 4} for n in range(20)]
    found = record(write_lines(tmp_path / "d.jsonl", rows), "--ratings", "judge")
    assert found["one_human"] is None
    assert found["people"]["among_each_other"]["metrics"]["alpha"]["note"] == "no item has two labels"
    assert found["raters"][0]["alt_test"] is None
    assert any(note.startswith("No alternative annotator test: it takes 3 people") for note in found["notes"])
    # Held out, she leaves nobody to make gold of.
    line = refused(tmp_path / "d.jsonl", "--person", "ann", *OPTIONS)
    assert line.startswith(f"{tmp_path / 'd.jsonl'}: without ann nobody's labels are left. ")


def test_all_labels_alike(tmp_path: Path) -> None:
    rows = [{"key": str(n), "labels": {"ann": 3, "bob": 3, "cleo": 3}, "judge": 3} for n in range(15)]
    found = record(write_lines(tmp_path / "d.jsonl", rows), "--ratings", "judge")
    assert found["verdict"][0].startswith("Nothing is shown of 'judge': alpha is undefined (")
    alpha = found["raters"][0]["metrics"]["alpha"]
    assert alpha["value"] is None and alpha["note"]
    assert all(audit["shown"] is not True and audit["verdict"] for audit in found["raters"][0]["audits"])


def test_a_constant_rater_is_shown_to_be_nothing(tmp_path: Path) -> None:
    rows = reviews(40)
    for row in rows:
        row["judge"] = 3
    found = record(write_lines(tmp_path / "d.jsonl", rows), "--ratings", "judge", "--field", "text")
    assert not any(contest["better"] for contest in found["comparisons"])
    assert all(audit["verdict"] for audit in found["raters"][0]["audits"])
    assert found["raters"][0]["alt_test"]["verdict"] != "passed"


def test_ties_everywhere(tmp_path: Path) -> None:
    rows = [{"key": str(n), "labels": ["yes", "no"], "judge": "yes"} for n in range(10)]
    line = refused(
        write_lines(tmp_path / "d.jsonl", rows),
        *("--ratings", "judge", "--scale", "nominal:yes,no", "--label", "labels", "--id", "key"),
    )
    assert "none of 10 items has a gold label (10 tied majority). Choose another consensus" in line


def test_ten_items(tmp_path: Path) -> None:
    result = run(write_lines(tmp_path / "d.jsonl", reviews(10)), "--ratings", "judge", "--field", "text", *OPTIONS)
    assert result.exit_code == 0, result.output
    assert "Alpha of judge: only 10 items: the interval is likely too short." in result.stdout
    assert "3 comparisons: 100 resamples are too few to show any of them." in result.stdout


def test_items_that_are_all_one_group_have_no_baselines_out_of_fold(tmp_path: Path) -> None:
    rows = [row | {"author": "one"} for row in reviews(10)]
    path = write_lines(tmp_path / "d.jsonl", rows)
    found = record(path, "--ratings", "judge", "--field", "text", "--group", "author")
    assert found["baselines"] == {}
    assert any(
        note.startswith("No length and no TF-IDF baseline: all 10 items fall into one") for note in found["notes"]
    )


def test_names_have_no_numbers_to_agree_in(tmp_path: Path) -> None:
    rows = [{"key": str(n), "labels": ["yes", "no"][n % 2], "judge": ["yes", "no"][n % 3 % 2]} for n in range(20)]
    path = write_lines(tmp_path / "d.jsonl", rows)
    result = run(path, "--ratings", "judge", *OPTIONS[2:], "--scale", "nominal:yes,no")
    assert result.exit_code == 0, result.output
    assert "kappa  accuracy" in result.stdout
    # Stars on a scale of names, and names on a scale of stars
    assert "'yes' is not a label of the scale" in refused(path, "--ratings", "judge", *OPTIONS)


def test_a_base_or_training_items_that_nothing_uses(data: Path, tmp_path: Path) -> None:
    result = run(data, "--ratings", "judge", "--base", tmp_path)
    assert result.exit_code == 2 and "goes with a rater" in result.stderr
    train = write_lines(tmp_path / "t.jsonl", reviews(20, seed=2))
    assert "baselines cannot be fitted without texts" in refused(data, "--ratings", "judge", "--train", train, *OPTIONS)
    line = refused(data, "--ratings", "judge", "--field", "text", "--train", data, *OPTIONS)
    assert (
        line == "--train: 12 of 12 items to fit baselines on are in the data. Give other items, or leave --train out."
    )
