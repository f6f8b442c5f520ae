"""Knows how to lend a synchronous engine to asynchronous callers; does not know what the engine does."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from dspy.clients.engines.base import Engine
from dspy.lm15 import Request, Response, response_to_events


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
        return await asyncio.to_thread(self.engine.complete, request)

    async def stream(self, request: Request) -> AsyncIterator[Any]:
        """Complete one request and replay it as events."""
        for event in response_to_events(await self.complete(request)):
            yield event

    async def aclose(self) -> None:
        """Nothing to close: the engine belongs to the synchronous side."""

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
