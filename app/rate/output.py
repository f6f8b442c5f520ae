"""Knows what is written of rated items and in which kinds of file, whole or not at all; does not know who rates."""

import csv
import errno
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ...data import Corpus, RetryError, Scale, SetupError, whole_file

if TYPE_CHECKING:
    from ...programs import PairRater, Rater, Rating, Ratings

ColumnKind = Literal["text", "label", "number", "shares"]
"""What a column holds; shares are a probability by level."""

_SCORE_COLUMNS: dict[str, ColumnKind] = {
    "score": "number",
    "distribution": "shares",
    "confidence": "number",
    "scored_by": "text",
    "level_mass": "number",
}
_DIGITS = 6
"""After the point, of scores and probabilities."""


@dataclass(frozen=True)
class RatedTable:
    """Ratings as they are written.

    Attributes:
        columns: What each column holds, in the order of the columns.
        rows: A cell for each column; None where there is nothing.
        scale: The labels'.
    """

    columns: Mapping[str, ColumnKind]
    rows: tuple[dict[str, Any], ...]
    scale: Scale


def rated_table(rater: "Rater | PairRater", corpus: Corpus, ratings: "Ratings") -> RatedTable:
    """Return what is written of rated items.

    The columns are ``id`` (``item_id`` where the rater reads a field of that name), the fields that the rater read,
    ``label``, ``rationale`` and ``unparsed`` (why there is no label). A rater that scores adds after the label:

    ================  ==============================================================================================
    ``score``         the value between the labels
    ``distribution``  probability by level: an object in .jsonl, the same as text in .csv, a map in .parquet
    ``confidence``    the probability of the label
    ``scored_by``     ``levels``: by the probabilities of the levels; ``replies``: by the labels of several replies
    ``level_mass``    the probability that a server showed on all levels before it was brought to 1
    ================  ==============================================================================================

    A rater of pairs that is asked in both orders adds ``given`` and ``swapped``, what was said in each; with the two
    exchanged ``A`` is the pair's B. One that the rater reads as a field is called ``rating_score`` and so on.
    """
    from ...programs import PairRatings

    key = "item_id" if "id" in corpus.fields else "id"
    scores = {
        f"rating_{name}" if name in corpus.fields else name: name
        for name in (_SCORE_COLUMNS if rater.scoring.rule != "mode" else ())
    }
    orders = {"given": ratings.given, "swapped": ratings.swapped} if isinstance(ratings, PairRatings) else {}
    sides = {f"rating_{name}" if name in corpus.fields else name: said.labels for name, said in orders.items()}
    columns: dict[str, ColumnKind] = {
        **dict.fromkeys((key, *corpus.fields), "text"),
        "label": "label",
        **dict.fromkeys(sides, "label"),
        **{column: _SCORE_COLUMNS[name] for column, name in scores.items()},
        **dict.fromkeys(("rationale", "unparsed"), "text"),
    }
    rows: list[dict[str, Any]] = []
    for place, (item, rating) in enumerate(zip(corpus, ratings, strict=True)):
        scored = _score(rater, rating) if scores else {}
        rows.append(
            {
                key: item.id,
                **item.fields,
                "label": rating.label,
                **{column: said[place] for column, said in sides.items()},
                **{column: scored.get(name) for column, name in scores.items()},
                "rationale": rating.rationale,
                "unparsed": rating.unparsed if rating.label is None else None,
            }
        )
    return RatedTable(columns, tuple(rows), rater.scale)


def write_whole(out: Path, table: RatedTable) -> None:
    """Write a file: whoever reads it finds the old one or all of the new one.

    Args:
        out: The file; its suffix is one of `SUFFIXES`.
        table: What to write.

    Raises:
        SetupError: If it cannot be written.
        RetryError: If the disk is full.
    """
    try:
        with whole_file(out) as draft:
            SUFFIXES[out.suffix.lower()](draft, table)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            cure = "Free some space and run the same command again: nothing that was rated is lost."
            raise RetryError("the disk is full", place=str(out), cure=cure) from error
        cure = "Make the folder writable and run the same command again: nothing that was rated is lost."
        raise SetupError(f"cannot be written ({error.strerror})", place=str(out), cure=cure) from error


def _score(rater: "Rater | PairRater", rating: "Rating") -> dict[str, Any]:
    """Return the cells of a scored rating; none where there is no label."""
    shares = rating.distribution
    if shares is None:
        return {}
    by_replies = rater.scoring.rule == "mean" or rating.sampled
    return {
        "score": _rounded(rating.score),
        "distribution": {rater.scale.write(level): _rounded(share) for level, share in shares.items()},
        "confidence": _rounded(rating.confidence),
        "scored_by": "replies" if by_replies else "levels",
        "level_mass": _rounded(rating.level_mass),
    }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, _DIGITS)


def _write_csv(path: Path, table: RatedTable) -> None:
    def written(kind: ColumnKind, cell: Any) -> Any:
        if cell is None or kind in ("text", "number"):
            return cell
        return table.scale.write(cell) if kind == "label" else json.dumps(cell, ensure_ascii=False)

    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(table.columns), lineterminator="\n")
        writer.writeheader()
        for row in table.rows:
            writer.writerow({name: written(kind, row[name]) for name, kind in table.columns.items()})


def _write_jsonl(path: Path, table: RatedTable) -> None:
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in table.rows)


def _write_parquet(path: Path, table: RatedTable) -> None:
    import pyarrow
    from pyarrow import parquet

    kind = type(table.scale.ends[0])
    types = {
        "text": pyarrow.string(),
        "label": pyarrow.string() if kind is str else pyarrow.int64() if kind is int else pyarrow.float64(),
        "number": pyarrow.float64(),
        "shares": pyarrow.map_(pyarrow.string(), pyarrow.float64()),
    }
    schema = pyarrow.schema([(name, types[kind]) for name, kind in table.columns.items()])
    parquet.write_table(pyarrow.Table.from_pylist(list(table.rows), schema=schema), path)


SUFFIXES: dict[str, Callable[[Path, RatedTable], None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
    ".jsonl": _write_jsonl,
}
"""How each kind of file is written, by its suffix."""
