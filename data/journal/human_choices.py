"""Knows how people's choices survive: an SQLite file that keeps each before it is acknowledged; not what they mean."""

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import InputError
from .file import opened_or_made, transaction, translated
from .lock import take_lock

_VERSION = 1
"""Of the file's layout; a file of another version is refused."""

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS choices (
    id INTEGER PRIMARY KEY AUTOINCREMENT, reviewer TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
    choice TEXT NOT NULL, shown TEXT NOT NULL, version TEXT NOT NULL, time TEXT NOT NULL
);
INSERT OR IGNORE INTO meta VALUES ('format', 'accord review'), ('version', '{_VERSION}');
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


def choices_told(path: Path) -> AbstractContextManager[None]:
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
    if found is not None and found[0] != str(_VERSION):
        cure = "Use the Accord that made it, or move it away to begin anew."
        raise InputError(f"is a record of choices of version {found[0]}, not {_VERSION}", place=str(path), cure=cure)


_COLUMNS = "reviewer, kind, subject, choice, shown, version, time"


@dataclass(frozen=True)
class Choice:
    """What one person chose once.

    Attributes:
        reviewer: Who, by the name that they gave.
        kind: What was chosen about, e.g. ``trace``.
        subject: Whose: an item's id, a rule's id.
        choice: What was chosen, as plain data.
        shown: The ids of what was shown to choose from, in the order in which it was shown.
        version: The version of what was shown.
        time: When it was committed, in UTC, as ISO 8601.
    """

    reviewer: str
    kind: str
    subject: str
    choice: Mapping[str, Any] = field(default_factory=dict)
    shown: Sequence[str] = ()
    version: str = ""
    time: str = ""


class Choices:
    """The durable record of every choice, in one SQLite file in WAL mode.

    `record` returns after the choice is on disk, so killing the process or cutting the power loses none that was
    acknowledged. Nothing is ever overwritten: of several choices by one person about one thing the latest stands.

    Only one process may write to a file; the second gets a clear refusal, and a killed one leaves no stale lock. Others
    may read (`standing_choices`) meanwhile. Threads may share it.

    Args:
        path: The file; it and its folder are made when missing.

    Raises:
        InputError: If the file is something else, or of another version.
        SetupError: If another process holds it, or the folder cannot be written.
    """

    def __init__(self, path: str | Path) -> None:
        """Open or create the file and take its lock."""
        self.path = Path(path)
        self._turn = threading.Lock()
        cure = "Open the page of that one: several people can use it at once, by name. Or end it first."
        self._lock = take_lock(self.path, cure)
        try:
            with choices_told(self.path):
                self._db = open_choices(self.path)
        except BaseException:
            self.close()
            raise

    def record(self, choice: Choice) -> Choice:
        """Commit a choice and return it with its time.

        Raises:
            RetryError: If the disk is full, or another program writes to the file; nothing is recorded then.
        """
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        told_choice = json.dumps(dict(choice.choice), ensure_ascii=False)
        shown = json.dumps(list(choice.shown), ensure_ascii=False)
        row = (choice.reviewer, choice.kind, choice.subject, told_choice, shown, choice.version, time)
        with self._turn, choices_told(self.path), transaction(self._db):
            self._db.execute(f"INSERT INTO choices ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return Choice(*row[:3], dict(choice.choice), tuple(choice.shown), choice.version, time)

    def history(self) -> list[Choice]:
        """Return all choices in the order in which they were made."""
        with self._turn, choices_told(self.path):
            return _read(self._db)

    def standing(self) -> list[Choice]:
        """Return the choices that stand: each person's latest about each thing, in the order of their times."""
        return _latest(self.history())

    def close(self) -> None:
        """Close the file and give its lock back."""
        database = getattr(self, "_db", None)
        if database is not None:
            with self._turn:
                database.close()
        self._lock.release()

    def __enter__(self) -> "Choices":
        """Return the record itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the record."""
        self.close()


def standing_choices(path: str | Path) -> list[Choice]:
    """Return the choices that stand in a file, which another process may be writing to; none where there is no file.

    Raises:
        InputError: If the file is something else, or of another version.
    """
    path = Path(path)
    if not path.is_file():
        return []
    with choices_told(path):
        database = read_only(path)
        try:
            return _latest(_read(database))
        finally:
            database.close()


def _read(database: sqlite3.Connection) -> list[Choice]:
    rows = database.execute(f"SELECT {_COLUMNS} FROM choices ORDER BY id").fetchall()
    return [
        Choice(reviewer, kind, subject, json.loads(choice), tuple(json.loads(shown)), version, time)
        for reviewer, kind, subject, choice, shown, version, time in rows
    ]


def _latest(choices: Sequence[Choice]) -> list[Choice]:
    latest = {(one.reviewer, one.kind, one.subject): number for number, one in enumerate(choices)}
    return [choices[number] for number in sorted(latest.values())]
