"""Knows which kind of file a table comes in, by its suffix; does not know what is in it."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from ..data import Corpus, InputError, Scale
from ..data.corpus import Layout
from ..data.tables import UNPACKING, Table, csv_table, damaged, jsonl_table, opened_bytes, parquet_table, records_table

_CURES = {
    ".gz": "Unpack it first: gunzip FILE. Packed .csv, .jsonl and .json are read as they are.",
    ".tsv": "Save it as .csv, with commas.",
    ".txt": "If it holds a table, save it as .csv with commas.",
    ".xls": "Export the sheet as .csv in UTF-8.",
    ".xlsx": "Export the sheet as .csv in UTF-8.",
    ".zip": "Unpack it first.",
}
_PARQUET = (".parquet", ".pq")
_LINES = (".jsonl", ".ndjson")
_PACKABLE = (".csv", ".json", *_LINES)


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
    """Open a corpus by its file's suffix, see `open_table`. The other arguments are those of `Corpus.from_csv`.

    Raises:
        InputError: For another suffix, or anything wrong with the file, naming place and cure.
    """
    layout = Layout(
        fields=fields,
        label=label,
        scale=scale,
        annotator=annotator,
        id=id,
        group=group,
        consensus=consensus,
        max_spread=max_spread,
    )
    return Corpus.from_table(open_table(path, layout.columns), layout)


def open_table(path: str | Path, wanted: Collection[str]) -> Table:
    """Open a table by its file's suffix: ``.csv``, ``.jsonl`` (or ``.ndjson``), ``.json`` or ``.parquet``.

    A ``.json`` file is a list of objects, or one object a line. All but Parquet may be packed: ``.jsonl.gz``.

    Args:
        path: The file.
        wanted: The columns that will be read; of a Parquet file no others are.

    Raises:
        InputError: For another suffix, or a file that cannot be opened, naming place and cure.
    """
    path = Path(path)
    suffix = _kind(path)
    if suffix == ".csv":
        return csv_table(path)
    if suffix in _PARQUET:
        return parquet_table(path, wanted)
    if suffix == ".json" and path.is_file() and _is_list(path):
        return records_table(_records(path), str(path))
    if suffix == ".json" or suffix in _LINES:
        return jsonl_table(path)
    cure = _CURES.get(suffix, "Give a .csv, .jsonl, .json or .parquet file.")
    raise InputError(f"files ending in {suffix!r} are not read" if suffix else "no suffix", place=str(path), cure=cure)


def names_table(text: str) -> bool:
    """Tell the name of a file that `open_table` reads from other words, by its suffix."""
    return _kind(Path(text)) in (*_PACKABLE, *_PARQUET)


def _kind(path: Path) -> str:
    suffix = path.suffix.lower()
    inner = Path(path.stem).suffix.lower()
    return inner if suffix == ".gz" and inner in _PACKABLE else suffix


def _is_list(path: Path) -> bool:
    try:
        with opened_bytes(path) as stream:
            return stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"["
    except UNPACKING as error:
        raise damaged(path, error) from None


def _records(path: Path) -> list[Any]:
    try:
        with opened_bytes(path) as stream:
            return json.loads(stream.read().decode("utf-8-sig"))
    except UNPACKING as error:
        raise damaged(path, error) from None
    except UnicodeDecodeError as error:
        cure = "Save the file as UTF-8."
        raise InputError(f"byte {error.start} is not UTF-8 text", place=str(path), cure=cure) from None
    except (ValueError, RecursionError) as error:
        cure = "Write one list of objects, or one object a line."
        raise InputError(f"not valid JSON ({error})", place=str(path), cure=cure) from None
