"""Knows how draws survive: an SQLite file that keeps each one before it is used; does not know what draws mean."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeVar

from .claim import claim_items
from .dictionary import Outcomes, PromptRows
from .draws import Draw, Source
from .file import open_file, transaction, translated
from .lock import take_lock
from .outline import PromptOutline, outline
from .reading import PROMPTS, TEXTS, find, read_ahead, read_draws, scan, scan_outlines
from .writing import LastRows, count_rows, write_draws

_MANY = 8
"""Batches of prompts after which a lookup is likely to go on through most of the file."""

_Thing = TypeVar("_Thing")


class Journal:
    """The durable record of every draw, accepted or not, in one SQLite file in WAL mode.

    A draw is known by its source (model, sampling), its prompt's hash and its index. `record` returns after the draws
    are committed, so killing the process at any instant loses at most the requests in flight. Prompts are kept as
    hashes only; keys and other secrets are never written.

    Only one process may hold a journal: the second gets a clear refusal, and a killed holder leaves no stale lock.
    What iterates here reads a batch at a time: it can be left at any point, and draws can be recorded meanwhile (they
    are seen or not, depending on what has been read by then). Threads must take turns.

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
        self._lock = take_lock(self.path)
        self._sources: dict[str, int] = {}
        try:
            with translated(self.path):
                self._db = open_file(self.path)
        except BaseException:
            self.close()
            raise
        self._last = LastRows(self._db)
        self._prompts = PromptRows(self._db)
        self._outcomes = Outcomes(self._db)

    def claim(self, origin: str | None, items: Mapping[str, str]) -> None:
        """Bind the journal to a corpus, or refuse a corpus that its draws were not made from.

        The first corpus is taken as it is. Later ones must have the origin of an earlier one, or share an item with
        one; their new items are then registered as well.

        Args:
            origin: What the corpus is a part of, e.g. `Corpus.origin`; None where that is unknown.
            items: The hash of each item's content, in hexadecimal (see `content_hash`), by the item's id.

        Raises:
            InputError: If an item is registered with another content, or this is another corpus. Nothing is written.
        """
        if items:
            with translated(self.path), transaction(self._db):
                claim_items(self._db, self.path, origin, items)

    def record(self, source: Source, draws: Sequence[Draw]) -> None:
        """Commit draws in one transaction; a draw that is recorded already stays as it is."""
        if not draws:
            return
        try:
            with translated(self.path), transaction(self._db):
                number = self._stored_source(source)
                write_draws(self._db, self._last, self._prompts, self._outcomes, number, draws)
        except BaseException:
            self._sources.clear()  # what was numbered in this transaction is gone with it
            self._last.forget()
            self._prompts.forget()
            self._outcomes.forget()
            raise

    def draws(self, source: Source, prompt: str) -> list[Draw]:
        """Return what is recorded for a prompt, in the order of the draws' indices.

        Args:
            source: Whom the draws come from.
            prompt: SHA-256 of the prompt, in hexadecimal.
        """
        return next(self.draws_of(source, [prompt]))[1]

    def draws_of(self, source: Source, prompts: Iterable[str]) -> Iterator[tuple[str, list[Draw]]]:
        """Iterate over prompts with what is recorded for each, in the order given; an empty list where nothing is.

        Args:
            source: Whom the draws come from.
            prompts: SHA-256 of each prompt, in hexadecimal.
        """
        with translated(self.path):
            for some in _batches(prompts, PROMPTS):
                found = find(self._db, self._prompts, self._source(source), some)
                for few in _batches(some, TEXTS):
                    known = [found[prompt.lower()] for prompt in few if prompt.lower() in found]
                    drawn = read_draws(self._db, self._outcomes.by_number, known)
                    for prompt in few:
                        yield prompt, drawn.get(prompt.lower(), [])

    def outlines(self, source: Source, prompts: Iterable[str] | None = None) -> Iterator[PromptOutline]:
        """Iterate over what a restarted run must know of each prompt, texts left out.

        Args:
            source: Whom the draws come from.
            prompts: SHA-256 of prompts, in hexadecimal: their outlines in this order, an empty one where nothing is
                recorded. None goes through all recorded prompts, in the order of their first draws; this is faster.
        """
        outcomes = self._outcomes.by_number
        with translated(self.path), ExitStack() as ahead:
            number, stored_prompts = self._source(source), count_rows(self._db, "prompts")
            if prompts is None:
                ahead.enter_context(read_ahead(self.path, stored_prompts))
                yield from scan_outlines(self._db, outcomes, number)
                return
            for batch, some in enumerate(_batches(prompts, PROMPTS)):
                if batch == _MANY:
                    ahead.enter_context(read_ahead(self.path, stored_prompts, number))
                found = find(self._db, self._prompts, self._source(source), some)
                for prompt in some:
                    one = found.get(prompt.lower())
                    yield PromptOutline(prompt) if one is None else outline(prompt, one.entries, outcomes)

    def recorded(self, source: Source) -> Iterator[Draw]:
        """Iterate over all draws of a source, by prompt and index."""
        with translated(self.path):
            for page in scan(self._db, self._source(source)):
                for some in _batches(page, TEXTS):
                    for draws in read_draws(self._db, self._outcomes.by_number, some).values():
                        yield from draws

    def sources(self) -> list[Source]:
        """Return whom the recorded draws come from."""
        with translated(self.path):
            keys = self._db.execute("SELECT key FROM sources ORDER BY id").fetchall()
        return [Source(*json.loads(key)) for (key,) in keys]

    def __len__(self) -> int:
        """Return how many draws are recorded."""
        with translated(self.path):
            return count_rows(self._db, "draws")

    def close(self) -> None:
        """Close the file and give its lock back."""
        database = getattr(self, "_db", None)
        if database is not None:
            database.close()
        self._lock.release()

    def __enter__(self) -> "Journal":
        """Return the journal itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the journal."""
        self.close()

    def _source(self, source: Source) -> int:
        """Return the source's number; 0, which no source has, where nothing of it is recorded."""
        key = source.key
        if key not in self._sources:
            row = self._db.execute("SELECT id FROM sources WHERE key = ?", (key,)).fetchone()
            if row is None:
                return 0
            self._sources[key] = int(row[0])
        return self._sources[key]

    def _stored_source(self, source: Source) -> int:
        number = self._source(source)
        if number:
            return number
        self._db.execute("INSERT INTO sources (key) VALUES (?)", (source.key,))
        return self._source(source)


@contextmanager
def opened(journal: Journal | str | Path | None) -> Iterator[Journal | None]:
    """Open the journal where a path is given, and close it again; an open one stays the caller's, None stays None."""
    if journal is None or isinstance(journal, Journal):
        yield journal
        return
    with Journal(journal) as own:
        yield own


def _batches(things: Iterable[_Thing], size: int) -> Iterator[list[_Thing]]:
    rest = iter(things)
    while some := list(islice(rest, size)):
        yield some
