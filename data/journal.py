"""Knows how draws survive: an SQLite file that keeps each one before it is used; does not know what draws mean."""

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from .draws import Draw, Source
from .errors import InputError, RetryError, SetupError

VERSION = 1
"""Of the file's layout; a journal of another version is refused."""

_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sources (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS prompts (
    id INTEGER PRIMARY KEY, source INTEGER NOT NULL REFERENCES sources, sha256 BLOB NOT NULL, item_id TEXT NOT NULL,
    UNIQUE (source, sha256)
);
CREATE TABLE IF NOT EXISTS draws (
    prompt INTEGER NOT NULL REFERENCES prompts, number INTEGER NOT NULL, label TEXT, rationale TEXT NOT NULL,
    reason TEXT NOT NULL, text TEXT NOT NULL, thinking TEXT NOT NULL, finish_reason TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL,
    PRIMARY KEY (prompt, number)
) WITHOUT ROWID;
INSERT OR IGNORE INTO meta VALUES ('version', '{VERSION}');
"""


class Journal:
    """The durable record of every draw, accepted or not, in one SQLite file in WAL mode.

    A draw is known by its source (model, sampling), its prompt's hash and its index. `record` returns after the draws
    are committed, so killing the process at any instant loses at most the requests in flight. Prompts are kept as
    hashes only; keys and other secrets are never written.

    Only one process may hold a journal: the second gets a clear refusal, and a killed holder leaves no stale lock.

    Args:
        path: The file; it and its folder are made when missing.

    Raises:
        InputError: If the file is not a journal, or of another version.
        SetupError: If another process holds it, or the folder cannot be written.
        RetryError: If the disk is full, or another program writes to the file.
    """

    def __init__(self, path: str | Path) -> None:
        """Open or create the journal and take its lock."""
        self.path = Path(path)
        self._lock: int | None = _take_lock(self.path)
        self._sources: dict[str, int] = {}
        try:
            with self._translated():
                self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
                self._check_version()
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=NORMAL")
                self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        except BaseException:
            self.close()
            raise

    def draws(self, source: Source, prompt: str) -> list[Draw]:
        """Return what is recorded for a prompt, in the order of the draws' indices.

        Args:
            source: Whom the draws come from.
            prompt: SHA-256 of the prompt, in hexadecimal.
        """
        with self._translated():
            found = self._db.execute(
                "SELECT item_id, number, label, rationale, reason, text, thinking, finish_reason, prompt_tokens,"
                " completion_tokens FROM draws JOIN prompts ON prompts.id = draws.prompt"
                " WHERE source = ? AND sha256 = ? ORDER BY number",
                (self._source(source), bytes.fromhex(prompt)),
            )
            return [_draw(row, prompt) for row in found]

    def record(self, source: Source, draws: Sequence[Draw]) -> None:
        """Commit draws in one transaction; a draw that is recorded already stays as it is."""
        with self._translated(), self._transaction():
            number = self._source(source)
            for draw in draws:
                sha256 = bytes.fromhex(draw.prompt)
                self._db.execute(
                    "INSERT OR IGNORE INTO prompts (source, sha256, item_id) VALUES (?, ?, ?)",
                    (number, sha256, draw.item_id),
                )
                self._db.execute(
                    "INSERT OR IGNORE INTO draws SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM prompts"
                    " WHERE source = ? AND sha256 = ?",
                    (*_row(draw), number, sha256),
                )

    def sources(self) -> list[Source]:
        """Return whom the recorded draws come from."""
        with self._translated():
            keys = self._db.execute("SELECT key FROM sources ORDER BY id").fetchall()
        return [Source(*json.loads(key)) for (key,) in keys]

    def recorded(self, source: Source) -> Iterator[Draw]:
        """Iterate over all draws of a source, by prompt and index."""
        with self._translated():
            found = self._db.execute(
                "SELECT item_id, number, label, rationale, reason, text, thinking, finish_reason, prompt_tokens,"
                " completion_tokens, sha256 FROM draws JOIN prompts ON prompts.id = draws.prompt"
                " WHERE source = ? ORDER BY draws.prompt, number",
                (self._source(source),),
            )
            for row in found:
                yield _draw(row[:-1], row[-1].hex())

    def __len__(self) -> int:
        """Return how many draws are recorded."""
        with self._translated():
            return int(self._db.execute("SELECT count(*) FROM draws").fetchone()[0])

    def close(self) -> None:
        """Close the file and give its lock back."""
        database = getattr(self, "_db", None)
        if database is not None:
            database.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> "Journal":
        """Return the journal itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the journal."""
        self.close()

    def _check_version(self) -> None:
        """Refuse a file that is something else before anything is written to it."""
        tables = {name for (name,) in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not tables:
            return
        cure = "Use the Accord that made it, or start with another journal."
        if not {"meta", "draws"} <= tables:
            raise InputError("is an SQLite file but not a journal", place=str(self.path), cure=cure)
        found = self._db.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
        if found is not None and found[0] != str(VERSION):
            raise InputError(f"is a journal of version {found[0]}, not {VERSION}", place=str(self.path), cure=cure)

    def _source(self, source: Source) -> int:
        if source.key not in self._sources:
            self._db.execute("INSERT OR IGNORE INTO sources (key) VALUES (?)", (source.key,))
            row = self._db.execute("SELECT id FROM sources WHERE key = ?", (source.key,)).fetchone()
            self._sources[source.key] = int(row[0])
        return self._sources[source.key]

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._sources.clear()  # a source inserted in this transaction is gone with it
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn SQLite's errors into ours, each with its cure."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "full" in str(error) or "disk I/O" in str(error):
                cure = "Free some space and run again: every draw recorded so far is kept."
                raise RetryError("the disk is full", place=str(self.path), cure=cure) from error
            if "locked" in str(error):
                cure = "Close whatever else has the file open and run again."
                raise RetryError("another program is writing to it", place=str(self.path), cure=cure) from error
            if "readonly" in str(error) or "unable to open" in str(error):
                cure = "Make the file and its folder writable."
                raise SetupError("the journal cannot be written", place=str(self.path), cure=cure) from error
            raise
        except sqlite3.DatabaseError as error:
            cure = "Restore it from a copy, or start with another journal."
            raise InputError(f"is not a journal ({error})", place=str(self.path), cure=cure) from error


@contextmanager
def opened(journal: Journal | str | Path | None) -> Iterator[Journal | None]:
    """Open the journal where a path is given, and close it again; an open one stays the caller's, None stays None."""
    if journal is None or isinstance(journal, Journal):
        yield journal
        return
    with Journal(journal) as own:
        yield own


def _take_lock(path: Path) -> int:
    """Lock ``<journal>.lock`` for this process; the system gives the lock back when the process ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        cure = "Name a folder that exists and can be written."
        raise SetupError(f"cannot be written ({error.strerror})", place=str(path), cure=cure) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(descriptor, 32).decode(errors="replace").strip()
        os.close(descriptor)
        cure = "Wait until it ends, or use another run directory."
        by = f"process {holder}" if holder else "another process"
        raise SetupError(f"is in use by {by}", place=str(path), cure=cure) from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor


_TAIL = ("rationale", "reason", "text", "thinking", "finish_reason", "prompt_tokens", "completion_tokens")
"""Fields of a draw after its label, in the order of the columns."""


def _row(draw: Draw) -> tuple[Any, ...]:
    label = None if draw.label is None else json.dumps(draw.label, ensure_ascii=False)
    return (draw.index, label, *(getattr(draw, name) for name in _TAIL))


def _draw(row: tuple[Any, ...], prompt: str) -> Draw:
    item_id, index, label, *rest = row
    read = None if label is None else json.loads(label)
    return Draw(item_id, prompt, index, read, **dict(zip(_TAIL, rest, strict=True)))
