"""Knows how to have many of a journal's pages read at once; does not know what is on them.

The prompts' rows stand between those of the draws, a page here and a page there. Asking a disk for one after the other
costs its latency each time (at 2 ms, two minutes for a million prompts); asked for many at once, it answers them
together. What the system has in memory already is only passed over.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

_READERS = 32
_ROWS = 1_000
_WORTH_IT = 20_000
"""Prompts below which nothing is read ahead."""


@contextmanager
def read_ahead(path: Path, prompts: int, source: int | None = None) -> Iterator[None]:
    """Have the system read the rows of prompts into its cache while the block goes through them.

    What goes wrong here is passed over: the block meets it itself. Leaving the block ends the reading.

    Args:
        path: The journal's file, which this process has open.
        prompts: How many prompts it has.
        source: The source whose index of prompts is read as well; None where it is not needed.
    """
    if prompts < _WORTH_IT:
        yield
        return
    from concurrent.futures import ThreadPoolExecutor  # only needed for a large journal

    with ThreadPoolExecutor(_READERS, thread_name_prefix="journal") as pool:
        for first in range(256 if source is not None else 0):
            bounds = (bytes([first]), bytes([first]) + b"\xff" * 32)
            pool.submit(_read, path, "prompt_index WHERE source = ? AND sha256 BETWEEN ? AND ?", source, *bounds)
        for first in range(1, prompts + 1, _ROWS):
            pool.submit(_read, path, "prompts WHERE id BETWEEN ? AND ?", first, first + _ROWS)
        try:
            yield
        finally:
            pool.shutdown(cancel_futures=True)


def _read(path: Path, rows: str, *bounds: Any) -> None:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
        database.execute("PRAGMA cache_size = -256")
        database.execute(f"SELECT count(*) FROM {rows}", bounds).fetchone()
