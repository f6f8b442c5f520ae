"""Knows the journal's dictionary of outcomes, which gives each a small number; does not know draws or prompts."""

import json
import sqlite3
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
