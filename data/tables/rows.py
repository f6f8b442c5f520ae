"""Knows how JSON Lines, Parquet, datasets and records become rows with a place; knows nothing about labels."""

import gzip
import json
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from ..errors import InputError
from ..values import show, suggestion


class TableRow(NamedTuple):
    """One row and its number: the line in a text file, else counted from 1."""

    number: int
    cells: Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """Rows of named cells, read once, with what is needed to say where something stands.

    Attributes:
        name: File or other source.
        columns: Column names; None when only the rows know them.
        rows: The rows, lazily; reading them may raise `InputError`.
        unit: What `Row.number` counts: ``"line"``, ``"row"`` or ``"record"``.
    """

    name: str
    columns: tuple[str, ...] | None
    rows: Iterable[TableRow]
    unit: str

    def place(self, number: int, column: str | None = None) -> str:
        """Return e.g. ``labels.csv, line 7, column 'stars'``."""
        return f"{self.name}, {self.unit} {number}" + ("" if column is None else f", column {column!r}")


def jsonl_table(path: str | PathLike[str]) -> Table:
    """Open a file with one JSON object a line (UTF-8, with or without a byte order mark; blank lines are skipped).

    A file whose name ends in ``.gz`` is unpacked as it is read.

    Raises:
        InputError: When there is no such file; while reading, for a line that is not a JSON object or not UTF-8.
    """
    return Table(str(path), None, _jsonl_rows(readable_file(path)), "line")


def parquet_table(path: str | PathLike[str], wanted: Collection[str]) -> Table:
    """Open a Parquet file, of which only the wanted columns are read.

    Raises:
        InputError: When there is no such file or it is damaged.
    """
    import pyarrow
    from pyarrow.parquet import ParquetFile

    name, damage = str(path), (pyarrow.ArrowException, OSError)
    cure = "Write the file again; it must be Parquet as a whole."

    def rows(file: ParquetFile) -> Iterator[TableRow]:
        number = 0
        try:
            # A dot in a column's name would be read as the path to a nested one.
            dotted = any("." in column for column in file.schema_arrow.names)
            columns = None if dotted else [column for column in file.schema_arrow.names if column in wanted]
            for batch in file.iter_batches(batch_size=1024, columns=columns):
                for cells in batch.to_pylist():
                    number += 1
                    yield TableRow(number, cells)
        except damage as error:
            raise InputError(f"cannot be read after row {number}: {error}", place=name, cure=cure) from error

    try:
        file = ParquetFile(readable_file(path))
    except damage as error:
        raise InputError(f"not a readable Parquet file: {error}", place=name, cure=cure) from error
    return Table(name, tuple(file.schema_arrow.names), rows(file), "row")


def dataset_table(dataset: Any, wanted: Collection[str]) -> Table:
    """Take one split of a Hugging Face dataset, of which only the wanted columns are read.

    Raises:
        InputError: For a dictionary of splits, or anything without ``column_names``.
    """
    columns = getattr(dataset, "column_names", None)
    if isinstance(columns, Mapping):
        names = ", ".join(map(repr, columns))
        raise InputError(
            f"these are {len(columns)} datasets, not one", place="dataset", cure=f"Take one split: {names}."
        )
    if not hasattr(dataset, "column_names"):
        raise InputError(
            f"{type(dataset).__name__} is not a dataset", place="dataset", cure="Use from_records for a list of dicts."
        )
    if columns is not None and hasattr(dataset, "select_columns"):
        # Other columns may be images or sounds, which are decoded when a row is read.
        dataset = dataset.select_columns([column for column in columns if column in wanted])
    return Table("dataset", None if columns is None else tuple(columns), _numbered(dataset, "dataset", "row"), "row")


def records_table(records: Iterable[Mapping[str, Any]], place: str = "records") -> Table:
    """Take mappings from column to cell.

    Raises:
        InputError: While reading, for a record that is not a mapping.
    """
    if isinstance(records, str | bytes | Mapping) or not isinstance(records, Iterable):
        raise InputError(f"{show(records)} is not a list of records", place=place, cure="Give a list of dicts.")
    columns = None
    if isinstance(records, Sequence) and records and isinstance(records[0], Mapping):
        columns = tuple(str(key) for key in records[0])
    return Table(place, columns, _numbered(records, place, "record"), "record")


def readable_file(path: str | PathLike[str]) -> Path:
    """Return the path of a file that can be opened and is not empty.

    Raises:
        InputError: For a missing file (naming the nearest there is), a directory, no permission, or an empty file.
    """
    file, name = Path(path), str(path)
    try:
        if file.is_dir():
            raise InputError("this is a directory", place=name, cure="Give the path of a file in it.")
        with file.open("rb") as stream:
            if not stream.read(1):
                raise InputError("the file is empty", place=name, cure="Give a file with rows.")
    except FileNotFoundError:
        near = suggestion(file.name, (other.name for other in file.parent.glob("*"))) if file.parent.is_dir() else ""
        raise InputError("there is no such file", place=name, cure=f"Check the path.{near}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"cannot be opened: {reason}", place=name, cure="Check path and permissions.") from error
    return file


def opened_bytes(path: Path) -> IO[bytes]:
    """Open a file for its bytes; one whose name ends in ``.gz`` is unpacked on the way."""
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix.lower() == ".gz" else path.open("rb")


def damaged(path: Path, error: Exception) -> InputError:
    """Return the error for a packed file that cannot be unpacked."""
    return InputError(f"cannot be unpacked ({error})", place=str(path), cure="Pack the file again with gzip.")


UNPACKING = (gzip.BadGzipFile, EOFError, zlib.error)
"""What reading a damaged packed file raises."""


def not_utf8(path: Path) -> InputError | None:
    """Return the error that names the first byte of a file that is not UTF-8, or None if all of it is.

    Text in UTF-16 or UTF-32 is recognised by its byte order mark or its zero bytes, everything else is called Latin-1.
    """
    with opened_bytes(path) as stream:
        head = stream.read(4096)
    wide = head[:2] in (b"\xff\xfe", b"\xfe\xff")
    if wide or head.count(0) > len(head) // 8:
        offset = 0 if wide else head.index(0)
        return InputError(
            f"byte 0x{head[offset]:02x} at offset {offset} is not UTF-8 text; the file looks like UTF-16",
            place=str(path),
            cure="Save it as UTF-8, e.g. iconv -f utf-16 -t utf-8 IN > OUT.",
        )
    with opened_bytes(path) as stream:
        content = stream.read()
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return InputError(
            f"byte 0x{content[error.start]:02x} at offset {error.start} is not UTF-8; "
            "the file looks like Latin-1 or Windows-1252",
            place=f"{path}, line {content.count(10, 0, error.start) + 1}",
            cure="Save it as UTF-8, e.g. iconv -f windows-1252 -t utf-8 IN > OUT.",
        )
    return None


def _numbered(records: Iterable[Any], place: str, unit: str) -> Iterator[TableRow]:
    for number, record in enumerate(records, start=1):
        if not isinstance(record, Mapping):
            raise InputError(
                f"{show(record)} is not a mapping", place=f"{place}, {unit} {number}", cure="Give dicts by column."
            )
        yield TableRow(number, record)


def _jsonl_rows(path: Path) -> Iterator[TableRow]:
    try:
        yield from _jsonl_lines(path)
    except UNPACKING as error:
        raise damaged(path, error) from None


def _jsonl_lines(path: Path) -> Iterator[TableRow]:
    with opened_bytes(path) as stream:
        for number, line in enumerate(stream, start=1):
            place = f"{path}, line {number}"
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
            except UnicodeDecodeError as error:
                raise not_utf8(path) or InputError(str(error), place=place) from None
            if not text:
                continue
            try:
                record = json.loads(text, object_pairs_hook=_unique)
            except _RepeatedKey as error:
                cure = "Keep one of them."
                raise InputError(f"the key {show(error.args[0])} stands twice", place=place, cure=cure) from None
            except (ValueError, RecursionError) as error:
                if number == 1 and "\0" in text and (wide := not_utf8(path)) is not None:
                    raise wide from None
                raise InputError(
                    f"not valid JSON ({error})", place=place, cure="Each line must be one complete JSON object."
                ) from None
            if not isinstance(record, dict):
                raise InputError(
                    f"this is {show(record, 40)}, not an object", place=place, cure='Write {"column": value, ...}.'
                )
            yield TableRow(number, record)


class _RepeatedKey(Exception):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        raise _RepeatedKey(next(name for name in names if names.count(name) > 1))
    return record
