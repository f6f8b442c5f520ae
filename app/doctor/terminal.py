"""Knows how an examination of the machine looks in a terminal of 80 columns; does not know how it was made."""

import textwrap
from collections.abc import Iterator, Mapping

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from .record import Examination, Line, User

_STYLES = {"ok": "green", "-": "dim", "missing": "yellow", "low": "yellow", "wrong": "bold red", "unknown": "yellow"}
_MARK = max(map(len, _STYLES))
_LEAST = 20
"""Columns that words get at least; a narrower terminal breaks the lines itself."""

_ENDS: Mapping[User, tuple[str, str]] = {
    "core": ("Accord itself has all it needs.", "Accord itself lacks something:"),
    "demo": ("'accord demo' can run here.", "'accord demo' cannot run here before this is mended:"),
}


class DoctorPage:
    """The page, laid out for whatever width it is printed in. Each mark is a word: colour only repeats it.

    Args:
        examination: What was found.
    """

    def __init__(self, examination: Examination) -> None:
        """Remember what was found."""
        self.examination = examination

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines."""
        parts = self.examination.parts
        names = max(len(line.name) for lines in parts.values() for line in lines)
        for part, lines in parts.items():
            yield Text(part, style="bold")
            for line in lines:
                yield from _rows(line, names, options.max_width)
            yield Text("")
        yield from _end(self.examination, "core", options.max_width)
        yield from _end(self.examination, "demo", options.max_width)


def _rows(line: Line, names: int, width: int) -> Iterator[Text]:
    start = 2 + names + 2 + _MARK + 2
    room = max(_LEAST, width - start)
    said = _broken(line.found, room)
    yield Text.assemble(f"  {line.name:<{names}}  ", (f"{line.state:<{_MARK}}", _STYLES[line.state]), f"  {said[0]}")
    for row in said[1:]:
        yield Text(" " * start + row)
    if line.cure is not None:
        verb = "get it" if line.state == "missing" else "mend it"
        for row in _broken(f"{verb}: {line.cure}", room, indent="  "):
            yield Text(" " * start + row, style="bold")


def _end(examination: Examination, user: User, width: int) -> Iterator[Text]:
    """Say whether somebody can begin here, and what is to be done first."""
    lacks = examination.lacks(user)
    fine, faulty = _ENDS[user]
    yield from map(Text, _broken(faulty if lacks else fine, width))
    for line in lacks:
        yield from map(Text, _broken(f"{line.name}: {line.cure}", width, lead="  ", indent="  "))


def _broken(text: str, width: int, *, lead: str = "", indent: str = "") -> list[str]:
    """Break a text between words, without characters that a terminal would obey.

    Hyphens are no place to break: a command that is broken at one cannot be copied.
    """
    safe = "".join(one if one.isprintable() else "?" for one in " ".join(text.split()))
    rows = textwrap.wrap(safe, width, initial_indent=lead, subsequent_indent=lead + indent, break_on_hyphens=False)
    return rows or [""]
