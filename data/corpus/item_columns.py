"""Knows what further columns of a table say of each item; does not know what they mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InputError
from ..frozen import FrozenDict
from ..tables import Table
from ..values import is_missing, plain, show
from .items import content_id
from .loading import check_column, key_of, texts_of


@dataclass(frozen=True)
class ItemCell:
    """What stands in a column for one item.

    Attributes:
        value: As it was read; None where there is nothing.
        place: Where it stands, for a message.
    """

    value: Any
    place: str


@dataclass(frozen=True)
class ItemColumns:
    """Columns of a table by item.

    Attributes:
        columns: Column to item id to cell; an item whose cell is empty has a cell of None.
        ids: The items' ids, in the order of the table.
        repeated: Rows of an item that said the same once more.
    """

    columns: Mapping[str, Mapping[str, ItemCell]]
    ids: tuple[str, ...]
    repeated: int


def item_columns(table: Table, wanted: Mapping[str, str], *, id: str | None, fields: Sequence[str] = ()) -> ItemColumns:
    """Read further columns of a table of items.

    Rows of one id are one item, as in `accord.data.corpus.loading.load`. They must not disagree: an empty cell gives
    way to one that is not.

    Args:
        table: The table; it is read to its end.
        wanted: The columns to read, each with the word for what it is used for.
        id: Column of the items' ids; None takes the hash of the texts.
        fields: Columns of the texts; needed where there is no id.

    Raises:
        InputError: For a column that is not there, or two different values for one item, naming the place.
    """
    needed = list(wanted.items()) + ([(name, "field") for name in fields] if id is None else [])
    found: dict[str, dict[str, ItemCell]] = {name: {} for name in wanted}
    order: dict[str, None] = {}
    repeated = 0
    for name, role in needed:
        if table.columns is not None:
            check_column(table, name, role, table.columns)
    for row in table.rows:
        for name, role in [*needed, *([(id, "id")] if id is not None else [])]:
            check_column(table, name, role, row.cells, row.number)
        key = content_id(texts_of(table, row, fields)) if id is None else key_of(table, row, id)
        again = key in order
        order[key] = None
        for name in wanted:
            value = plain(row.cells[name])
            cell = ItemCell(None if _nothing(value) else value, table.place(row.number, name))
            before = found[name].get(key)
            if before is None or before.value is None:
                found[name][key] = cell
            elif cell.value is not None and cell.value != before.value:
                raise InputError(
                    f"item {show(key)} has {show(cell.value)} here and {show(before.value)} at {before.place}",
                    place=cell.place,
                    cure="Keep one of the two.",
                )
        repeated += again
    return ItemColumns(FrozenDict(found), tuple(order), repeated)


def _nothing(value: Any) -> bool:
    return not isinstance(value, list | tuple | Mapping) and is_missing(value)
