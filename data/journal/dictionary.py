"""Knows the small numbers of the journal: of outcomes, and of prompts by their hash; does not know what was drawn.

Hashes fall all over an index: with a million prompts nearly every new one changes a page of its own, and writing those
pages would be ten times the work of writing the draws. So new prompts stay out of the index until there are many, and
go into it in order, many to a page. Until then they are looked up in memory; they are the rows after the last indexed
one, from which a restarted process reads them again.
"""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from .draws import Draw
from .outline import Outcome

_MOST_KEPT = 20_000
"""Outcomes remembered at a time: ever different labels (an interval scale's) must not fill the memory."""


class _ByNumber(dict[int, Outcome]):
    """Outcomes by their numbers; one that is missing is read. A dictionary, as it is asked for every draw."""

    def __init__(self, database: sqlite3.Connection) -> None:
        """Start empty."""
        super().__init__()
        self._database = database

    def __missing__(self, number: int) -> Outcome:
        label, reason, finish_reason, kind, repaired, has_rationale = self._database.execute(
            "SELECT label, reason, finish_reason, kind, repaired, has_rationale FROM outcomes WHERE id = ?", (number,)
        ).fetchone()
        found = Outcome(json.loads(label), reason, finish_reason, kind, bool(repaired), bool(has_rationale))
        if len(self) >= _MOST_KEPT:
            self.clear()
        self[number] = found
        return found


class Outcomes:
    """The outcomes in the file and their numbers, each looked up once as long as they are few.

    Args:
        database: An open journal's.

    Attributes:
        by_number: The outcomes by their numbers.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        """Remember nothing yet."""
        self._database = database
        self._numbers: dict[tuple[Any, ...], int] = {}
        self.by_number = _ByNumber(database)

    def number(self, draw: Draw) -> int:
        """Return the number of what came of a draw, a new one where it has none. To be called in a transaction."""
        # Labels 4 and 4.0 are equal, and each must come back as it was: hence the type.
        kind = (draw.reason, draw.finish_reason, draw.kind, draw.repaired, bool(draw.rationale))
        key = (type(draw.label), draw.label, *kind)
        found = self._numbers.get(key)
        return self._stored(key, (json.dumps(draw.label, ensure_ascii=False), *kind)) if found is None else found

    def forget(self) -> None:
        """Forget what was looked up: after a rollback a new outcome is not in the file."""
        self._numbers.clear()
        self.by_number.clear()

    def _stored(self, key: tuple[Any, ...], row: tuple[Any, ...]) -> int:
        self._database.execute(
            "INSERT OR IGNORE INTO outcomes (label, reason, finish_reason, kind, repaired, has_rationale)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )
        (number,) = self._database.execute(
            "SELECT id FROM outcomes WHERE label = ? AND reason = ? AND finish_reason = ? AND kind = ?"
            " AND repaired = ? AND has_rationale = ?",
            row,
        ).fetchone()
        if len(self._numbers) >= _MOST_KEPT:
            self._numbers.clear()
        self._numbers[key] = number
        return number


_MOST_RECENT = 50_000
"""New prompts that wait outside the index."""

_BATCH = 500
"""Prompts looked up at once; with their source below the fewest parameters that SQLite takes (999)."""


class PromptRows:
    """The rows of prompts, by source and hash.

    Args:
        database: An open journal's.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        """Read nothing yet."""
        self._database = database
        self._recent: dict[tuple[int, bytes], int] | None = None
        self._indexed = True

    def find(self, source: int, hashes: Iterable[bytes]) -> dict[bytes, int]:
        """Return the rows of those prompts that have one."""
        recent = self._loaded()
        found: dict[bytes, int] = {}
        older: list[bytes] = []
        for sha256 in hashes:
            row = recent.get((source, sha256))
            if row is None:
                older.append(sha256)
            else:
                found[sha256] = row
        for start in range(0, len(older) if self._indexed else 0, _BATCH):
            some = older[start : start + _BATCH]
            marks = ", ".join("?" * len(some))
            query = f"SELECT sha256, prompt FROM prompt_index WHERE source = ? AND sha256 IN ({marks})"
            found.update(self._database.execute(query, (source, *some)))
        return found

    def add(self, source: int, rows: dict[bytes, int]) -> None:
        """Take up new prompts, whose rows are written already. To be called in a transaction."""
        recent = self._loaded()
        recent.update({(source, sha256): row for sha256, row in rows.items()})
        if len(recent) >= _MOST_RECENT:
            ordered = ((source, sha256, row) for (source, sha256), row in sorted(recent.items()))
            self._database.executemany("INSERT INTO prompt_index VALUES (?, ?, ?)", ordered)
            self._database.execute("UPDATE meta SET value = ? WHERE name = 'indexed'", (max(recent.values()),))
            recent.clear()
            self._indexed = True

    def forget(self) -> None:
        """Forget what was looked up: after a rollback a new prompt is not in the file."""
        self._recent = None

    def _loaded(self) -> dict[tuple[int, bytes], int]:
        if self._recent is None:
            (last,) = self._database.execute(
                "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'indexed'"
            ).fetchone()
            self._indexed = last > 0  # most journals never have so many prompts
            found = self._database.execute("SELECT source, sha256, id FROM prompts WHERE id > ?", (last,))
            self._recent = {(source, sha256): row for source, sha256, row in found}
        return self._recent
