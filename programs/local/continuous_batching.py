"""Knows how callers in many threads decode in one running batch; does not know what they ask.

Why not transformers' continuous batching (``generate_batch``, 5.23)? It is right on a CPU too (in float32 all of
32 greedy replies were those of `Decoder`), but it attends over the texts of all requests at once and masks what is
foreign: 25 to 35 tokens a second for 32 prompts of 250 tokens with the embedded model, where this gave 188. And its
draws come from one generator for the whole batch, so that a draw would depend on its company; here it is a contract
that the same seed gives the same draw.
"""

import ctypes
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ..threads import settle_threads
from .sequence_request import SequenceRow, Wish

if TYPE_CHECKING:
    from .prefill import Decoder  # torch takes seconds to import and is an extra
    from .running_batch import RunningBatch

T = TypeVar("T")

_SHARE = 4
"""Rows join at once if they are at least the running ones divided by this: reading few costs about a step."""

_STEPS_BETWEEN = 8
"""Fewer rows than that wait for company, but no longer than this."""


@dataclass(eq=False)
class _Caller:
    """Somebody who waits for wishes; `answers` gets the number of each wish that is done, or what went wrong."""

    waiting: deque["_Order"] = field(default_factory=deque)
    answers: "queue.SimpleQueue[int | BaseException]" = field(default_factory=queue.SimpleQueue)
    thread: threading.Thread = field(default_factory=threading.current_thread)
    left: bool = False

    @property
    def gone(self) -> bool:
        """Whether nobody waits any more; an iterator that the main thread forgot must not hold up the program's end."""
        return self.left or (self.thread is threading.main_thread() and not self.thread.is_alive())


@dataclass(eq=False)
class _Order:
    """A wish with its caller, and how many of its rows are not finished."""

    number: int
    wish: Wish
    caller: _Caller
    left: int


class JointDecoder:
    """Decodes for all callers in one thread of its own, which lives as long as there is work and no longer.

    Whoever comes while others are being answered joins them, whatever the temperature, limit and seeds; places are
    given to the callers in turn, so that one with a thousand prompts does not keep out one with one. A caller that
    leaves takes its rows along. What goes wrong with a step goes wrong for all in it, what goes wrong with the reading
    of prompts for those that were read together.

    Attributes:
        steps: Steps decoded so far, each with a token for every row in the batch.
    """

    def __init__(self, decoder: "Decoder", *, max_rows: int, max_tokens: int) -> None:
        """Begin without a thread.

        Args:
            decoder: Used by this object's thread alone.
            max_rows: Rows decoded together.
            max_tokens: Tokens held at once, rows times the longest; a single wish may exceed both.
        """
        self.steps = 0
        self._decoder = decoder
        self._max_rows = max_rows
        self._max_tokens = max_tokens
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._callers: deque[_Caller] = deque()
        self._jobs: deque[tuple[Callable[[Decoder], Any], Future[Any]]] = deque()

    def decode(self, wishes: Sequence[Wish]) -> Iterator[int]:
        """Yield the number of each wish when all its draws have ended; closing the iterator drops the others.

        Raises:
            Exception: Whatever the model raised.
        """
        caller = _Caller()
        caller.waiting.extend(_Order(number, wish, caller, len(wish.rows)) for number, wish in enumerate(wishes))
        with self._lock:
            self._callers.append(caller)
            self._wake()
        try:
            for _ in wishes:
                answer = caller.answers.get()
                if isinstance(answer, BaseException):
                    raise answer
                yield answer
        finally:
            caller.left = True

    def run(self, work: Callable[["Decoder"], T]) -> T:
        """Have something else done with the decoder between two steps, and return its result."""
        future: Future[T] = Future()
        with self._lock:
            self._jobs.append((work, future))
            self._wake()
        return future.result()

    def _wake(self) -> None:
        """Start the thread if there is none; the lock is held."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="accord-decoding")
            self._thread.start()

    def _work(self) -> None:
        batch = self._decoder.batch()
        owners: dict[SequenceRow, _Order] = {}
        since = _STEPS_BETWEEN
        while True:
            owners = {row: order for row, order in owners.items() if not order.caller.gone}
            with self._lock:
                jobs, self._jobs = self._jobs, deque()
                # A batch that nobody can join is left behind when all its callers are gone.
                orders = self._boarding(owners, since) if batch.open or not owners else []
                if not jobs and not orders and not owners:
                    self._thread = None
                    break
            for work, future in jobs:
                _settle(work, future, self._decoder)
            try:
                batch.keep([row for row in batch.rows if row in owners])
                if orders:
                    since = 0
                    self._join(batch, orders, owners)
                settle_threads()
                ended = batch.step()
            except BaseException as error:  # nobody else would tell the callers
                _fail([*owners.values(), *orders], error)
                batch, owners = self._decoder.batch(), {}
                continue
            self.steps += 1
            since += 1
            for row in ended:
                order = owners.pop(row)
                order.left -= 1
                if not order.left:
                    order.caller.answers.put(order.number)
        del batch
        _give_back_memory()

    def _boarding(self, owners: dict[SequenceRow, _Order], since: int) -> list[_Order]:
        """Take from the callers in turn what joins the batch now; the lock is held."""
        rows = len(owners)
        longest = max((order.wish.length for order in owners.values()), default=0)
        taken: list[_Order] = []
        waiting = deque(caller for caller in self._callers if caller.waiting and not caller.gone)
        while waiting:
            wish = waiting[0].waiting[0].wish
            wanted = rows + len(wish.rows)
            if rows and (wanted > self._max_rows or wanted * max(longest, wish.length) > self._max_tokens):
                break
            rows, longest = wanted, max(longest, wish.length)
            taken.append(waiting[0].waiting.popleft())
            waiting.rotate(-1)
            if not waiting[-1].waiting:
                waiting.pop()
        if since < _STEPS_BETWEEN and (rows - len(owners)) * _SHARE < len(owners):
            for order in reversed(taken):
                order.caller.waiting.appendleft(order)
            return []
        self._callers = waiting
        return taken

    def _join(self, batch: "RunningBatch", orders: Sequence[_Order], owners: dict[SequenceRow, _Order]) -> None:
        try:
            self._decoder.join(batch, [order.wish.ids for order in orders], [order.wish.rows for order in orders])
        except BaseException as error:
            _fail(orders, error)
        else:
            owners.update((row, order) for order in orders for row in order.wish.rows)


def _give_back_memory() -> None:
    """Return what tensors no longer need to the system; glibc would keep up to a gigabyte of it for later."""
    with suppress(AttributeError, OSError, TypeError):  # where the C library is another, it has no such function
        ctypes.CDLL(None).malloc_trim(0)


def _settle(work: Callable[["Decoder"], Any], future: Future[Any], decoder: "Decoder") -> None:
    """Do the work and tell whoever waits for it how it went."""
    try:
        future.set_result(work(decoder))
    except BaseException as error:
        future.set_exception(error)


def _fail(orders: Sequence[_Order], error: BaseException) -> None:
    """Tell the callers; each has one answer too few otherwise and would wait for ever."""
    for caller in {order.caller for order in orders}:
        caller.left = True
        caller.answers.put(error)
