"""Knows how some annotators' labels are taken out of a table, to be rated like a rater's; knows no agreement."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..corpus import Corpus, Layout, key_of
from ..errors import InputError
from ..frozen import FrozenDict
from ..tables import Table, TableRow
from ..values import is_number, plain, show, suggestion
from .annotation_matrix import labels_by_annotator, position_name


@dataclass(frozen=True)
class HeldOut:
    """A corpus without some of its annotators.

    Attributes:
        corpus: The items, their gold made of the other annotators' labels.
        everyone: The same with the items on which the others tie, whose gold is None.
        people: What each of them labelled, their label being the gold.
    """

    corpus: Corpus
    everyone: Corpus
    people: Mapping[str, Corpus]


def hold_out(table: Callable[[], Table], layout: Layout, names: Collection[str]) -> HeldOut:
    """Load a table without some annotators, and their labels apart.

    An annotator without a name is called "annotator 1" and so on, by the position of the label in its list.

    Args:
        table: Opens the table; called more than once.
        layout: Which columns mean what.
        names: Whose labels are taken out.

    Raises:
        InputError: For a name that nobody has, or anything wrong with the table.
    """
    for name in names:
        known = {str(who) for row in labels_by_annotator(Corpus.from_table(table(), layout)) for who in row}
        if name not in known:
            listed = ", ".join(sorted(known)[:10]) + (f" and {len(known) - 10} more" if len(known) > 10 else "")
            cure = f"The annotators are: {listed}.{suggestion(name, known)}"
            raise InputError(f"no annotator is called {show(name)}", place=table().name, cure=cure)
    alone = replace(layout, consensus="auto", max_spread=None)
    people = {
        name: Corpus.from_table(_kept(table(), layout, lambda who, name=name: who == name), alone) for name in names
    }

    def rest(*, undecided: bool) -> Corpus:
        return Corpus.from_table(_kept(table(), layout, lambda who: who not in names), layout, undecided=undecided)

    return HeldOut(rest(undecided=False), rest(undecided=True), FrozenDict(people))


def _kept(table: Table, layout: Layout, wanted: Callable[[str], bool]) -> Table:
    """Return the table with the labels of some annotators only."""

    def rows() -> Iterator[TableRow]:
        for row in table.rows:
            if layout.annotator is not None:
                if layout.annotator not in row.cells or wanted(key_of(table, row, layout.annotator)):
                    yield row
            elif layout.label is None or layout.label not in row.cells:
                yield row
            else:
                yield TableRow(row.number, {**row.cells, layout.label: _some(row.cells[layout.label], wanted)})

    return replace(table, rows=rows())


def _some(cell: Any, wanted: Callable[[str], bool]) -> Any:
    """Return the labels of a cell by the annotators that are wanted."""
    if hasattr(cell, "tolist") and not is_number(plain(cell)):
        cell = cell.tolist()
    if isinstance(cell, list | tuple):
        if cell and all(isinstance(pair, tuple) and len(pair) == 2 for pair in cell):
            return _by_name(cell, wanted)  # Arrow's map type
        return [label for position, label in enumerate(cell) if wanted(position_name(position))]
    if isinstance(cell, Mapping):
        return _by_name(cell.items(), wanted)
    return [cell] if wanted(position_name(0)) else []


def _by_name(pairs: Iterable[Any], wanted: Callable[[str], bool]) -> dict[str, Any]:
    return {str(name): label for name, label in pairs if wanted(str(name))}
