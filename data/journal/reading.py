"""Knows how draws and outlines are read from the journal's tables, a batch at a time; does not know how they got in.

The prompts' rows stand between those of the draws, a page here and a page there. Asking a disk for one after the other
costs its latency each time (at 2 ms, two minutes for a million prompts); asked for many at once, it answers them
together. What the system has in memory already is only passed over.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .dictionary import PromptRows
from .draws import Draw
from .outline import Outcome, PromptOutline, outline, rows_in

PROMPTS = 500
"""Prompts looked up at once."""

TEXTS = 32
"""Prompts whose draws are read at once: few, so that the texts are handed out while the processor still has them."""

_PAGE = 500
"""Prompts read at once on a scan."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The row of a prompt.

    Attributes:
        row: Its number.
        prompt: SHA-256 of the prompt, in hexadecimal.
        item_id: The item that was shown first.
        entries: Its draws, packed; see `packed_entry`.
    """

    row: int
    prompt: str
    item_id: str
    entries: bytes


def scan(database: sqlite3.Connection, source: int) -> Iterator[list[Stored]]:
    """Iterate over all prompts of a source, in the order of their first draws."""
    for rows in _pages(database, source, "id, sha256, item_id, outline"):
        yield [Stored(row, sha256.hex(), item_id, entries) for row, sha256, item_id, entries in rows]


def scan_outlines(
    database: sqlite3.Connection, outcomes: Mapping[int, Outcome], source: int
) -> Iterator[PromptOutline]:
    """Iterate over the outlines of all prompts of a source, in the order of their first draws."""
    for rows in _pages(database, source, "id, sha256, outline"):
        for _, sha256, entries in rows:
            yield outline(sha256.hex(), entries, outcomes)


def find(database: sqlite3.Connection, rows: PromptRows, source: int, prompts: Iterable[str]) -> dict[str, Stored]:
    """Return what is stored of prompts, by their hashes in lower case."""
    known = rows.find(source, map(bytes.fromhex, prompts))
    found = database.execute(
        "SELECT id, sha256, item_id, outline FROM prompts WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(known.values())),),
    )
    stored = (Stored(row, sha256.hex(), item_id, entries) for row, sha256, item_id, entries in found)
    return {one.prompt: one for one in stored}


def read_draws(
    database: sqlite3.Connection, outcomes: Mapping[int, Outcome], stored: Sequence[Stored]
) -> dict[str, list[Draw]]:
    """Return the draws of prompts, in the order of the draws' indices, by the prompts' hashes."""
    wanted = {one.prompt: rows_in(one.entries) for one in stored}
    items = {one.prompt: one.item_id for one in stored}
    owners = {row: prompt for prompt, rows in wanted.items() for row in rows}
    found = database.execute(
        "SELECT id, number, outcome, rationale, rationale_start, rationale_end, text, thinking, prompt_tokens,"
        " completion_tokens FROM draws"
        " WHERE id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(owners)),),
    )
    drawn: dict[int, Draw] = {}
    for row, index, outcome, rationale, start, end, text, thinking, prompt_tokens, completion_tokens in found:
        prompt = owners[row]
        came = outcomes[outcome]
        drawn[row] = Draw(
            items[prompt],
            prompt,
            index,
            came.label,
            (text + thinking)[start:end] if rationale is None else rationale,
            came.reason,
            text,
            thinking,
            came.finish_reason,
            prompt_tokens,
            completion_tokens,
            came.kind,
            came.repaired,
        )
    return {prompt: [drawn[row] for row in rows] for prompt, rows in wanted.items()}


def _pages(database: sqlite3.Connection, source: int, columns: str) -> Iterator[list[Any]]:
    # Every page is read whole before it is handed out: between two of them nothing is open in the database, so the
    # caller may write to it, and the log of writes can be folded into the file.
    last = -1
    while rows := database.execute(
        f"SELECT {columns} FROM prompts WHERE id > ? AND source = ? ORDER BY id LIMIT {_PAGE}", (last, source)
    ).fetchall():
        last = rows[-1][0]
        yield rows


_READERS = 32
_ROWS = 1_000
_WORTH_IT = 20_000
"""Prompts below which nothing is read ahead."""


@contextmanager
def read_ahead(path: Path, prompts: int, source: int | None = None) -> Iterator[None]:
    """Have the system read the rows of prompts into its cache while the block goes through them.

    What goes wrong here is passed over: the block meets it itself. Leaving the block ends the reading.

    Args:
        path: The journal's file, which this process has open.
        prompts: How many prompts it has.
        source: The source whose index of prompts is read as well; None where it is not needed.
    """
    if prompts < _WORTH_IT:
        yield
        return
    from concurrent.futures import ThreadPoolExecutor  # only needed for a large journal

    with ThreadPoolExecutor(_READERS, thread_name_prefix="journal") as pool:
        for first in range(256 if source is not None else 0):
            bounds = (bytes([first]), bytes([first]) + b"\xff" * 32)
            pool.submit(_read, path, "prompt_index WHERE source = ? AND sha256 BETWEEN ? AND ?", source, *bounds)
        for first in range(1, prompts + 1, _ROWS):
            pool.submit(_read, path, "prompts WHERE id BETWEEN ? AND ?", first, first + _ROWS)
        try:
            yield
        finally:
            pool.shutdown(cancel_futures=True)


def _read(path: Path, rows: str, *bounds: Any) -> None:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        database.execute("PRAGMA cache_size = -256")
        database.execute(f"SELECT count(*) FROM {rows}", bounds).fetchone()
