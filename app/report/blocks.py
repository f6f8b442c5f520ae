"""Knows what the page about a run is put together from, and how numbers are written on it; knows no run."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..results import number

SPACE = "\u00a0"
"""Holds a number and its unit on one line."""

_NUMBER = re.compile(r"[-+]?[\d,.]*\d(\u00a0%|x)?|-")


@dataclass(frozen=True)
class TableCell:
    """A cell of a table with more to it than words.

    Attributes:
        text: What stands in it.
        drawing: SVG in place of the text; empty for none.
        share: From 0 to 1, how deeply it is shaded.
        strong: Whether it stands out.
    """

    text: str = ""
    drawing: str = ""
    share: float = 0.0
    strong: bool = False


@dataclass(frozen=True)
class TableBlock:
    """A table with a head of its own; the first column names the rows.

    Attributes:
        caption: What it shows; terms of the glossary in double brackets.
        columns: The heads of the columns.
        rows: Their cells.
        style: ``numbers``, ``dots`` (one column is a drawing) or ``matrix``.
        folded: Whether it is opened on demand, under this name; empty for not.
        foot: A last row.
        spare: Places of columns that a narrow screen does without.
    """

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | TableCell]]
    style: str = "numbers"
    folded: str = ""
    foot: Sequence[str | TableCell] = ()
    spare: Sequence[int] = ()
    kind: str = field(default="table", init=False)

    @property
    def right(self) -> frozenset[int]:
        """Places of the columns that hold numbers alone, which are set to the right."""
        columns = range(1, len(self.columns))
        return frozenset(place for place in columns if all(_is_number(row[place]) for row in self.rows))


@dataclass(frozen=True)
class FigureBlock:
    """A drawing, what it shows, and its numbers.

    Attributes:
        drawing: SVG.
        caption: What it shows; terms of the glossary in double brackets.
        table: The numbers, folded away.
        small: Whether several of them stand in one row.
    """

    drawing: str
    caption: str
    table: TableBlock | None = None
    small: bool = False
    kind: str = field(default="figure", init=False)


@dataclass(frozen=True)
class TextBlock:
    """A paragraph.

    Attributes:
        text: Its words; terms of the glossary in double brackets.
        style: ``plain``, ``missing`` or ``finding``.
    """

    text: str
    style: str = "plain"
    kind: str = field(default="text", init=False)


@dataclass(frozen=True)
class QuoteBlock:
    """Text that is shown as it is, on demand.

    Attributes:
        text: The text.
        folded: The name under which it is opened.
    """

    text: str
    folded: str
    kind: str = field(default="quote", init=False)


@dataclass(frozen=True)
class MissingReason:
    """Why somebody rated as they did.

    Attributes:
        who: Who it is.
        label: What they rated.
        text: Their reasoning.
    """

    who: str
    label: str
    text: str


@dataclass(frozen=True)
class ItemBlock:
    """One item with what was said of it.

    Attributes:
        id: Its id.
        texts: Its fields.
        told: Who gave which label, in words.
        reasons: Their reasoning.
        cut: Whether a text was cut for display.
    """

    id: str
    texts: Mapping[str, str]
    told: str
    reasons: Sequence[MissingReason] = ()
    cut: bool = False
    kind: str = field(default="item", init=False)


@dataclass(frozen=True)
class ChangeBlock:
    """A change of the guideline.

    Attributes:
        head: What happened where.
        old: The text before.
        new: The text after.
    """

    head: str
    old: str
    new: str
    kind: str = field(default="change", init=False)


@dataclass(frozen=True)
class MoreBlock:
    """Items that are opened on demand.

    Attributes:
        title: The name under which they are opened.
        items: The items.
    """

    title: str
    items: Sequence[ItemBlock]
    kind: str = field(default="more", init=False)


Block = TableBlock | FigureBlock | TextBlock | QuoteBlock | ItemBlock | ChangeBlock | MoreBlock


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        id: Where links lead to.
        title: Its heading.
        blocks: What is in it.
    """

    id: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Fact:
    """One figure of the first screen.

    Attributes:
        name: What it is; terms of the glossary in double brackets.
        value: The figure.
        about: What it stands on.
    """

    name: str
    value: str
    about: str


def _is_number(cell: str | TableCell) -> bool:
    return isinstance(cell, str) and (not cell or bool(_NUMBER.fullmatch(cell)))


def span(found: Mapping[str, Any], *, sign: bool = False) -> str:
    """Write an interval, or a dash where there is none."""
    low, high = found.get("low"), found.get("high")
    if low is None or high is None:
        return "-"
    return f"{number(low, sign=sign)} to {number(high, sign=sign)}"


def share(value: float | None) -> str:
    """Write a share in percent."""
    return "-" if value is None else f"{100 * value:.0f}{SPACE}%"


def shares(low: float | None, high: float | None) -> str:
    """Write an interval of shares."""
    return "-" if low is None or high is None else f"{100 * low:.0f} to {100 * high:.0f}{SPACE}%"


def count_cell(value: float | None) -> str:
    """Write a whole number; nothing where it is not known."""
    return "" if value is None else f"{value:,.0f}"


def some(many: int, one: str, several: str = "") -> str:
    """Write a number of things: ``1 item``, ``2 items``; give the plural where it is no s."""
    return f"{many:,}{SPACE}{one if many == 1 else several if several else f'{one}s'}"
