"""Knows how a file of items becomes a file of ratings, resumably and whole or not at all; knows no agreement."""

import csv
import errno
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data import Corpus, InputError, Journal, RetryError, Scale, SetupError
from .data_files import open_corpus

if TYPE_CHECKING:
    from ..programs import Rater, Ratings
    from .console import Console

Rows = list[dict[str, Any]]


def check_places(data: Path, out: Path) -> None:
    """Refuse an output that cannot be meant, before any model is loaded.

    Raises:
        InputError: For a suffix that is not written, or an output that would replace the data.
    """
    if out.suffix.lower() not in _WRITERS:
        what = f"files ending in {out.suffix!r} are not written" if out.suffix else "the name has no suffix"
        raise InputError(what, place=str(out), cure=f"Name a file ending in {', '.join(_WRITERS)}.")
    if out.is_dir():
        raise InputError("this is a directory", place=str(out), cure="Name a file in it.")
    if out.exists() and data.exists() and out.samefile(data):
        raise InputError("the ratings would replace the data", place=str(out), cure="Name another file.")


def rate_file(rater: "Rater", data: Path, out: Path, *, id: str | None, seed: int, console: "Console") -> "Ratings":
    """Rate every item of a file and write the ratings.

    The columns are ``id`` (``item_id`` where the rater reads a field of that name), the fields that the rater read,
    ``label``, ``rationale`` and ``unparsed`` (why there is no label). Items of the same id, or without ids of the same
    text, are rated once. The file appears whole when all items are rated. Until then the ratings are in a journal
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
        _write_whole(out, _rows(corpus, ratings), rater.scale)
        failed = ratings.unparsed["error"]
        finish(not failed)
    console.say(_summary(ratings, corpus.dropped, time.monotonic() - started, out))
    if failed:
        said = next(rating.error for rating in ratings if rating.unparsed == "error")
        console.say(f"Of the failed requests the first said: {said}. Run the same command again to ask for them only.")
    return ratings


def _summary(ratings: "Ratings", dropped: Mapping[str, int], seconds: float, out: Path) -> str:
    from .console import counts, duration

    rated = len(ratings) - sum(ratings.unparsed.values())
    parts = [f"rated {rated:,} of {len(ratings):,} items in {duration(seconds)}"]
    if ratings.unparsed:
        parts.append(f"{len(ratings) - rated:,} without a label ({counts(ratings.unparsed)})")
    if dropped:
        parts.append(f"left out ({counts(dropped)})")
    return f"{'; '.join(parts)}: {out}"


def _rows(corpus: Corpus, ratings: "Ratings") -> Rows:
    key = "item_id" if "id" in corpus.fields else "id"
    return [
        {
            key: item.id,
            **item.fields,
            "label": rating.label,
            "rationale": rating.rationale,
            "unparsed": rating.unparsed if rating.label is None else None,
        }
        for item, rating in zip(corpus, ratings, strict=True)
    ]


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


def _write_whole(out: Path, rows: Rows, scale: Scale) -> None:
    """Write a file beside its place and move it there: whoever reads it finds the old one or all of the new one."""
    draft = out.with_name(f".{out.name}.draft")
    try:
        _WRITERS[out.suffix.lower()](draft, rows, scale)
        os.replace(draft, out)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            cure = "Free some space and run the same command again: nothing that was rated is lost."
            raise RetryError("the disk is full", place=str(out), cure=cure) from error
        cure = "Make the folder writable and run the same command again: nothing that was rated is lost."
        raise SetupError(f"cannot be written ({error.strerror})", place=str(out), cure=cure) from error
    finally:
        draft.unlink(missing_ok=True)


def _write_csv(path: Path, rows: Rows, scale: Scale) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            label = None if row["label"] is None else scale.write(row["label"])
            writer.writerow({**row, "label": label})


def _write_jsonl(path: Path, rows: Rows, scale: Scale) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _write_parquet(path: Path, rows: Rows, scale: Scale) -> None:
    import pyarrow
    from pyarrow import parquet

    kinds = {float} if scale.levels is None else {type(level) for level in scale.levels}
    label = pyarrow.string() if kinds == {str} else pyarrow.int64() if kinds == {int} else pyarrow.float64()
    schema = pyarrow.schema([(name, label if name == "label" else pyarrow.string()) for name in rows[0]])
    parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), path)


_WRITERS: dict[str, Callable[[Path, Rows, Scale], None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
}
