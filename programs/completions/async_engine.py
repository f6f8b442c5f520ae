"""Knows how to lend a synchronous engine to asynchronous callers; does not know what the engine does."""

import asyncio
import contextvars
import importlib
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

from dspy.clients.engines.base import Engine
from dspy.lm15 import Request, Response, response_to_events

_THREADS = 64
"""Calls that wait at once: as many as a local model decodes together. An event loop's own pool has six on two cores."""


class ThreadedEngine:
    """The ``async_engine`` of a `dspy.LM` whose engine works in this process: it waits in a thread, not in the loop.

    Args:
        engine: The engine that does the work; shared, not copied.
    """

    def __init__(self, engine: Engine) -> None:
        """Remember the engine."""
        self.engine = engine

    async def complete(self, request: Request) -> Response:
        """Complete one request without holding up the event loop."""
        context = contextvars.copy_context()
        return await asyncio.wrap_future(self._threads.submit(context.run, self.engine.complete, request))

    async def stream(self, request: Request) -> AsyncIterator[Any]:
        """Complete one request and replay it as events."""
        for event in response_to_events(await self.complete(request)):
            yield event

    async def aclose(self) -> None:
        """Let the threads go; the engine belongs to the synchronous side."""
        threads = self.__dict__.pop("_threads", None)
        if threads is not None:
            threads.shutdown(wait=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> "ThreadedEngine":
        """Share the engine and the threads between copies of a program."""
        return self

    def dump_state(self) -> dict[str, Any]:
        """Return the engine's class and state."""
        kind = type(self.engine)
        state: Any = getattr(self.engine, "dump_state")()  # noqa: B009  (not part of dspy's protocol)
        return {"module": kind.__module__, "name": kind.__name__, "state": state}

    @classmethod
    def load_state(cls, state: Mapping[str, Any]) -> "ThreadedEngine":
        """Make the engine that `dump_state` described."""
        kind = getattr(importlib.import_module(state["module"]), state["name"])
        return cls(kind.load_state(state["state"]))

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        """The threads are started as they are needed, and end with this object."""
        return ThreadPoolExecutor(_THREADS, thread_name_prefix="accord-engine")
