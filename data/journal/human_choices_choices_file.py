"""Knows the file of people's choices: its table and how it is opened; does not know what is chosen."""

import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

from ..errors import InputError
from .file import opened_or_made, translated

VERSION = 1
"""Of the file's layout; a file of another version is refused."""

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS choices (
    id INTEGER PRIMARY KEY AUTOINCREMENT, reviewer TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    choice TEXT NOT NULL, shown TEXT NOT NULL, version TEXT NOT NULL, time TEXT NOT NULL
);
INSERT OR IGNORE INTO meta VALUES ('format', 'accord review'), ('version', '{VERSION}');
"""

# A person's choice cannot be drawn again: each commit waits until it is on the disk.
_PRAGMAS = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"


def open_choices(path: Path) -> sqlite3.Connection:
    """Open or create the file; one that is something else is refused before anything is written to it."""
    return opened_or_made(path, _check, _PRAGMAS, _SCHEMA)


def read_only(path: Path) -> sqlite3.Connection:
    """Open a file that is there for reading; another process may be writing to it."""
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    try:
        _check(database, path, empty=False)
    except BaseException:
        database.close()
        raise
    return database


def told(path: Path) -> AbstractContextManager[None]:
    """Turn SQLite's errors into ours, each with its cure."""
    return translated(path, "record of choices", "choice")


def _check(database: sqlite3.Connection, path: Path, *, empty: bool = True) -> None:
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables and empty:
        return
    if not {"meta", "choices"} <= tables:
        cure = "Restore it from a copy, or move it away to begin anew."
        raise InputError("is an SQLite file but no record of choices", place=str(path), cure=cure)
    found = database.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
    if found is not None and found[0] != str(VERSION):
        cure = "Use the Accord that made it, or move it away to begin anew."
        raise InputError(f"is a record of choices of version {found[0]}, not {VERSION}", place=str(path), cure=cure)
