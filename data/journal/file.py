"""Knows the journal's file: its tables, how it is opened, what SQLite's errors mean; does not know what draws mean.

A draw has one row in `draws`, which only ever grows at its end: nothing is sorted into it, however large it is. What
a restarted run must know of it stands a second time in its prompt's `outline`, 20 bytes a draw (see `packed_entry`),
so that reading all outlines touches no text and finding a prompt's draws needs no index on `draws`. A rationale that is
a part of the reply, as most are, is kept as its place in ``text || thinking``, counted in characters from 0, which
nearly halves the file. Item texts and prompts are not kept: of both there are hashes only.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError, RetryError, SetupError

_VERSION = 2
"""Of the file's layout; a journal of another version is refused."""

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS origins (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS items (id TEXT PRIMARY KEY, content BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sources (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS outcomes (
    id INTEGER PRIMARY KEY, label TEXT NOT NULL, reason TEXT NOT NULL, finish_reason TEXT NOT NULL, kind TEXT NOT NULL,
    repaired INTEGER NOT NULL, has_rationale INTEGER NOT NULL,
    UNIQUE (label, reason, finish_reason, kind, repaired, has_rationale)
);
CREATE TABLE IF NOT EXISTS prompts (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES sources, sha256 BLOB NOT NULL, item_id TEXT NOT NULL,
    outline BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS prompt_index (
    source INTEGER NOT NULL, sha256 BLOB NOT NULL, prompt INTEGER NOT NULL REFERENCES prompts,
    PRIMARY KEY (source, sha256)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS draws (
    id INTEGER PRIMARY KEY, prompt INTEGER NOT NULL REFERENCES prompts, number INTEGER NOT NULL,
    outcome INTEGER NOT NULL REFERENCES outcomes, prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    rationale TEXT, rationale_start INTEGER NOT NULL, rationale_end INTEGER NOT NULL,
    text TEXT NOT NULL, thinking TEXT NOT NULL
);
INSERT OR IGNORE INTO meta VALUES ('version', '{_VERSION}'), ('indexed', '0');
"""

# A commit survives the process's end at once and a power cut after the log's next fold into the file, every 32 MB.
# Memory: 64 MB of pages. No mapping of the file: all that is read through one counts as this process's memory.
_PRAGMAS = """
PRAGMA page_size = 8192;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA cache_size = -65536;
PRAGMA wal_autocheckpoint = 4096;
"""


def open_file(path: Path) -> sqlite3.Connection:
    """Open or create the journal; a file that is something else is refused before anything is written to it."""
    return opened_or_made(path, _check_version, _PRAGMAS, _SCHEMA)


def opened_or_made(
    path: Path, check: Callable[[sqlite3.Connection, Path], None], pragmas: str, schema: str
) -> sqlite3.Connection:
    """Open or create a file that several threads may use; one that ``check`` refuses is not written to."""
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        check(database, path)
        database.executescript(pragmas)
        database.executescript(f"BEGIN IMMEDIATE; {schema} COMMIT;")
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """Commit what is written in the block, or none of it."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


@contextmanager
def translated(path: Path, file: str = "journal", entry: str = "draw") -> Iterator[None]:
    """Turn SQLite's errors into ours, each with its cure.

    Args:
        path: The file.
        file: What it is.
        entry: What is recorded in it.
    """
    place = str(path)
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" in str(error) or "disk I/O" in str(error):
            cure = f"Free some space and run again: every {entry} recorded so far is kept."
            raise RetryError("the disk is full", place=place, cure=cure) from error
        if "locked" in str(error):
            cure = "Close whatever else has the file open and run again."
            raise RetryError("another program is writing to it", place=place, cure=cure) from error
        if "readonly" in str(error) or "unable to open" in str(error):
            cure = "Make the file and its folder writable."
            raise SetupError(f"the {file} cannot be written", place=place, cure=cure) from error
        raise
    except sqlite3.ProgrammingError:
        raise  # a closed journal, or another mistake in the code: nothing is wrong with the file
    except sqlite3.DatabaseError as error:
        cure = f"Restore it from a copy, or start with another {file}."
        raise InputError(f"is not a {file} ({error})", place=place, cure=cure) from error


def _check_version(database: sqlite3.Connection, path: Path) -> None:
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return
    cure = "Use the Accord that made it, or start with another journal."
    if not {"meta", "draws"} <= tables:
        raise InputError("is an SQLite file but not a journal", place=str(path), cure=cure)
    found = database.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
    if found is not None and found[0] != str(_VERSION):
        raise InputError(f"is a journal of version {found[0]}, not {_VERSION}", place=str(path), cure=cure)
