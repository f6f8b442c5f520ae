"""Knows how a run talks to the person who started it: stages, lines and tables; does not know what is run."""

import logging
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console as RichConsole
from rich.console import RenderableType
from rich.progress import BarColumn, ProgressColumn, Task
from rich.progress import Progress as Bars
from rich.table import Column
from rich.text import Text

if TYPE_CHECKING:
    from ..programs import Progress

WIDTH = 80
"""Columns of what is not written to a terminal."""

INSTANT = 0.05
"""Seconds up to which a stage that counted nothing is not worth a line."""


class Console:
    """Writes results to stdout and everything else to stderr.

    Attributes:
        seconds: How long each stage took, by title; stages of one title add up.
    """

    def __init__(self) -> None:
        """Look at stdout and stderr as they are now."""
        self.seconds: dict[str, float] = {}
        self._out = _plain(stderr=False, width=None if sys.stdout.isatty() else WIDTH)
        self._err = _plain(stderr=True, width=None)

    @contextmanager
    def stage(self, title: str, *, line: bool = True) -> Iterator["Progress"]:
        """Show one stage of a run: a bar while it lasts (on a terminal), one line when it ends.

        Args:
            title: What is being done, e.g. "drawing traces".
            line: Whether a stage that succeeds is worth its line; a caller that sums up itself leaves it out.

        Yields:
            A callback that takes (done, total, note); a stage need not call it.
        """
        seen = _Seen()
        started = time.monotonic()
        bars = Bars(*_columns(), console=self._err, transient=True, disable=not self._err.is_terminal)
        task = bars.add_task(title, total=None, note="")

        def progress(done: int, total: int, note: str) -> None:
            seen.done, seen.total, seen.note = done, total, note
            bars.update(task, completed=done, total=total, note=note)

        outcome = "stopped"
        try:
            with bars:
                yield progress
            outcome = ""
        finally:
            took = time.monotonic() - started
            self.seconds[title] = self.seconds.get(title, 0.0) + took
            # A stage that fails before it counted anything has its say in the error that follows.
            if seen.total if outcome else line and (seen.total or took >= INSTANT):
                self.say(f"{title}: {', '.join(filter(None, [outcome, seen.counted, seen.note, duration(took)]))}")

    def say(self, text: str) -> None:
        """Write lines to stderr."""
        self._err.print(text, soft_wrap=not self._err.is_terminal)

    def print(self, text: str, *, wrap: bool = True) -> None:
        """Write lines to stdout; on a terminal they are broken between words unless `wrap` is False."""
        self._out.print(text, soft_wrap=not (wrap and self._out.is_terminal))

    def table(self, table: RenderableType) -> None:
        """Write a table, or anything else that fits itself to the width, to stdout."""
        self._out.print(table)

    def follow_log(self) -> None:
        """Say what the library logs, in place of any console that did so before."""
        logger = logging.getLogger(__name__.partition(".")[0])
        for handler in list(logger.handlers):
            if isinstance(handler, _Spoken):
                logger.removeHandler(handler)
        logger.addHandler(_Spoken(self))
        logger.setLevel(logging.INFO)


def duration(seconds: float) -> str:
    """Return a time as people say it: ``3.2 s``, ``63 s``, ``4 min 12 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def counts(reasons: Mapping[str, int]) -> str:
    """Write counts by reason, the largest first: ``no label: 12, truncated: 3``."""
    ordered = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{reason.replace('_', ' ')}: {count:,}" for reason, count in ordered)


@dataclass
class _Seen:
    """What a stage's callback was last told."""

    done: int = 0
    total: int = 0
    note: str = ""

    @property
    def counted(self) -> str:
        return f"{self.done:,}/{self.total:,}" if self.total else ""


def _plain(*, stderr: bool, width: int | None) -> RichConsole:
    # Item texts and names come through here: "[bold]" and ":cat:" in them are text.
    return RichConsole(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


class _Spoken(logging.Handler):
    def __init__(self, console: Console) -> None:
        super().__init__()
        self.console = console

    def emit(self, record: logging.LogRecord) -> None:
        self.console.say(record.getMessage())


class _Words(ProgressColumn):
    """A text of the task; unless it is fixed it is cut off where the line is too short for it."""

    def __init__(self, words: Callable[[Task], str], *, fixed: bool = False) -> None:
        super().__init__(table_column=Column(no_wrap=fixed))
        self.words = words

    def render(self, task: Task) -> Text:
        return Text(self.words(task), no_wrap=True, overflow="ellipsis")


def _columns() -> list[ProgressColumn]:
    """Lay out a bar for 80 columns: where title and note are long they give way, never the figures."""
    return [
        _Words(lambda task: task.description),
        BarColumn(bar_width=12, table_column=Column(no_wrap=True)),
        _Words(_counted, fixed=True),
        _Words(lambda task: task.fields["note"]),
        _Words(_times, fixed=True),
    ]


def _counted(task: Task) -> str:
    return "" if task.total is None else f"{int(task.completed):,}/{int(task.total):,}"


def _times(task: Task) -> str:
    passed = _clock(0.0 if task.elapsed is None else task.elapsed)
    return passed if task.time_remaining is None else f"{passed}, {_clock(task.time_remaining)} left"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
