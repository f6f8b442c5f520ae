"""Knows how a journal is bound to the corpus it was made from; does not know draws."""

import sqlite3
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from ..errors import InputError
from ..values import show

_BATCH = 500
"""Items asked for at once; below the fewest parameters that SQLite takes (999)."""


def claim_items(database: sqlite3.Connection, path: Path, origin: str | None, items: Mapping[str, str]) -> None:
    """Register a corpus in an open transaction, or refuse it before anything is written; see `Journal.claim`."""
    known = _known(database, path, items)
    if not known and not _belongs(database, origin):
        cure = "Use another run directory or journal, or the corpus it was made from."
        raise InputError("holds draws of another corpus", place=str(path), cure=cure)
    if origin is not None:
        database.execute("INSERT OR IGNORE INTO origins VALUES (?)", (origin,))
    if known < len(items):
        # In order of the ids, pages are filled one after the other.
        rows = ((id, bytes.fromhex(items[id])) for id in sorted(items))
        database.executemany("INSERT OR IGNORE INTO items VALUES (?, ?)", rows)


def _known(database: sqlite3.Connection, path: Path, items: Mapping[str, str]) -> int:
    """Count the items that are registered; one with another content is refused."""
    known = 0
    for some in _batches(items):
        marks = ", ".join("?" * len(some))
        for id, content in database.execute(f"SELECT id, content FROM items WHERE id IN ({marks})", some):
            if content.hex() != items[id].lower():
                cure = "Give changed items new ids, or use another run directory or journal."
                what = f"item {show(id)} has another content than when the journal was made"
                raise InputError(what, place=str(path), cure=cure)
            known += 1
    return known


def _belongs(database: sqlite3.Connection, origin: str | None) -> bool:
    """Tell whether a corpus without a registered item may use the journal: its origin is known, or nothing is."""
    if database.execute("SELECT 1 FROM origins WHERE name = ?", (origin,)).fetchone() is not None:
        return True
    found = database.execute("SELECT EXISTS (SELECT 1 FROM items) OR EXISTS (SELECT 1 FROM origins)").fetchone()
    return not found[0]


def _batches(items: Mapping[str, str]) -> Iterator[list[str]]:
    ids = iter(items)
    while some := list(islice(ids, _BATCH)):
        yield some
