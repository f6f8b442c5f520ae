"""Knows how to run `accord serve` as a process and how a crowd asks it, partly badly; does not know what is right."""

import asyncio
import io
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp

JSON = {"Content-Type": "application/json"}


class ServedRater:
    """A rater that `accord serve` serves on a free port, or what another command serves.

    Args:
        folder: The rater's directory.
        options: Further options of the command.
        environment: Further environment variables.
    """

    command = "serve"
    greeting = "serving "

    def __init__(self, folder: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        """Remember the options."""
        self.folder = folder
        self.options = options
        self.port = 0
        self.said = ""
        self._environment = {**os.environ, **({} if environment is None else environment)}
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """Where it is served."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def process(self) -> "subprocess.Popen[str]":
        """The running process."""
        if self._process is None:
            raise RuntimeError("not started")
        return self._process

    def start(self) -> None:
        """Start it, and wait until it says that it serves."""
        command = [
            sys.executable,
            "-m",
            "accord.app",
            self.command,
            str(self.folder),
            "--port",
            "0",
            *self.options,
        ]
        self._process = subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=self._environment)
        self.said = "" if self._process.stdout is None else self._process.stdout.readline()
        if not self.said.startswith(self.greeting):
            _, errors = self._process.communicate(timeout=60)
            raise RuntimeError(f"it said {self.said!r} and {errors!r}")
        self.port = int(self.said.rsplit(":", 1)[1])

    def signal(self, number: int = signal.SIGTERM) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def wait(self) -> tuple[int, str]:
        """Wait for the end; return exit code and what was said on stderr."""
        _, errors = self.process.communicate(timeout=120)
        return self.process.returncode, errors

    def is_open(self) -> bool:
        """Tell whether somebody listens on the port."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self) -> Self:
        """Start and return it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it, if it has not ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate(timeout=60)


@dataclass(frozen=True)
class Call:
    """One request of a client.

    Attributes:
        body: What is sent.
        expected: The status that it should get.
        texts: The items' texts of a good one.
    """

    body: bytes
    expected: int
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reply:
    """What came back: the status (0 where the connection ended instead), the body and how long it took."""

    call: Call
    status: int
    body: Any
    seconds: float


@dataclass
class Crowd:
    """Clients that each send one call after the other over a connection that they keep.

    Attributes:
        replies: What they got.
    """

    url: str
    clients: int = 32
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    replies: list[Reply] = field(default_factory=list)

    def send(self, calls: Sequence[Call], seen: Callable[[Reply], None] | None = None) -> float:
        """Send all calls, each from the client that is free first; return the seconds it took.

        A client that is refused with 503 or finds no server gives up, and those after it find none either.

        Args:
            calls: What to send.
            seen: Called with each reply.
        """
        return asyncio.run(self._send(iter(calls), seen))

    async def _send(self, calls: Any, seen: Callable[[Reply], None] | None) -> float:
        async def work(session: aiohttp.ClientSession) -> None:
            for call in calls:
                began = time.perf_counter()
                try:
                    async with session.post(
                        f"{self.url}/v1/rate", data=io.BytesIO(call.body), headers=self.headers
                    ) as response:
                        body = await response.read()
                    status, read = response.status, json.loads(body)
                except aiohttp.ClientError as error:
                    status, read = 0, type(error).__name__
                reply = Reply(call, status, read, time.perf_counter() - began)
                self.replies.append(reply)
                if seen is not None:
                    seen(reply)
                if status in (0, 503):
                    return

        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(120)) as session:
            began = time.perf_counter()
            await asyncio.gather(*(work(session) for _ in range(self.clients)))
            return time.perf_counter() - began


BAD: tuple[tuple[bytes, int], ...] = (
    (b'{"items": [{"text": "never closed"}', 400),
    (b'\xff\xfe{"items": []}', 400),
    (json.dumps({"items": [{"text": "x" * 1_200_000}]}).encode(), 413),
    (json.dumps({"items": [{"text": "one too many"}] * 257}).encode(), 422),
    (b'{"items": [{"id": "a", "txt": "misspelt"}]}', 422),
    (b'{"items": [{"id": "a"}]}', 422),
    (b'{"items": [{"text": 5}]}', 422),
    (b'{"items": "none"}', 422),
)
"""Bodies that are malformed or oversized, with the status that each should get."""


def make_calls(count: int, *, bad: float = 0.05, most: int = 4, seed: int = 0) -> list[Call]:
    """Make requests of one field ``text``, a share of them bad, spread over all; texts are all different.

    Args:
        count: How many.
        bad: The share of bad ones.
        most: Items of a good one, at most.
        seed: Of the order and the sizes.
    """
    chance = random.Random(seed)
    wrong = set(chance.sample(range(count), round(bad * count)))
    calls: list[Call] = []
    for number in range(count):
        if number in wrong:
            calls.append(Call(*BAD[number % len(BAD)]))
            continue
        texts = tuple(f"Visit {number}.{part}: the soup was warm." for part in range(chance.randint(1, most)))
        items = [{"id": f"{number}.{part}", "text": text} for part, text in enumerate(texts)]
        calls.append(Call(json.dumps({"items": items}).encode(), 200, texts))
    return calls


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least so large a share of all does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]
