"""Knows how draws get into the journal's tables, each once; does not know how they are read again."""

import sqlite3
from collections.abc import Sequence
from typing import Any, Literal

from .dictionary import Outcomes, PromptRows
from .draws import Draw
from .outline import numbers_in, packed_entry, sorted_entries


def count_rows(database: sqlite3.Connection, table: Literal["draws", "prompts"]) -> int:
    """Return how many rows a table has: the last one's number, as rows are only ever added, without a gap."""
    return int(database.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0])


class LastRows:
    """The last rows of the tables that grow, looked up once: nobody else writes to an open journal.

    Args:
        database: An open journal's.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        """Look nothing up yet."""
        self._database = database
        self._found: dict[Literal["draws", "prompts"], int] = {}

    def of(self, table: Literal["draws", "prompts"]) -> int:
        """Return the number of a table's last row, 0 where it has none."""
        if table not in self._found:
            self._found[table] = count_rows(self._database, table)
        return self._found[table]

    def grew(self, table: Literal["draws", "prompts"], rows: int) -> None:
        """Note that rows were added."""
        self._found[table] = self.of(table) + rows

    def forget(self) -> None:
        """Forget what was looked up: after a rollback a new row is not in the file."""
        self._found.clear()


def write_draws(
    database: sqlite3.Connection,
    last: LastRows,
    prompts: PromptRows,
    outcomes: Outcomes,
    source: int,
    draws: Sequence[Draw],
) -> None:
    """Add draws of a source in an open transaction; of draws with the same prompt and index the first stays.

    Each statement costs a lock of the interpreter, which other threads want, so there are no more than needed.
    """
    asked: dict[bytes, list[Draw]] = {}
    for draw in draws:
        asked.setdefault(bytes.fromhex(draw.prompt), []).append(draw)
    row, last_prompt = last.of("draws"), last.of("prompts")
    stored = prompts.find(source, asked)
    rows: list[tuple[Any, ...]] = []
    begun: list[tuple[Any, ...]] = []
    grown: list[tuple[Any, ...]] = []
    for sha256, drawn in asked.items():
        prompt, entries = stored.get(sha256), b""
        if prompt is not None:
            (entries,) = database.execute("SELECT outline FROM prompts WHERE id = ?", (prompt,)).fetchone()
        known = numbers_in(entries)
        fresh = {draw.index: draw for draw in reversed(drawn) if draw.index not in known}
        place = last_prompt + len(begun) + 1 if prompt is None else prompt
        for _, draw in sorted(fresh.items()):
            row += 1
            outcome = outcomes.number(draw)
            entries += packed_entry(row, draw, outcome)
            rows.append(_row(row, place, draw, outcome))
        if known and fresh and min(fresh) < known[-1]:
            entries = sorted_entries(entries)
        if prompt is None:
            begun.append((place, source, sha256, drawn[0].item_id, entries))
        elif fresh:
            grown.append((entries, place))
    if begun:
        database.executemany("INSERT INTO prompts VALUES (?, ?, ?, ?, ?)", begun)
        prompts.add(source, {sha256: place for place, _, sha256, _, _ in begun})
        last.grew("prompts", len(begun))
    if grown:
        database.executemany("UPDATE prompts SET outline = ? WHERE id = ?", grown)
    if rows:
        database.executemany("INSERT INTO draws VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        last.grew("draws", len(rows))


def _row(row: int, prompt: int, draw: Draw, outcome: int) -> tuple[Any, ...]:
    start = (draw.text + draw.thinking).find(draw.rationale)
    place = (draw.rationale, 0, 0) if start < 0 else (None, start, start + len(draw.rationale))
    numbers = (row, prompt, draw.index, outcome, draw.prompt_tokens, draw.completion_tokens)
    return (*numbers, *place, draw.text, draw.thinking)
