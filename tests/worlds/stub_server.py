"""Knows how to serve the OpenAI chat API on 127.0.0.1 from a script of behaviour, and counts what it was asked.

    with StubServer(Behaviour(latency=0.3, storms=(Storm(429, first=20, retry_after=0.1),))) as server:
        ...  # server.url is http://127.0.0.1:<port>/v1; server.stats() and server.served say what happened

As a process of its own: ``python tests/worlds/stub_server.py --port 0 --latency 0.3`` prints ``ready <port>`` and ends
when its standard input closes (`stub_process.StubProcess` starts one and stops it).
"""

import argparse
import asyncio
import importlib
import json
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from aiohttp import web

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).parent.parent))

from worlds.stub_refusals import befall, error_reply, refusal_of
from worlds.stub_script import Behaviour, chance_of, prompt_hash


class Served(NamedTuple):
    """One request: when it came (seconds, monotonic clock), what it asked for and what it got.

    `outcome` is the status, or the name of the trouble (``reset``, ``malformed``, ``hang``, ``empty``).
    """

    arrived: float
    prompt: str
    seed: int | None
    n: int
    attempt: int
    outcome: int | str


@dataclass(frozen=True)
class Stats:
    """What a server was asked so far.

    Attributes:
        requests: Requests that arrived, whatever they got.
        draws: Choices sent in replies with status 200.
        prompts: Choices sent, by prompt hash (`Prompt.sha256`).
        repeats: Answered (prompt, seed) pairs that had been answered before.
        outcomes: Requests by status or trouble.
        peak: The most requests being answered at one time.
        connections: Connections opened.
    """

    requests: int
    draws: int
    prompts: dict[str, int]
    repeats: int
    outcomes: dict[str, int]
    peak: int
    connections: int


class _Server(web.Server):
    opened = 0

    def connection_made(self, handler: Any, transport: asyncio.Transport) -> None:
        self.opened += 1
        super().connection_made(handler, transport)


class StubServer:
    """An OpenAI-compatible server in a thread of its own; stops by itself at the end of the ``with`` block.

    Args:
        behaviour: The dials; may be replaced while the server runs (`server.behaviour = ...`).
        port: The port, or 0 for a free one.

    Attributes:
        served: Every request in the order of its answer.
    """

    def __init__(self, behaviour: Behaviour | None = None, *, port: int = 0) -> None:
        """Remember the dials; `start` or ``with`` opens the port."""
        self.behaviour = Behaviour() if behaviour is None else behaviour
        self.port = port
        self.served: list[Served] = []
        self._draws = 0
        self._prompts: Counter[str] = Counter()
        self._answered: Counter[tuple[str, int | None]] = Counter()
        self._attempts: Counter[tuple[str, int | None]] = Counter()
        self._in_flight = self._peak = self._requests = self._connections = 0
        self._first: float | None = None
        self._news = threading.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._failed: BaseException | None = None

    @property
    def url(self) -> str:
        """The ``api_base`` of the server."""
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Open the port and serve. After `stop` it opens the same port again, and goes on counting."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True, name="stub-server")
        self._thread.start()
        ready.wait(30)
        if self._failed is not None:
            raise RuntimeError("the stub server could not start") from self._failed

    def stop(self) -> None:
        """Close the port and drop every connection, as a killed server does."""
        thread, loop, stop = self._thread, self._loop, self._stop
        if thread is None or loop is None or stop is None:
            return
        loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        self._thread = self._loop = self._stop = None

    def stats(self) -> Stats:
        """Return the counts so far."""
        return Stats(
            requests=self._requests,
            draws=self._draws,
            prompts=dict(self._prompts),
            repeats=sum(count - 1 for count in self._answered.values()),
            outcomes={str(outcome): count for outcome, count in Counter(one.outcome for one in self.served).items()},
            peak=self._peak,
            connections=self._connections,
        )

    def wait_until(self, holds: Callable[["StubServer"], bool], *, seconds: float = 30.0) -> bool:
        """Wait until something holds of the server; looked at again after each request. Return whether it holds."""
        with self._news:
            return self._news.wait_for(lambda: holds(self), seconds)

    @property
    def requests(self) -> int:
        """Requests that arrived so far."""
        return self._requests

    def __enter__(self) -> "StubServer":
        """Start and return the server."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = _Server(self._handle, handler_cancellation=True)  # as a server does whose client is gone
        runner = web.ServerRunner(server, shutdown_timeout=0.0)
        try:
            await runner.setup()
            listening = socket.create_server(("127.0.0.1", self.port), backlog=1024)
            site = web.SockSite(runner, listening, backlog=1024)
            await site.start()
            self.port = runner.addresses[0][1]
        except BaseException as error:
            self._failed = error
            await runner.cleanup()
            return
        finally:
            ready.set()
        counted = self._connections

        def count() -> None:
            self._connections = counted + server.opened

        self._count = count
        await self._stop.wait()
        # What is just being accepted must first become a connection that can be closed.
        self._loop.remove_reader(listening)
        await _turn_over()
        await site.stop()
        for connection in server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await runner.cleanup()
        await _turn_over()
        count()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        arrived = time.monotonic()
        if request.path == "/stats":
            self._count()
            return web.json_response(self.stats().__dict__)
        if request.path != "/v1/chat/completions" or request.method != "POST":
            return error_reply(404, f"no route {request.method} {request.path}")
        self._in_flight += 1
        self._peak = max(self._peak, self._in_flight)
        try:
            return await self._complete(request, arrived)
        finally:
            self._in_flight -= 1

    async def _complete(self, request: web.BaseRequest, arrived: float) -> web.StreamResponse:
        dials = self.behaviour
        asked = json.loads(await request.read())
        prompt, seed = prompt_hash(asked["messages"]), asked.get("seed")
        number, self._requests = self._requests, self._requests + 1
        if self._first is None:
            self._first = arrived
        self._count()
        attempt = self._attempts[prompt, seed]
        self._attempts[prompt, seed] += 1
        in_flight = self._in_flight

        def note(outcome: int | str) -> None:
            with self._news:
                self.served.append(Served(arrived, prompt, seed, asked.get("n", 1), attempt, outcome))
                self._news.notify_all()

        wait = dials.latency
        if dials.jitter:
            wait += dials.jitter * chance_of(dials.seed, "jitter", prompt, seed, attempt)
        for place, storm in enumerate(dials.storms):
            chance = chance_of(dials.seed, "storm", place, prompt, seed, attempt) if storm.share else 1.0
            if storm.befalls(number, arrived - self._first, in_flight, chance):
                note(storm.trouble)
                return await befall(storm, request)
        refusal = refusal_of(dials, request, asked)
        if refusal is not None:
            note(refusal.status)
            return refusal
        if wait > 0:
            await asyncio.sleep(wait)
        reply = dials.reply(asked, prompt)
        self._draws += len(reply["choices"])
        self._prompts[prompt] += len(reply["choices"])
        self._answered[prompt, seed] += 1
        note(200)
        return web.Response(body=json.dumps(reply).encode(), content_type="application/json")


async def _turn_over() -> None:
    """Let the loop run whatever is ready a few times over."""
    for _ in range(10):
        await asyncio.sleep(0)


def load(name: str) -> Any:
    """Return what ``module:name`` names (modules of the tests folder are importable)."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def main() -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--behaviour", default="worlds.stub_script:Behaviour", help="module:name of a Behaviour")
    parser.add_argument("--answer", help="module:name of an Answer, in place of the behaviour's")
    parser.add_argument("--latency", type=float)
    parser.add_argument("--jitter", type=float)
    options = parser.parse_args()
    found: Any = load(options.behaviour)
    behaviour: Behaviour = found() if isinstance(found, type) else found
    changes: dict[str, Any] = {
        name: value for name in ("latency", "jitter") if (value := getattr(options, name)) is not None
    }
    if options.answer is not None:
        changes["answer"] = load(options.answer)
    with StubServer(replace(behaviour, **changes), port=options.port) as server:
        sys.stdout.write(f"ready {server.port}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()
