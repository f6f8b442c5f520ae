"""Knows how a CSV file becomes rows, each with its line; knows nothing about what the columns mean."""

import csv
import io
import threading
from collections.abc import Iterator
from os import PathLike
from pathlib import Path

from ..errors import InputError
from ..values import show
from .rows import UNPACKING, Table, TableRow, damaged, not_utf8, opened_bytes, readable_file

PARSER_LIMIT = 2**26
"""Characters after which a single cell is taken for a quote that was never closed."""

_field_limit = threading.Lock()


def csv_table(path: str | PathLike[str]) -> Table:
    """Open a comma-separated file with a header: UTF-8 (a byte order mark is fine), quotes doubled inside quotes.

    Blank lines are skipped; line numbers are the file's own, also after cells that span lines. Header names are taken
    without surrounding blanks. A file whose name ends in ``.gz`` is unpacked as it is read.

    Raises:
        InputError: For no such file, an empty one, or a header with a repeated name; while reading, for a row with
            another number of columns, broken quoting, or bytes that are not UTF-8.
    """
    file = readable_file(path)
    records = _records(file)
    header = next(records, None)
    if header is None:
        raise InputError("the file holds only blank lines", place=str(path), cure="Give a file with a header and rows.")
    columns = tuple(name.strip() for name in header[1])
    repeated = [name for name in columns if name and columns.count(name) > 1]
    if repeated:
        raise InputError(
            f"the header names {show(repeated[0])} twice",
            place=f"{path}, line {header[0]}",
            cure="Give every column a name of its own.",
        )
    return Table(str(path), columns, _rows(str(path), columns, records), "line")


def separator_hint(columns: tuple[str, ...]) -> str:
    """Return a sentence when a header that came out as one column looks as if it used another separator."""
    marks = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
    seen = [word for mark, word in marks.items() if len(columns) == 1 and mark in columns[0]]
    return f" The file seems to be separated by {seen[0]}: save it with commas." if seen else ""


def _rows(name: str, columns: tuple[str, ...], records: Iterator[tuple[int, list[str]]]) -> Iterator[TableRow]:
    for line, cells in records:
        if len(cells) != len(columns):
            raise InputError(
                f"expected {len(columns)} columns, found {len(cells)}",
                place=f"{name}, line {line}",
                cure="Put cells that hold commas or line breaks in double quotes, and fill short rows.",
            )
        yield TableRow(line, dict(zip(columns, cells, strict=True)))


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (line on which the record starts, cells) for every record that is not blank."""
    with io.TextIOWrapper(opened_bytes(path), encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream, strict=True)
        while True:
            line = reader.line_num + 1
            try:
                cells = _next(reader)
            except StopIteration:
                return
            except UNPACKING as error:
                raise damaged(path, error) from None
            except UnicodeDecodeError as error:
                raise not_utf8(path) or InputError(str(error), place=str(path)) from None
            except csv.Error as error:
                raise _broken(path, line, reader.line_num, str(error)) from None
            if line == 1 and any("\0" in cell for cell in cells) and (wide := not_utf8(path)) is not None:
                raise wide
            if cells:
                yield line, cells


def _next(reader: Iterator[list[str]]) -> list[str]:
    """Read one record under our own cell limit.

    The limit is a setting of the whole process, so it is raised for one record at a time and put back. The lock keeps
    two of our threads from taking each other's limit for the original one.
    """
    with _field_limit:
        before = csv.field_size_limit(PARSER_LIMIT)
        try:
            return next(reader)
        finally:
            csv.field_size_limit(before)


def _broken(path: Path, first: int, last: int, reason: str) -> InputError:
    if "field larger" in reason:
        reason = f"a cell is longer than {PARSER_LIMIT:,} characters; a quote may never be closed"
    elif "unexpected end" in reason:
        reason = "a quote opened here is never closed"
    else:
        reason = f"the quoting is broken ({reason})"
    lines = f"line {first}" if last <= first else f"line {first} (to line {last})"
    return InputError(
        reason, place=f"{path}, {lines}", cure='Write a quote inside a quoted cell twice, as in "so ""good""".'
    )
