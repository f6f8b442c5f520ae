"""Packed tables are read as if they were not: each kind, byte order marks, and errors that name the line."""

import gzip
import json
from pathlib import Path

import pytest

from accord.app.tables import open_corpus
from accord.data import InputError, Ordinal

ROWS = [{"text": "a", "label": {"ann": 1, "bob": 2}}, {"text": "b", "label": {"ann": 5}}]
LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


def opened(path: Path, content: str | bytes):
    path.write_bytes(gzip.compress(content if isinstance(content, bytes) else content.encode()))
    return open_corpus(path, fields=["text"], label="label", scale=Ordinal(1, 5))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.jsonl.gz", LINES),
        ("d.jsonl.gz", "\ufeff" + LINES),
        ("d.ndjson.gz", LINES),
        ("d.json.gz", LINES),
        ("d.json.gz", json.dumps(ROWS)),
        ("D.JSONL.GZ", LINES),
    ],
)
def test_every_kind_is_unpacked_on_the_way(tmp_path: Path, name: str, content: str) -> None:
    corpus = opened(tmp_path / name, content)
    assert [item.labels for item in corpus] == [[1, 2], [5]]


def test_a_packed_csv(tmp_path: Path) -> None:
    assert opened(tmp_path / "d.csv.gz", '\ufefftext,label\r\n"a\r\nb",3\r\n').golds() == [3]


def test_errors_name_the_line_of_the_unpacked_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"d\.jsonl\.gz, line 2: not valid JSON"):
        opened(tmp_path / "d.jsonl.gz", LINES.splitlines()[0] + "\n{")
    with pytest.raises(InputError, match=r"d\.csv\.gz, line 2: byte 0xe9 at offset 14 is not UTF-8"):
        opened(tmp_path / "d.csv.gz", b"text,label\ncaf\xe9,1\n")


def test_a_file_that_ends_too_early_is_no_shorter_file(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl.gz"
    path.write_bytes(gzip.compress(LINES.encode())[:-9])
    with pytest.raises(InputError, match=r"d\.jsonl\.gz: cannot be unpacked \(.*\)\. Pack the file again with gzip\."):
        open_corpus(path, fields=["text"], label="label", scale=Ordinal(1, 5))
