"""Knows which kind of file a corpus comes in, by its suffix; does not know what is in it."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..data import Corpus, InputError, Scale

_CURES = {
    ".gz": "Unpack it first: gunzip FILE.",
    ".tsv": "Save it as .csv, with commas.",
    ".txt": "If it holds a table, save it as .csv with commas.",
    ".xls": "Export the sheet as .csv in UTF-8.",
    ".xlsx": "Export the sheet as .csv in UTF-8.",
    ".zip": "Unpack it first.",
}


def open_corpus(
    path: str | Path,
    *,
    fields: Sequence[str],
    label: str | None,
    scale: Scale,
    annotator: str | None = None,
    id: str | None = None,
    group: str | None = None,
    consensus: str = "auto",
    max_spread: float | None = None,
) -> Corpus:
    """Open a corpus by its file's suffix: ``.csv``, ``.jsonl`` (or ``.ndjson``), ``.json`` or ``.parquet``.

    A ``.json`` file is a list of objects, or one object a line. The other arguments are those of `Corpus.from_csv`.

    Raises:
        InputError: For another suffix, or anything wrong with the file, naming place and cure.
    """
    path = Path(path)
    layout: dict[str, Any] = {
        "fields": fields,
        "label": label,
        "scale": scale,
        "annotator": annotator,
        "id": id,
        "group": group,
        "consensus": consensus,
        "max_spread": max_spread,
    }
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return Corpus.from_csv(path, **layout)
    if suffix in (".parquet", ".pq"):
        return Corpus.from_parquet(path, **layout)
    if suffix == ".json" and path.is_file() and _is_list(path):
        return Corpus.from_records(_records(path), place=str(path), **layout)
    if suffix in (".jsonl", ".ndjson", ".json"):
        return Corpus.from_jsonl(path, **layout)
    cure = _CURES.get(suffix, "Give a .csv, .jsonl, .json or .parquet file.")
    raise InputError(f"files ending in {suffix!r} are not read" if suffix else "no suffix", place=str(path), cure=cure)


def _is_list(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["


def _records(path: Path) -> list[Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        cure = "Save the file as UTF-8."
        raise InputError(f"byte {error.start} is not UTF-8 text", place=str(path), cure=cure) from None
    except (ValueError, RecursionError) as error:
        cure = "Write one list of objects, or one object a line."
        raise InputError(f"not valid JSON ({error})", place=str(path), cure=cure) from None
