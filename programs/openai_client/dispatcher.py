"""Knows how to keep many chat requests to one server on their way, from a thread of its own; not who wants them.

Everything but `start`, `stop`, `submit` and `cancel` runs in that thread's event loop, so that nothing needs a lock.
"""

import asyncio
import contextlib
import random
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, Self

from ...data import SetupError
from ..adapter import Completion, Prompt
from ..completions import Ask
from .concurrency_limit import ConcurrencyLimit
from .http import Address, Heads, Rewrite
from .request import ChatForm
from .retry import Failure, Patience

try:  # a seventh less CPU a request (bench_client)
    from uvloop import new_event_loop
except ImportError:  # there is none for Windows
    from asyncio import new_event_loop

SeedOf = Callable[[Ask, int], int | None]
"""Gives the seed of a request from the ask and the number of the request's first draw."""


class Client(Protocol):
    """Who sends single requests, for ``async with`` in the dispatcher's event loop: `ChatClient` or `TokenClient`.

    Attributes:
        form: How requests are written now.
        met: Whether the server ever gave a reply of any kind.
    """

    form: ChatForm
    met: bool

    @property
    def address(self) -> Address:
        """Where requests go."""
        ...

    async def __aenter__(self) -> Self:
        """Open the connections."""
        ...

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""

    async def send(
        self, prompt: Prompt, heads: Heads, *, choices: int, seed: int | None
    ) -> tuple[Completion, ...] | Failure | Rewrite:
        """Send one request: its completions, why there are none, or that it has to be written anew."""
        ...


class Run:
    """What one caller wants, and where it is delivered.

    Args:
        fields: What goes into each request beside model, messages, n and seed.
        seed_of: Gives each request its seed.
        deliver: Takes (number, completions) of each finished ask, in the dispatcher's thread.
        fail: Takes the error that ends the run, in the dispatcher's thread.
    """

    def __init__(
        self,
        fields: Mapping[str, Any],
        seed_of: SeedOf,
        deliver: Callable[[int, tuple[Completion, ...]], None],
        fail: Callable[[BaseException], None],
    ) -> None:
        """Open the run."""
        self.heads = Heads(fields)
        self.seed_of = seed_of
        self.deliver = deliver
        self.fail = fail
        self.closed = False
        self.tasks: set[asyncio.Task[None]] = set()


@dataclass(eq=False)
class _Ticket:
    """An ask and what came back for its draws so far."""

    run: Run
    number: int
    ask: Ask
    missing: int
    answers: list[Completion | None]

    def fill(self, slots: Sequence[int], completions: Sequence[Completion]) -> None:
        """Keep the completions of some draws; the last ones to come deliver the ask."""
        for slot, completion in zip(slots, completions, strict=True):
            self.answers[slot] = completion
        self.missing -= len(slots)
        if self.missing == 0 and not self.run.closed:
            self.run.deliver(self.number, tuple(answer for answer in self.answers if answer is not None))


@dataclass(eq=False)
class _Job:
    """A request for some draws of an ask, with its past failures."""

    ticket: _Ticket
    slots: Sequence[int]
    failures: int = 0
    malformed: int = 0
    first_failed: float = 0.0


class Dispatcher:
    """Sends requests, at most as many at a time as its gate lets through, and tries again as its patience allows.

    Args:
        client: Who sends one request.
        gate: How many at a time.
        patience: How long to try.
        seed: Of the jitter.
    """

    def __init__(self, client: Client, gate: ConcurrencyLimit, patience: Patience, *, seed: int = 0) -> None:
        """Remember the parts; `start` starts the thread."""
        self.gate = gate
        self._client = client
        self._patience = patience
        self._chance = random.Random(seed)
        self._ready: deque[_Job] = deque()
        self._new: deque[tuple[Run, int, Ask]] = deque()
        self._runs: set[Run] = set()
        self._woken = self._stopping = False
        self._reopening: asyncio.TimerHandle | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread and wait until it takes requests."""
        started = threading.Event()
        self._loop = new_event_loop()
        self._thread = threading.Thread(target=self._live, args=(started,), name="accord-pool", daemon=True)
        self._thread.start()
        started.wait()

    def stop(self) -> None:
        """Drop what is on its way, close the connections and end the thread. Runs that are open fail."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._loop.call_soon_threadsafe(self._stopped.set)
        if thread is not threading.current_thread():  # the garbage collector may call from anywhere
            thread.join()

    def submit(self, run: Run, asks: Sequence[tuple[int, Ask]]) -> None:
        """Take over numbered asks; from any thread."""
        self._new.extend((run, number, ask) for number, ask in asks)
        if self._stopping:
            run.fail(self._stopped_early)
        elif not self._woken:  # one wake-up is enough for all that comes before the loop looks
            self._woken = True
            self._loop.call_soon_threadsafe(self._take_over)

    def cancel(self, run: Run) -> None:
        """Drop what is on its way for a run; from any thread."""
        run.closed = True
        with contextlib.suppress(RuntimeError):  # the loop may be closed, and then nothing is on its way
            self._loop.call_soon_threadsafe(self._drop, run)

    def _live(self, started: threading.Event) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve(started))

    async def _serve(self, started: threading.Event) -> None:
        self._stopped = asyncio.Event()
        async with self._client:
            started.set()
            await self._stopped.wait()
            self._stopping = True  # from here on `submit` refuses what the next line may miss
            for run in self._runs | {run for run, _, _ in list(self._new)}:
                self._end(run, self._stopped_early)
            await asyncio.sleep(0)

    @property
    def _stopped_early(self) -> SetupError:
        return SetupError(
            "the pool was closed", place=self._client.address.place, cure="Close it after the run that uses it."
        )

    def _take_over(self) -> None:
        self._woken = False  # before looking: what comes from now on wakes the loop again
        while self._new:
            run, number, ask = self._new.popleft()
            if run.closed:
                continue
            self._runs.add(run)
            slots = range(len(ask.draws))
            ticket = _Ticket(run, number, ask, len(slots), [None] * len(slots))
            if slots:
                self._ready.append(_Job(ticket, slots))
            else:
                ticket.fill((), ())
        self._pump()

    def _pump(self) -> None:
        """Send what is ready, as far as the gate lets through."""
        while self._ready and self.gate.has_room():
            job = self._ready.popleft()
            run = job.ticket.run
            if run.closed:
                continue
            most = self._client.form.most
            if most is not None and len(job.slots) > most:
                self._ready.appendleft(_Job(job.ticket, job.slots[most:]))
                job.slots = job.slots[:most]
            task = self._loop.create_task(self._attempt(job, self.gate.enter()))
            run.tasks.add(task)
            # Not in a `finally` of the attempt: a task that is cancelled before it runs never gets there.
            task.add_done_callback(partial(self._came_back, run))
        closed_for = self.gate.closed_for
        if self._ready and closed_for > 0 and self._reopening is None:
            self._reopening = self._loop.call_later(closed_for, self._reopen)

    def _came_back(self, run: Run, task: asyncio.Task[None]) -> None:
        run.tasks.discard(task)
        self.gate.leave()
        self._pump()

    def _reopen(self) -> None:
        self._reopening = None
        self._pump()

    async def _attempt(self, job: _Job, began: float) -> None:
        run, ask = job.ticket.run, job.ticket.ask
        try:
            seed = run.seed_of(ask, ask.draws[job.slots[0]])
            outcome = await self._client.send(ask.prompt, run.heads, choices=len(job.slots), seed=seed)
            if isinstance(outcome, Failure):
                if outcome.kind == "overloaded":
                    self.gate.congested(began, retry_after=self._patience.capped(outcome.retry_after))
                self._failed(job, outcome)
            elif isinstance(outcome, Rewrite):
                self._ready.appendleft(job)
            else:
                self.gate.succeeded(began)
                if len(outcome) < len(job.slots):
                    self._ready.appendleft(_Job(job.ticket, job.slots[len(outcome) :]))
                job.ticket.fill(job.slots[: len(outcome)], outcome)
        except Exception as error:  # a mistake of ours must end the run, not hang it
            self._end(run, error)

    def _failed(self, job: _Job, failure: Failure) -> None:
        """Try again later, or keep the failure as data, or end the run if every request would fail."""
        run, now = job.ticket.run, self._loop.time()
        if run.closed:
            return
        job.failures += 1
        job.malformed += failure.kind == "malformed"
        if job.failures == 1:
            job.first_failed = now
        wait = self._patience.wait(failure, job.failures, self._chance)
        never_met = failure.kind == "unreachable" and not self._client.met
        if failure.kind == "set_up":
            self._end(run, SetupError(failure.said, place=self._client.address.place, cure=failure.cure))
        elif never_met and job.failures >= self._patience.unreachable:
            cure = "Start the server, or check api_base."
            self._end(run, SetupError(failure.said, place=self._client.address.place, cure=cure))
        elif failure.kind == "refused" or not self._patience.lasts(
            job.failures, job.malformed, now - job.first_failed + wait
        ):
            tried = f" ({job.failures} attempts)" if job.failures > 1 else ""
            completion = Completion("", finish_reason="error", error=f"{failure.said}{tried}")
            job.ticket.fill(job.slots, [completion] * len(job.slots))
        else:
            self._loop.call_later(wait, self._again, job)

    def _again(self, job: _Job) -> None:
        self._ready.appendleft(job)
        self._pump()

    def _end(self, run: Run, error: BaseException) -> None:
        if not run.closed:
            run.closed = True
            run.fail(error)
        self._drop(run)

    def _drop(self, run: Run) -> None:
        self._runs.discard(run)
        current = asyncio.current_task()
        for task in list(run.tasks):
            if task is not current:
                task.cancel()
