"""Knows how questions that many callers ask at once are answered in batches, and when there are too many; not by whom.

The engine of a local model decodes sixty prompts in hardly more time than one, so whatever waits goes into the next
batch together. How much may wait is bounded: who comes too late is told when to come back.
"""

import contextlib
import logging
import math
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from ...data import AccordError

logger = logging.getLogger(__name__)

_Question = TypeVar("_Question")
_Answer = TypeVar("_Answer")
Work = Callable[[Sequence[_Question]], Iterator[tuple[int, _Answer]]]
"""Answers a batch: yields (position in it, answer) in any order. Called from several threads at once."""

_REMEMBERED = 32
_LONGEST_GATHERING = 0.05
_LONGEST_WAIT = 60


class Full(Exception):
    """There is no room for so many questions now.

    Args:
        waiting: Questions that wait already.
        retry_after: Whole seconds after which there will likely be room, from the recent rate.
    """

    def __init__(self, waiting: int, retry_after: int) -> None:
        """Keep the figures."""
        super().__init__(waiting, retry_after)
        self.waiting = waiting
        self.retry_after = retry_after


class Stopped(Exception):
    """The batcher was stopped before it came to this question."""


@dataclass(frozen=True)
class Lanes:
    """How batches are made.

    Attributes:
        count: Batches in work at a time: 1 for an engine that works through one batch at a time anyway.
        most: Questions in a batch.
        gather: After a batch, wait so much of its duration (0.05 s at most) for callers to come back with more. Without
            it, callers split into a group that is being answered and one that waits, in batches of half the size.
    """

    count: int = 1
    most: int = 64
    gather: float = 0.0


@dataclass(eq=False)
class _Order(Generic[_Question, _Answer]):
    """What one caller asked at once."""

    questions: Sequence[_Question]
    future: "Future[list[_Answer]]" = field(default_factory=Future)
    taken: int = 0
    answers: dict[int, _Answer] = field(default_factory=dict)


class Batcher(Generic[_Question, _Answer]):
    """A bounded queue of questions and the threads that answer them in batches.

    A batch takes one question of each caller in turn, so that a caller with one question does not wait for all of one
    with hundreds. Questions of a caller whose future was cancelled are dropped as long as no batch took them.

    Args:
        work: Answers a batch. What it raises is the outcome of all callers whom the batch served.
        capacity: Questions that may wait.
        lanes: How batches are made.
        watch: Called after each batch with (questions, seconds), from a thread of the batcher.
    """

    def __init__(
        self,
        work: "Work[_Question, _Answer]",
        *,
        capacity: int,
        lanes: Lanes | None = None,
        watch: Callable[[int, float], None] | None = None,
    ) -> None:
        """Start the threads; they end with `stop` or the process."""
        self.capacity = capacity
        self.lanes = Lanes() if lanes is None else lanes
        self._work = work
        self._watch = watch
        self._orders: deque[_Order[_Question, _Answer]] = deque()
        self._waiting = 0
        self._stopped = False
        self._recent: deque[tuple[int, float]] = deque(maxlen=_REMEMBERED)
        self._news = threading.Condition()
        for number in range(self.lanes.count):
            # Daemons: an engine that hangs must not keep the process from ending.
            threading.Thread(target=self._serve, name=f"accord-batch-{number}", daemon=True).start()

    @property
    def waiting(self) -> int:
        """Questions that no batch took yet."""
        return self._waiting

    def submit(self, questions: Sequence[_Question]) -> "Future[list[_Answer]]":
        """Queue some questions; the future gives their answers in their order.

        Raises:
            Full: If there is no room for all of them.
            Stopped: After `stop`.
        """
        order: _Order[_Question, _Answer] = _Order(questions)
        with self._news:
            if self._stopped:
                raise Stopped
            if self._waiting + len(questions) > self.capacity:
                raise Full(self._waiting, self._retry_after(self._waiting + len(questions) - self.capacity))
            if not questions:
                order.future.set_result([])
                return order.future
            self._orders.append(order)
            self._waiting += len(questions)
            self._news.notify(math.ceil(len(questions) / self.lanes.most))
        order.future.add_done_callback(lambda future: self._drop(order) if future.cancelled() else None)
        return order.future

    def stop(self) -> None:
        """Take no more questions; those that no batch took fail with `Stopped`."""
        with self._news:
            self._stopped = True
            left = list(self._orders)
            self._orders.clear()
            self._waiting = 0
            self._news.notify_all()
        for order in left:
            _fail(order, Stopped())

    def _drop(self, order: "_Order[_Question, _Answer]") -> None:
        with self._news:
            if order in self._orders:
                self._orders.remove(order)
                self._waiting -= len(order.questions) - order.taken

    def _retry_after(self, needed: int) -> int:
        """Return whole seconds until `needed` of those who wait have likely been taken."""
        answered, seconds = sum(count for count, _ in self._recent), sum(took for _, took in self._recent)
        if not answered:
            return 1
        return min(_LONGEST_WAIT, max(1, math.ceil(needed * seconds / answered / self.lanes.count)))

    def _serve(self) -> None:
        pause = 0.0
        while batch := self._next(pause):
            began = time.monotonic()
            self._answer(batch)
            took = time.monotonic() - began
            pause = min(_LONGEST_GATHERING, self.lanes.gather * took)
            with self._news:
                self._recent.append((len(batch), took))
            if self._watch is not None:
                self._watch(len(batch), took)

    def _next(self, pause: float) -> list[tuple["_Order[_Question, _Answer]", int]]:
        """Wait for questions and take a batch of them; an empty one means stop."""
        batch: list[tuple[_Order[_Question, _Answer], int]] = []
        with self._news:
            if pause:
                self._news.wait_for(lambda: self._stopped or self._waiting >= self.lanes.most, timeout=pause)
            self._news.wait_for(lambda: self._stopped or self._orders)
            while self._orders and len(batch) < self.lanes.most:
                order = self._orders.popleft()
                batch.append((order, order.taken))
                order.taken += 1
                self._waiting -= 1
                if order.taken < len(order.questions):
                    self._orders.append(order)
        return batch

    def _answer(self, batch: Sequence[tuple["_Order[_Question, _Answer]", int]]) -> None:
        missing = dict(enumerate(batch))
        failure: Exception = RuntimeError("the engine gave no answer")
        try:
            for place, answer in self._work([order.questions[number] for order, number in batch]):
                order, number = missing.pop(place)
                order.answers[number] = answer
                if len(order.answers) == len(order.questions):
                    with contextlib.suppress(InvalidStateError):  # nobody waits any more, or another lane was faster
                        order.future.set_result([order.answers[number] for number in range(len(order.questions))])
        except Exception as error:
            failure = error
            _log(error)
        for order, _ in missing.values():
            self._drop(order)
            _fail(order, failure)


def _fail(order: _Order[Any, Any], failure: Exception) -> None:
    # Several lanes may have served an order; the first failure is its outcome, and they may fail at the same moment.
    with contextlib.suppress(InvalidStateError):
        order.future.set_exception(failure)


def _log(error: Exception) -> None:
    """Log where it happened, not what was said: messages may hold the text of an item."""
    if isinstance(error, AccordError):
        logger.error("a batch failed: %s", error)
    else:
        where = "".join(traceback.format_tb(error.__traceback__))
        logger.error("a batch failed: %s\n%s", type(error).__name__, where)
