"""Bad input through the command line: one line with place and cure, exit code 2, nothing written is lost."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from accord.app.commands.main import app
from accord.data import Journal
from worlds.stub_server import StubServer

TASK = """\
name: stars
data: {path: items.csv, fields: [text], label: label}
scale: {type: ordinal, low: 1, high: 5}
"""
GOOD = "text,label\n" + "".join(f"item {number},{number % 5 + 1}\n" for number in range(20))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def one_line(result: Result) -> str:
    """Return the message of a refusal, after checking that it is nothing but one line."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    return line


CASES: dict[str, tuple[str | bytes, tuple[str, ...]]] = {
    "missing column": ("review,label\na,1\n", ("there is no column 'text'", "The columns are: review, label.")),
    "no label column": ("text,stars\na,1\n", ("there is no column 'label'",)),
    "unknown label": ("text,label\na,good\n", ("line 2, column 'label'", "'good' is not a label", "Allowed: 1, 2, 3")),
    "outside the scale": ("text,label\na,1\nb,6\n", ("line 3, column 'label'", "'6' is outside", "Allowed: 1, 2, 3")),
    "nan": ("text,label\na,NaN\n", ("line 2, column 'label'", "'NaN'", "Allowed: 1, 2, 3")),
    "empty label": ("text,label\na,\n", ("line 2, column 'label'", "missing")),
    "empty text": ("text,label\n  ,1\n", ("line 2, column 'text'", "the text is empty", "Fill it in or remove")),
    "wrong encoding": (b"text,label\ncaf\xe9,1\n", ("line 2", "0xe9", "Save it as UTF-8")),
    "utf-16": ("text,label\na,1\n".encode("utf-16"), ("looks like UTF-16", "Save it as UTF-8")),
    "huge cell": (f"text,label\n{'x' * 10_000_000},1\n", ("line 2, column 'text'", "10,000,000 characters", "Shorten")),
    "open quote": ('text,label\n"a,1\nb,2\n', ("line 2", "never closed")),
    "ragged row": ("text,label\na,1\nb\n", ("line 3", "expected 2 columns, found 1", "quotes")),
    "semicolons": ("text;label\na;1\n", ("there is no column 'text'", "semicolons: save it with commas")),
    "only a header": ("text,label\n", ("a header but no rows",)),
    "nothing": ("", ("the file is empty",)),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bad_file_of_labels(case: str, rater_folder: Path, tmp_path: Path) -> None:
    content, said = CASES[case]
    data = tmp_path / "d.csv"
    data.write_bytes(content if isinstance(content, bytes) else content.encode())
    line = one_line(run("evaluate", rater_folder, data))
    assert str(data) in line
    for words in said:
        assert words in line


def test_one_id_with_two_texts(rater_folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "d.csv"
    data.write_text("key,text,label\n1,a,1\n1,b,1\n", encoding="utf-8")
    line = one_line(run("evaluate", rater_folder, data, "--id", "key"))
    assert "line 3, column 'text': id '1' has another text on line 2. Give different items different ids" in line


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("d.jsonl", '{"text": "a", "label": 1}\n{"text": "b"\n', ("d.jsonl, line 2", "not valid JSON")),
        ("d.jsonl", '{"text": "a", "label": NaN}\n', ("d.jsonl, line 1, column 'label'", "missing (nan)")),
        ("d.json", '[{"text": "a", "label": 1}, 3]', ("d.json, record 2", "not a mapping")),
        ("d.json", "[{]", ("d.json", "not valid JSON", "one list of objects")),
        ("d.parquet", "no parquet", ("d.parquet", "not a readable Parquet file")),
        ("d.xlsx", "PK", ("d.xlsx", "not read", "Export the sheet as .csv")),
        ("d.csv.gz", "", ("d.csv.gz", "the file is empty")),
        ("d.csv.gz", "text,label\na,1\n", ("d.csv.gz: cannot be unpacked", "Pack the file again")),
        ("d.jsonl.gz", "{}", ("d.jsonl.gz: cannot be unpacked", "Pack the file again")),
        ("d.json.gz", "[]", ("d.json.gz: cannot be unpacked", "Pack the file again")),
        ("d.parquet.gz", "", ("d.parquet.gz", "not read", "gunzip")),
        ("d", "", ("no suffix",)),
    ],
)
def test_other_kinds_of_file(
    rater_folder: Path, tmp_path: Path, name: str, content: str, said: tuple[str, ...]
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    line = one_line(run("evaluate", rater_folder, tmp_path / name))
    for words in said:
        assert words in line


def test_a_file_that_is_not_there_is_found_nearby(rater_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(GOOD, encoding="utf-8")
    line = one_line(run("evaluate", rater_folder, tmp_path / "lables.csv"))
    assert "there is no such file. Check the path. Did you mean 'labels.csv'?" in line


def test_a_byte_order_mark_and_windows_line_ends_are_no_mistake(rater_folder: Path, tmp_path: Path) -> None:
    data = tmp_path / "d.csv"
    data.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    with StubServer() as server:
        result = run("evaluate", rater_folder, data, "--model", "stub", "--api-base", server.url)
    assert result.exit_code == 0, result.output


def test_a_rater_that_is_damaged_or_not_there(rater_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(GOOD, encoding="utf-8")
    assert "no such rater directory" in one_line(run("evaluate", tmp_path / "none", tmp_path / "d.csv"))
    with (rater_folder / "guideline.md").open("a", encoding="utf-8") as stream:
        stream.write(" And be kind.")
    line = one_line(run("evaluate", rater_folder, tmp_path / "d.csv"))
    assert f"{rater_folder}: the file guideline.md has another hash than rater.json says." in line


def test_a_rating_that_fails_leaves_the_old_file_alone(rater_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("text\nfine\n\u00a0\n", encoding="utf-8")
    (tmp_path / "rated.csv").write_text("precious", encoding="utf-8")
    assert "line 3, column 'text'" in one_line(
        run("rate", rater_folder, tmp_path / "d.csv", "--out", tmp_path / "rated.csv")
    )
    assert (tmp_path / "rated.csv").read_text(encoding="utf-8") == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.csv", "rated.csv", "rater"]


@pytest.mark.parametrize(
    ("items", "extra", "said"),
    [
        (GOOD, "sampling: {smaples: 3}\n", "line 4, 'sampling.smaples': unknown key."),
        (GOOD, "student: local/nowhere\n", "line 4, 'student': there is no model folder"),
        (GOOD.replace(",5", ",50"), "", "items.csv, line 6, column 'label': '50' is outside the scale"),
        ("text,label\n" + "".join(f"item {n},3\n" for n in range(20)), "", "task.yaml: all 20 items have the label 3."),
        ("text,label\na,1\nb,2\n", "split: {dev: 1, test: 1}\n", "1 dev + 1 test + at least 1 train make 3 items, the"),
    ],
)
def test_a_task_that_cannot_be_compiled(tmp_path: Path, items: str, extra: str, said: str) -> None:
    (tmp_path / "items.csv").write_text(items, encoding="utf-8")
    (tmp_path / "task.yaml").write_text(TASK + extra, encoding="utf-8")
    line = one_line(run("compile", tmp_path / "task.yaml", "--into", "weights", "--run", tmp_path / "run"))
    assert said in line
    assert not (tmp_path / "run").exists()


def test_two_processes_cannot_share_a_run(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text(GOOD, encoding="utf-8")
    (tmp_path / "task.yaml").write_text(TASK + "student: openai/none\n", encoding="utf-8")
    with Journal(tmp_path / "run" / "journal.sqlite"):
        line = one_line(run("compile", tmp_path / "task.yaml", "--into", "weights", "--run", tmp_path / "run"))
    assert "journal.sqlite: is in use by process" in line
    assert "Wait until it ends, or use another run directory." in line


def test_a_real_process_says_the_same(rater_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("text,label\na,6\n", encoding="utf-8")
    command = [sys.executable, "-m", "accord.app", "evaluate", str(rater_folder), "d.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == ("error: d.csv, line 2, column 'label': '6' is outside the scale. Allowed: 1, 2, 3, 4, 5.\n")
