"""Knows the journal's dictionary of outcomes, which gives each a small number; does not know draws or prompts."""

import json
import sqlite3
from typing import Any

from .draws import Draw
from .outlines import Outcome

_MOST_KEPT = 20_000
"""Outcomes remembered at a time: ever different labels (an interval scale's) must not fill the memory."""


class Outcomes:
    """The outcomes in the file and their numbers, each looked up once as long as they are few.

    Args:
        database: An open journal's.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        """Remember nothing yet."""
        self._database = database
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._outcomes: dict[int, Outcome] = {}

    def number(self, draw: Draw) -> int:
        """Return the number of what came of a draw, a new one where it has none. To be called in a transaction."""
        # Labels 4 and 4.0 are equal, and each must come back as it was: hence the type.
        kind = (draw.reason, draw.finish_reason, draw.kind, draw.repaired, bool(draw.rationale))
        key = (type(draw.label), draw.label, *kind)
        found = self._numbers.get(key)
        return self._stored(key, (json.dumps(draw.label, ensure_ascii=False), *kind)) if found is None else found

    def outcome(self, number: int) -> Outcome:
        """Return the outcome with a number."""
        found = self._outcomes.get(number)
        return self._read(number) if found is None else found

    def forget(self) -> None:
        """Forget what was looked up: after a rollback a new outcome is not in the file."""
        self._numbers.clear()
        self._outcomes.clear()

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

    def _read(self, number: int) -> Outcome:
        label, reason, finish_reason, kind, repaired, has_rationale = self._database.execute(
            "SELECT label, reason, finish_reason, kind, repaired, has_rationale FROM outcomes WHERE id = ?", (number,)
        ).fetchone()
        found = Outcome(json.loads(label), reason, finish_reason, kind, bool(repaired), bool(has_rationale))
        if len(self._outcomes) >= _MOST_KEPT:
            self._outcomes.clear()
        self._outcomes[number] = found
        return found
