"""Knows how rows become a corpus: columns, gathering by item, consensus, what is dropped; knows no file format."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import InputError
from ..scales import Label, Scale
from ..tables import Table, TableRow, separator_hint
from ..values import is_missing, is_number, plain, show, suggestion
from .consensus import consensus, dawid_skene, rule_for, spread
from .items import Annotation, Item, content_id
from .layout import Layout

MAX_CELL = 1_000_000
"""Most characters a cell that is used may hold; a longer one is refused, not cut."""

NO_LABELS = "no labels"
TIED = "tied majority"
SPREAD = "spread above {}"
_REPEATED = "repeated annotation"
REPEATED_ROW = "repeated row"


@dataclass
class _Gathered:
    number: int
    texts: tuple[str, ...]
    group: str | None
    labels: list[Annotation] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Loaded:
    """The items of a table, and how many items and annotations were left out for which reason."""

    items: Sequence[Item]
    dropped: Mapping[str, int]


def load(table: Table, layout: Layout, *, undecided: bool = False) -> Loaded:
    """Read the items of a table.

    Dropped items and annotations are counted by reason in ``dropped``: ``"no labels"`` (an empty list),
    ``"tied majority"``, ``"spread above X"`` (items); ``"repeated annotation"`` (one annotator gave an item the same
    label twice), ``"repeated row"`` (an unlabelled item that occurs again).

    Args:
        table: What to read.
        layout: Which columns mean what.
        undecided: Whether to keep items whose labels tie, with a gold of None. Where people are measured they count:
            those are the items that people disagree on.

    Raises:
        InputError: For anything in the table that is not as the layout says, naming source, row, column and cure.
    """
    if table.columns is not None:
        _check_columns(table, layout, table.columns)
    dropped: Counter[str] = Counter()
    gathered = _gather(table, layout, dropped)
    if not gathered:
        what = "there is a header but no rows" if table.unit == "line" and table.columns else "there are no rows"
        raise InputError(what, place=table.name, cure="Give at least one row.")
    items = [
        Item(id, dict(zip(layout.fields, one.texts, strict=True)), tuple(one.labels), None, one.group)
        for id, one in gathered.items()
    ]
    kept = items if layout.label is None else list(_with_gold(items, layout, dropped, undecided))
    if not kept:
        why = ", ".join(f"{count} {reason}" for reason, count in dropped.items())
        raise InputError(
            f"none of {len(items)} items has a gold label ({why})",
            place=table.name,
            cure="Choose another consensus or a larger max_spread, or add labels.",
        )
    return Loaded(kept, dropped)


def _with_gold(items: list[Item], layout: Layout, dropped: Counter[str], undecided: bool) -> Iterator[Item]:
    rule = rule_for(layout.scale, layout.consensus)
    weighed = dawid_skene(items, layout.scale) if rule == "dawid_skene" else None
    for item in items:
        labels = item.labels
        if not labels:
            dropped[NO_LABELS] += 1
            continue
        if layout.max_spread is not None and spread(labels, layout.scale) > layout.max_spread:
            dropped[SPREAD.format(layout.max_spread)] += 1
            continue
        gold = consensus(labels, layout.scale, rule) if weighed is None else weighed[item.id]
        if gold is None and not undecided:
            dropped[TIED] += 1
            continue
        yield Item(item.id, item.fields, item.annotations, gold, item.group)


def _gather(table: Table, layout: Layout, dropped: Counter[str]) -> dict[str, _Gathered]:
    gathered: dict[str, _Gathered] = {}
    needed = layout.columns
    for row in table.rows:
        if not all(column in row.cells for column in needed):
            _check_columns(table, layout, row.cells, row.number)
        texts = texts_of(table, row, layout.fields)
        group = None if layout.group is None else key_of(table, row, layout.group)
        id = content_id(texts) if layout.id is None else key_of(table, row, layout.id)
        one = gathered.get(id)
        if one is None:
            one = gathered[id] = _Gathered(row.number, texts, group)
        else:
            _check_same(table, layout, row, id, one, texts, group)
            if layout.label is None:
                dropped[REPEATED_ROW] += 1
        for annotation, column in _annotations(table, layout, row):
            _add(table, layout, row, one, annotation, column, dropped)
    return gathered


def _annotations(table: Table, layout: Layout, row: TableRow) -> Iterator[tuple[Annotation, str]]:
    """Yield the labels of one row, each with the words for its column in a message."""
    if layout.label is None:
        return
    cell, column = row.cells[layout.label], layout.label
    if hasattr(cell, "tolist") and not is_number(plain(cell)):
        cell = cell.tolist()
    pairs: list[tuple[str | None, Any]]
    if isinstance(cell, list | tuple) and cell and all(isinstance(pair, tuple) and len(pair) == 2 for pair in cell):
        # Arrow's map type arrives as a list of pairs.
        cell = dict(cell)
    if isinstance(cell, Mapping):
        pairs = [(str(name), value) for name, value in cell.items() if value is not None]
    elif isinstance(cell, list | tuple):
        pairs = [(None, value) for value in cell]
    else:
        name = None if layout.annotator is None else key_of(table, row, layout.annotator)
        yield Annotation(name, _label(layout.scale, table, row, column, cell)), column
        return
    if layout.annotator is not None:
        raise InputError(
            f"the cell holds {len(pairs)} labels although annotator={layout.annotator!r} names one annotator a row",
            place=table.place(row.number, column),
            cure="Leave annotator out, or give one label a row.",
        )
    for position, (name, value) in enumerate(pairs, start=1):
        where = f"{column}[{position if name is None else name}]"
        yield Annotation(name, _label(layout.scale, table, row, where, value)), where


def _label(scale: Scale, table: Table, row: TableRow, column: str, value: Any) -> Label:
    try:
        return scale.read(value)
    except InputError as error:
        raise InputError(error.what, place=table.place(row.number, column), cure=error.cure) from None


def _add(
    table: Table,
    layout: Layout,
    row: TableRow,
    one: _Gathered,
    annotation: Annotation,
    column: str,
    dropped: Counter[str],
) -> None:
    name = annotation.annotator
    if name is not None and name in one.lines:
        before = next(a.label for a in one.labels if a.annotator == name)
        if before == annotation.label:
            dropped[_REPEATED] += 1
            return
        raise InputError(
            f"annotator {show(name)} gives {show(annotation.label)} to an item they gave {show(before)} "
            f"on {table.unit} {one.lines[name]}",
            place=table.place(row.number, column),
            cure="Keep one of the two."
            + (" Tell different items with the same text apart with id=." if layout.id is None else ""),
        )
    if name is not None:
        one.lines[name] = row.number
    one.labels.append(annotation)


def _check_same(
    table: Table, layout: Layout, row: TableRow, id: str, one: _Gathered, texts: tuple[str, ...], group: str | None
) -> None:
    for column, before, now in zip(layout.fields, one.texts, texts, strict=True):
        if before != now:
            raise InputError(
                f"id {show(id)} has another text on {table.unit} {one.number}",
                place=table.place(row.number, column),
                cure="Give different items different ids, or the rows of one item the same text.",
            )
    if group != one.group:
        raise InputError(
            f"{show(group)} differs from {show(one.group)} of the same item on {table.unit} {one.number}",
            place=table.place(row.number, layout.group),
            cure="Give the rows of one item one group, or tell different items apart with id=.",
        )


def _check_columns(
    table: Table, layout: Layout, columns: Sequence[str] | Mapping[str, Any], number: int | None = None
) -> None:
    for column, role in layout.roles:
        check_column(table, column, role, columns, number)


def check_column(
    table: Table, column: str, role: str, columns: Sequence[str] | Mapping[str, Any], number: int | None = None
) -> None:
    """Refuse a table or a row without a column, naming those there are."""
    if column in columns:
        return
    names = [str(name) for name in columns]
    listed = ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "")
    raise InputError(
        f"there is no column {column!r} (wanted as {role})",
        place=table.name if number is None else table.place(number),
        cure=f"The columns are: {listed}.{suggestion(str(column), names)}{separator_hint(tuple(names))}",
    )


def texts_of(table: Table, row: TableRow, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the texts of an item's fields; some may be empty, as an answer may be, but not all."""
    given = [not is_missing(plain(row.cells[column])) for column in columns]
    if not any(given):
        return tuple(text_of(table, row, column) for column in columns)  # which says what is wrong
    return tuple(text_of(table, row, column) if there else "" for column, there in zip(columns, given, strict=True))


def text_of(table: Table, row: TableRow, column: str) -> str:
    """Return the text of a field, refusing what is empty, not a text, too long or not encodable."""
    value = plain(row.cells[column])
    if is_missing(value):
        raise InputError(
            "the text is empty", place=table.place(row.number, column), cure="Fill it in or remove the row."
        )
    if not isinstance(value, str):
        if not is_number(value):
            raise InputError(
                f"{show(value)} is {type(value).__name__}, not a text",
                place=table.place(row.number, column),
                cure="Give one text a cell.",
            )
        value = str(value)
    if len(value) > MAX_CELL:
        raise InputError(
            f"the cell has {len(value):,} characters, more than {MAX_CELL:,}",
            place=table.place(row.number, column),
            cure="Shorten it; if a quote was never closed, close it.",
        )
    if not value.isascii() or "\0" in value:
        bad = next((c for c in value if c == "\0" or "\ud800" <= c <= "\udfff"), None)
        if bad is not None:
            raise InputError(
                f"the text holds U+{ord(bad):04X}, which is no character",
                place=table.place(row.number, column),
                cure="Remove it or repair the encoding.",
            )
    return value


def key_of(table: Table, row: TableRow, column: str) -> str:
    """Return an id, annotator or group as its text, without surrounding blanks; numbers keep their spelling."""
    return text_of(table, row, column).strip()
