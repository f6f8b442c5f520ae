"""Knows how asks and results cross between the thread that iterates and the one that sends; not how they are sent."""

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from ..adapter import Completion
from ..completions import Feed
from .dispatcher import Dispatcher, Run, SeedOf

_HANDED_OVER = 16
"""Asks taken while results are consumed are handed over so many at a time: waking the other thread costs."""


def stream(
    pool: Dispatcher, feed: Feed, fields: Mapping[str, Any], seed_of: SeedOf
) -> Iterator[tuple[int, tuple[Completion, ...]]]:
    """Yield ``(number of the ask, its completions)`` as they come; closing it drops what is on its way.

    Args:
        pool: Who sends.
        feed: Where asks come from.
        fields: What goes into each request beside model, messages, n and seed.
        seed_of: Gives each request its seed.

    Raises:
        SetupError: If every request would fail.
    """
    inbox = _Inbox()
    run = Run(fields, seed_of, inbox.put, inbox.fail)
    intake = _Intake(pool, feed, run, inbox)
    try:
        intake.take()
        while intake.waited_for:
            for result in inbox.wait():
                intake.waited_for -= 1
                yield result
                intake.take(at_least=_HANDED_OVER)
            intake.take()
    finally:
        pool.cancel(run)


class _Intake:
    """Takes asks as there is room, numbers them and hands them over."""

    def __init__(self, pool: Dispatcher, feed: Feed, run: Run, inbox: "_Inbox") -> None:
        self.waited_for = 0
        self._inbox = inbox
        self._pool = pool
        self._feed = feed
        self._run = run
        self._next = 0

    def take(self, *, at_least: int = 1) -> None:
        """Take what there is room for and hand it over, where there is room for `at_least` so many."""
        limit = self._pool.gate.limit
        ahead = max(4, limit // 8)  # these wait in line, so that no connection is ever idle
        on_their_way = self.waited_for - self._inbox.unread
        room = min(limit + ahead - on_their_way, 2 * limit + ahead - self.waited_for)
        if room < at_least:
            return
        taken = self._feed.take(room)
        self.waited_for += len(taken)
        if taken:
            self._pool.submit(self._run, list(enumerate(taken, self._next)))
            self._next += len(taken)


class _Inbox:
    """Results on their way to the thread that iterates: many for one wake-up."""

    def __init__(self) -> None:
        self._results: deque[tuple[int, tuple[Completion, ...]]] = deque()
        self._news = threading.Event()
        self._error: BaseException | None = None

    @property
    def unread(self) -> int:
        """How many results are there that nobody took."""
        return len(self._results)

    def put(self, number: int, completions: tuple[Completion, ...]) -> None:
        self._results.append((number, completions))
        if not self._news.is_set():  # whoever was woken looks at the results after this flag
            self._news.set()

    def fail(self, error: BaseException) -> None:
        self._error = error
        self._news.set()

    def wait(self) -> Iterator[tuple[int, tuple[Completion, ...]]]:
        """Wait for something, then give all that has come; an error comes after the results that were there before."""
        self._news.wait()
        self._news.clear()
        while self._results:
            yield self._results.popleft()
        if self._error is not None:
            raise self._error
