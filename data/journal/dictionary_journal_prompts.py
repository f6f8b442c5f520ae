"""Knows under which row of the journal a prompt stands, by its hash; does not know what was drawn for it.

Hashes fall all over an index: with a million prompts nearly every new one changes a page of its own, and writing those
pages would be ten times the work of writing the draws. So new prompts stay out of the index until there are many, and
go into it in order, many to a page. Until then they are looked up in memory; they are the rows after the last indexed
one, from which a restarted process reads them again.
"""

import sqlite3
from collections.abc import Iterable

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
