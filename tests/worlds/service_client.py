"""Knows how to serve a rater from a thread of this process and how to speak to it; does not know what is right."""

import asyncio
import contextlib
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import uvicorn

from accord.app.serve.routes import Service, make_service
from accord.data import SetupError
from accord.programs import Completion, Rater

CHAT = "/v1/chat/completions"

ITEM = {"text": "good"}
"""An item that `answer` rates 5."""


class Client:
    """Speaks to a served rater over HTTP, one connection a request.

    Attributes:
        port: Where.
    """

    def __init__(self, service: Service | None, port: int) -> None:
        self._service = service
        self.port = port

    @property
    def service(self) -> Service:
        """What is served, where that is in this process."""
        assert self._service is not None
        return self._service

    def ask(
        self, path: str, body: Any = None, *, headers: dict[str, str] | None = None, method: str | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """Return status, body and headers (names in lower case); a body that is no bytes is sent as JSON."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if headers is None else headers
        with contextlib.closing(connection):
            connection.request(method or ("GET" if body is None else "POST"), path, raw, sent)
            response = connection.getresponse()
            read = response.read()
        shown = {name.lower(): value for name, value in response.getheaders()}
        return response.status, json.loads(read) if "json" in shown["content-type"] else read.decode(), shown

    def rate(self, *items: Any, **options: Any) -> Any:
        """Return the ratings of some items."""
        status, body, _ = self.ask("/v1/rate", {"items": list(items), **options})
        assert status == 200, body
        return body["ratings"]

    def refusal(self, path: str, body: Any, **options: Any) -> tuple[int, Any]:
        """Return the status and the problem of a request that is refused."""
        status, found, _ = self.ask(path, body, **options)
        assert set(found) == {"error"}
        assert set(found["error"]) == {"message", "type", "param", "code", "item", "field"}
        assert "\n" not in found["error"]["message"]
        return status, found["error"]

    def figure(self, name: str) -> float:
        """Return a figure of the metrics, by its name and labels; 0 where it is not there."""
        _, page, _ = self.ask("/metrics")
        found = re.search(rf"^{re.escape(name)} (\S+)$", page, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def await_figure(self, name: str, value: float) -> None:
        """Ask until a figure has a value."""
        until = time.monotonic() + 30
        while self.figure(name) != value:
            assert time.monotonic() < until, f"{name} is {self.figure(name)}"


@contextlib.contextmanager
def served(rater: Rater, **options: Any) -> Iterator[Client]:
    """Serve a rater from a thread of this process under the name ``stars``."""
    service = make_service(rater, "stars", **options)
    config = uvicorn.Config(service.intake, log_level="critical", lifespan="off", http="h11", ws="none")
    server, up = uvicorn.Server(config), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    async def run() -> None:
        running = asyncio.ensure_future(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0)
        up.set()
        await running

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert up.wait(30)
        yield Client(service, listener.getsockname()[1])
    finally:
        service.batcher.stop()
        server.should_exit = True
        thread.join(30)
        listener.close()


def answer(text: str) -> str | Completion:
    """Answer as a rater on the scale 1 to 5 would, or as its model fails."""
    if text == "offline":
        return Completion("", error="RateLimit: slow down")
    if text == "secret":
        raise ValueError(f"cannot answer {text}")
    if text == "no key":
        raise SetupError("HTTP 401", place="model 'm' at host:443", cure="Check the key.")
    return {"good": "Reason: It is good.\nLabel: 5", "bad": "Reason: Bad.\nLabel: 1"}.get(text, "no idea")


def chat(content: Any, **options: Any) -> dict[str, Any]:
    """Return a conversation that ends with an item."""
    return {"model": "stars", "messages": [{"role": "user", "content": content}], **options}
