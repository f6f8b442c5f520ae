"""Knows how ready-made ratings are read from a column or a file, and what is wrong with them; measures nothing."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...data import Corpus, InputError, Label, Scale
from ...data.corpus import ItemCell, item_columns
from ...data.metrics import ends_of
from ...data.values import as_number, show
from ..tables import names_table, open_table
from .entrants import Entrant

_ID_COLUMNS = ("item_id", "id")
"""What `accord rate` calls its ids, the first where the rater reads a field of the other name."""

_PREFIXES = ("", "rating_")
"""Before ``score`` and ``confidence``; the second where the rater reads a field of that name."""

_Cells = Mapping[str, ItemCell]
"""Item id to cell."""


@dataclass(frozen=True)
class RatingsName:
    """Where ready-made ratings are: a column of the data, or one of a file of ratings.

    Attributes:
        file: The file; None for the data.
        column: The column; None for a file's ``label``.
    """

    file: Path | None
    column: str | None

    @classmethod
    def of(cls, words: str) -> "RatingsName":
        """Read ``COLUMN``, ``FILE`` or ``FILE:COLUMN``; a file is known by its suffix."""
        head, colon, tail = words.rpartition(":")
        if colon and names_table(head) and tail:
            return cls(Path(head), tail)
        return cls(Path(words), None) if names_table(words) else cls(None, words)

    def __str__(self) -> str:
        """Return a short name for a table."""
        if self.file is None:
            return str(self.column)
        stem = self.file.name.partition(".")[0]
        return stem if self.column is None else f"{stem}:{self.column}"


@dataclass(frozen=True)
class Items:
    """The data that ratings are of.

    Attributes:
        path: The file.
        corpus: Its items with gold.
        ids: Ids of all its items, also of those without gold.
        id: Its column of ids, or None.
    """

    path: Path
    corpus: Corpus
    ids: Collection[str]
    id: str | None


def read_ready_ratings(words: str, items: Items, *, confidence: str | None) -> Entrant:
    """Read somebody's ratings.

    A cell holds a label. On a scale of numbers it may hold a number between the levels: that is the score, and the
    nearest level the label. An empty cell is an item that was not rated. In a file as `accord rate` writes it,
    ``score`` and ``confidence`` are read too, and an item with a reason in ``unparsed`` was answered without a label.

    Args:
        words: ``COLUMN`` of the data, ``FILE`` or ``FILE:COLUMN``.
        items: The data.
        confidence: Column of the probability of the label; None for none, in a file for ``confidence`` if it is there.

    Raises:
        InputError: For a column that is not there, two ratings of an item, a rating off the scale, or ratings of other
            items altogether; naming place and cure.
    """
    name = RatingsName.of(words)
    if name.file is None:
        columns = {words: "ratings", **({} if confidence is None else {confidence: "confidence"})}
        table = open_table(items.path, [*columns, *items.corpus.fields, *([items.id] if items.id is not None else [])])
        found = item_columns(table, columns, id=items.id, fields=items.corpus.fields)
        parts = _Parts(found.columns[words], {}, {} if confidence is None else found.columns[confidence], {})
        return _entrant(name, f"column {words!r} of {items.path}", parts, items, repeated=0)
    known = _columns_of(name.file)
    wanted = _wanted(name, known, confidence)
    id = _id_column(name.file, known, items.id)
    found = item_columns(
        open_table(name.file, [id, *wanted.values()]), {column: part for part, column in wanted.items()}, id=id
    )
    cells = {part: found.columns[column] for part, column in wanted.items()}
    nothing: _Cells = {}
    parts = _Parts(*(cells.get(part, nothing) for part in ("label", "score", "confidence", "unparsed")))
    return _entrant(name, f"{name.file}, column {wanted['label']!r}", parts, items, repeated=found.repeated)


@dataclass(frozen=True)
class _Parts:
    """Cells of each part of a rating by item id; empty where the table has no such column."""

    label: _Cells
    score: _Cells
    confidence: _Cells
    unparsed: _Cells


def _columns_of(file: Path) -> list[str]:
    table = open_table(file, [])
    if table.columns is not None:
        return list(table.columns)
    names: dict[str, None] = {}
    for row in table.rows:
        names |= dict.fromkeys(map(str, row.cells))
    return list(names)


def _wanted(name: RatingsName, known: Collection[str], confidence: str | None) -> dict[str, str]:
    """Return which column holds what."""
    label = "label" if name.column is None else name.column
    listed = ", ".join(known)
    for column, option in ((label, "--ratings FILE:COLUMN"), (confidence, "--confidence COLUMN")):
        if column is not None and column not in known:
            what = f"there is no column {column!r}"
            raise InputError(what, place=str(name.file), cure=f"Name one with {option}; the columns are: {listed}.")
    found = {"label": label}
    if confidence is not None:
        found["confidence"] = confidence
    if name.column is None:
        for part in ("score", "confidence"):
            # A field of the rater's is called so too where both are there: then the longer name is the rating's.
            there = [f"{prefix}{part}" for prefix in _PREFIXES if f"{prefix}{part}" in known]
            if there and part not in found:
                found[part] = there[-1]
        if "unparsed" in known:
            found["unparsed"] = "unparsed"
    return found


def _id_column(file: Path, known: Collection[str], given: str | None) -> str:
    for column in (given, *_ID_COLUMNS):
        if column is not None and column in known:
            return column
    what = "there is no column of ids" if given is None else f"there is no column {given!r} or 'id'"
    cure = f"Give the items' ids in a column 'id'; the columns are: {', '.join(known)}."
    raise InputError(what, place=str(file), cure=cure)


def _entrant(name: RatingsName, source: str, parts: _Parts, items: Items, *, repeated: int) -> Entrant:
    corpus, scale = items.corpus, items.corpus.scale
    given = {id: cell for id, cell in parts.label.items() if cell.value is not None or _said(parts.unparsed, id)}
    if not given:
        cure = "Name the column of the ratings, and leave only those cells empty that have none."
        raise InputError("no item has a rating", place=source, cure=cure)
    there, everything = set(corpus.ids), set(items.ids)
    unknown = [id for id in given if id not in everything]
    if len(unknown) == len(given):
        what = f"none of {len(given):,} ratings is of an item of {items.path} (the first is of {show(unknown[0])})"
        raise InputError(what, place=source, cure="Give both files the same ids, and name their column with --id.")
    labels: list[Label | None] = []
    scores: list[float | None] = []
    confidences: list[float | None] = []
    unreadable: Counter[str] = Counter()
    between = False
    for item in corpus:
        cell = given.get(item.id)
        if cell is None or cell.value is None:
            if cell is not None:
                unreadable[str(_said(parts.unparsed, item.id))] += 1
            labels.append(None)
            scores.append(None)
            confidences.append(None)
            continue
        label, score = _reading(cell, scale)
        exact = parts.score.get(item.id)
        if exact is not None and exact.value is not None and scale.ordered:
            score = _score(exact, scale)
        between = between or score is not None
        labels.append(label)
        scores.append(score)
        confidences.append(_confidence(parts.confidence.get(item.id)))
    if between:
        scores = [
            scale.value(label) if score is None and label is not None else score
            for label, score in zip(labels, scores, strict=True)
        ]
    return Entrant(
        name=str(name),
        kind="ratings",
        source=source,
        labels=labels,
        rated=[item.id in given for item in corpus],
        scores=scores if between else None,
        confidences=confidences if any(one is not None for one in confidences) else None,
        unreadable=unreadable,
        unknown=len(unknown),
        unmeasured=sum(id in everything and id not in there for id in given),
        repeated=repeated,
    )


def _said(cells: _Cells, id: str) -> str | None:
    cell = cells.get(id)
    return None if cell is None or cell.value is None else str(cell.value)


def _reading(cell: ItemCell, scale: Scale) -> tuple[Label, float | None]:
    """Return the label of a cell, and its score where the cell holds a number between the levels."""
    try:
        return scale.read(cell.value), None
    except InputError as error:
        number = as_number(cell.value)
        if scale.numbered and number is not None and _inside(number, scale):
            return scale.nearest(number), float(number)
        cure = f"{error.cure} Leave the cell empty where there is no rating."
        raise InputError(error.what, place=cell.place, cure=cure) from None


def _score(cell: ItemCell, scale: Scale) -> float:
    score, (low, high) = _number(cell, "score"), ends_of(scale)
    if not _inside(score, scale):
        raise InputError(f"the score {score:g} is off the scale", place=cell.place, cure=f"Give {low:g} to {high:g}.")
    return score


def _inside(number: float, scale: Scale) -> bool:
    low, high = ends_of(scale)
    return low <= number <= high


def _number(cell: ItemCell, what: str) -> float:
    number = as_number(cell.value)
    if number is None:
        raise InputError(f"{show(cell.value)} is no finite number", place=cell.place, cure=f"Give the {what}.")
    return float(number)


def _confidence(cell: ItemCell | None) -> float | None:
    if cell is None or cell.value is None:
        return None
    number = _number(cell, "confidence from 0 to 1")
    if not 0 <= number <= 1:
        raise InputError(f"the confidence {number:g} is no probability", place=cell.place, cure="Give 0 to 1.")
    return number
