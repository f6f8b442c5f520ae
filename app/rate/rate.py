"""Knows how a file of items becomes a file of ratings, resumably and whole or not at all; knows no agreement."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ...data import InputError, Journal
from ..tables import open_corpus
from .output import SUFFIXES, rated_table, write_whole

if TYPE_CHECKING:
    from ...programs import PairRater, Rater, Ratings
    from ..console import Console


def check_places(data: Path, out: Path) -> None:
    """Refuse an output that cannot be meant, before any model is loaded.

    Raises:
        InputError: For a suffix that is not written, or an output that would replace the data.
    """
    if out.suffix.lower() not in SUFFIXES:
        what = f"files ending in {out.suffix!r} are not written" if out.suffix else "the name has no suffix"
        raise InputError(what, place=str(out), cure=f"Name a file ending in {', '.join(SUFFIXES)}.")
    if out.is_dir():
        raise InputError("this is a directory", place=str(out), cure="Name a file in it.")
    if out.exists() and data.exists() and out.samefile(data):
        raise InputError("the ratings would replace the data", place=str(out), cure="Name another file.")


def rate_file(
    rater: "Rater | PairRater", data: Path, out: Path, *, id: str | None, seed: int, console: "Console"
) -> "Ratings":
    """Rate every item of a file and write the ratings.

    What is written of an item is described in `rated_table`. Items of the same id, or without ids of the
    same text, are rated once. The file appears whole when all items are rated. Until then the ratings are in a journal
    beside it, from which the same command goes on; what failed for reasons outside the item stays to be asked again.

    Args:
        rater: Who rates.
        data: The items; they need no labels.
        out: What to write: ``.parquet``, ``.csv`` or ``.jsonl``.
        id: Column of the items' ids.
        seed: For models that can be seeded.
        console: Where progress and the summary go.

    Raises:
        InputError: For anything wrong with data or output, naming place and cure.
        SetupError: If the output cannot be written, another process writes it, or no request can succeed.
        RetryError: If the disk is full; ratings that were recorded are kept.
    """
    check_places(data, out)
    corpus = open_corpus(data, fields=rater.fields, label=None, scale=rater.scale, id=id)
    started = time.monotonic()
    with _journal(out) as (journal, finish):
        with console.stage("rating", line=False) as progress:
            ratings = rater.rate(corpus, seed=seed, journal=journal, progress=progress)
        write_whole(out, rated_table(rater, corpus, ratings))
        failed = ratings.unparsed["error"]
        finish(not failed)
    console.say(_summary(ratings, corpus.dropped, time.monotonic() - started, out))
    if failed:
        said = next(rating.error for rating in ratings if rating.unparsed == "error")
        console.say(f"Of the failed requests the first said: {said}. Run the same command again to ask for them only.")
    return ratings


def _summary(ratings: "Ratings", dropped: Mapping[str, int], seconds: float, out: Path) -> str:
    from ..console import counts, duration

    rated = len(ratings) - sum(ratings.unparsed.values())
    parts = [f"rated {rated:,} of {len(ratings):,} items in {duration(seconds)}"]
    if ratings.unparsed:
        parts.append(f"{len(ratings) - rated:,} without a label ({counts(ratings.unparsed)})")
    if ratings.sampled:
        parts.append(f"{ratings.sampled.total():,} scored by several replies ({counts(ratings.sampled)})")
    if dropped:
        parts.append(f"left out ({counts(dropped)})")
    return f"{'; '.join(parts)}: {out}"


@contextmanager
def _journal(out: Path) -> Iterator[tuple[Journal, Callable[[bool], None]]]:
    """Open the journal beside an output; it is removed when the caller says that it is done with, or it is empty."""
    path = out.with_name(f".{out.name}.journal")
    done: list[bool] = []
    with Journal(path) as journal:
        try:
            yield journal, done.append
        finally:
            # The lock's file goes while the lock is held: nobody can take a lock that is about to vanish.
            if any(done) or not len(journal):
                for suffix in ("-wal", "-shm", ".lock", ""):
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
