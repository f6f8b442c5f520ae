"""Rating a file: what is written, that it appears whole or not at all, and that nothing is asked twice."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet
import pytest

from accord.app.console import Console
from accord.app.rate.rate import check_places, rate_file
from accord.data import InputError, Interval, Journal, Nominal, SetupError
from accord.programs import Completion, Rater, resolve_model


@pytest.fixture
def items(tmp_path: Path) -> Path:
    path = tmp_path / "items.csv"
    path.write_text('key,text,other\nk1,good,x\nk2,"bad, really",y\nk3,unclear,z\n', encoding="utf-8")
    return path


def answer(text: str) -> str:
    return {"good": "Reason: It is good.\nLabel: 5", "bad, really": "Reason: Bad.\nLabel: 1"}.get(text, "no idea")


def rate(rater: Rater, data: Path, out: Path, id: str | None = "key"):
    return rate_file(rater, data, out, id=id, seed=0, console=Console())


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_a_csv_has_id_fields_label_rationale_and_reason(make_rater, items, tmp_path, capsys) -> None:
    rate(make_rater(answer), items, tmp_path / "out.csv")
    assert read_csv(tmp_path / "out.csv") == [
        {"id": "k1", "text": "good", "label": "5", "rationale": "It is good.", "unparsed": ""},
        {"id": "k2", "text": "bad, really", "label": "1", "rationale": "Bad.", "unparsed": ""},
        {"id": "k3", "text": "unclear", "label": "", "rationale": "no idea", "unparsed": "no_label"},
    ]
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("rated 2 of 3 items in ")
    assert line.endswith(f"; 1 without a label (no label: 1): {tmp_path / 'out.csv'}")


def test_jsonl_and_parquet_keep_the_type_of_the_label(make_rater, items, tmp_path) -> None:
    rate(make_rater(answer), items, tmp_path / "out.jsonl")
    rate(make_rater(answer), items, tmp_path / "out.parquet")
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["label"] for line in lines] == [5, 1, None]
    assert [line["unparsed"] for line in lines] == [None, None, "no_label"]
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert table.to_pylist() == lines
    assert str(table.schema.field("label").type) == "int64"


@pytest.mark.parametrize(
    ("scale", "reply", "label", "kind"),
    [(Interval(0, 1), "Label: 0.5", 0.5, "double"), (Nominal(["yes", "no"]), "Label: no", "no", "string")],
)
def test_other_scales_in_parquet(make_rater, items, tmp_path, scale, reply, label, kind) -> None:
    rate(make_rater(lambda text: f"Reason: r\n{reply}", scale), items, tmp_path / "out.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    assert set(table.column("label").to_pylist()) == {label}
    assert str(table.schema.field("label").type) == kind


def test_a_field_called_id_keeps_its_column(make_rater, tmp_path) -> None:
    (tmp_path / "items.csv").write_text("id\nsome text\n", encoding="utf-8")
    rate(
        make_rater(lambda text: "Reason: r\nLabel: 3", fields=("id",)), tmp_path / "items.csv", tmp_path / "o.csv", None
    )
    (row,) = read_csv(tmp_path / "o.csv")
    assert row["id"] == "some text"
    assert len(row["item_id"]) == 16  # a hash of the content


def test_repeated_rows_are_rated_once_and_counted(make_rater, tmp_path, capsys) -> None:
    (tmp_path / "items.csv").write_text("text\ngood\ngood\n", encoding="utf-8")
    rater = make_rater(answer)
    rate(rater, tmp_path / "items.csv", tmp_path / "out.csv", None)
    assert len(read_csv(tmp_path / "out.csv")) == len(rater.lm.engine.asked) == 1
    assert "left out (repeated row: 1)" in capsys.readouterr().err


def test_a_run_that_fails_keeps_the_old_file_and_goes_on_later(make_rater, items, tmp_path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("old", encoding="utf-8")

    def breaks(text: str) -> str:
        if text == "unclear":
            raise KeyboardInterrupt
        return answer(text)

    with pytest.raises(KeyboardInterrupt):
        rate(make_rater(breaks), items, out)
    assert out.read_text(encoding="utf-8") == "old"
    again = make_rater(answer)
    rate(again, items, out)
    assert len(again.lm.engine.asked) == 1
    assert [row["label"] for row in read_csv(out)] == ["5", "1", ""]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["items.csv", "out.csv"]


def test_requests_that_failed_are_named_and_asked_again(make_rater, items, tmp_path, capsys) -> None:
    out = tmp_path / "out.csv"

    def offline(text: str) -> str | Completion:
        return Completion("", error="RateLimit: slow down") if text == "unclear" else answer(text)

    rate(make_rater(offline), items, out)
    assert [row["unparsed"] for row in read_csv(out)] == ["", "", "error"]
    said = capsys.readouterr().err
    assert "the first said: RateLimit: slow down." in said
    assert "Run the same command again" in said
    again = make_rater(lambda text: "Reason: r\nLabel: 3")
    rate(again, items, out)
    assert len(again.lm.engine.asked) == 1
    assert [row["label"] for row in read_csv(out)] == ["5", "1", "3"]


def test_the_same_output_cannot_be_written_twice_at_once(make_rater, items, tmp_path) -> None:
    rater = make_rater(answer)
    with Journal(tmp_path / ".out.csv.journal"), pytest.raises(SetupError, match="is in use by process"):
        rate(rater, items, tmp_path / "out.csv")
    assert rater.lm.engine.asked == []


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_asked(make_rater, items, tmp_path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    rater = make_rater(answer)
    with pytest.raises(SetupError, match="cannot be written"):
        rate(rater, items, tmp_path / "file" / "out.csv")
    assert rater.lm.engine.asked == []


@pytest.mark.parametrize(("name", "said"), [("out.xlsx", "'.xlsx' are not written"), ("out", "has no suffix")])
def test_only_known_kinds_of_file_are_written(items, tmp_path, name, said) -> None:
    with pytest.raises(InputError, match=said):
        check_places(items, tmp_path / name)


def test_the_data_are_never_replaced(items, tmp_path) -> None:
    with pytest.raises(InputError, match="would replace the data"):
        check_places(items, tmp_path / "." / "items.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError, match="is a directory"):
        check_places(items, tmp_path / "folder.csv")


@pytest.mark.slow
def test_a_saved_rater_gives_the_same_labels_in_two_fresh_processes(tmp_path) -> None:
    rater = Rater(Nominal(["good", "bad"]), fields=("text",), lm=resolve_model("local", max_tokens=24))
    rater.save(tmp_path / "rater")
    texts = ["I love it.", "I hate it.", "It broke at once.", "Lovely."]
    (tmp_path / "items.csv").write_text("text\n" + "\n".join(texts) + "\n", encoding="utf-8")
    for name in ("one.csv", "two.csv"):
        command = [
            sys.executable,
            "-m",
            "accord.app",
            "rate",
            "rater",
            "items.csv",
            "--out",
            name,
            "--seed",
            "3",
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr.startswith("rated ") and len(done.stderr.splitlines()) == 1
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    assert [row["text"] for row in read_csv(tmp_path / "one.csv")] == texts
