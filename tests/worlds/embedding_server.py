"""Knows how to serve the OpenAI embeddings API on 127.0.0.1: vectors of letter counts; does not know who asks."""

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def letter_counts(texts: Sequence[str]) -> list[list[float]]:
    """Return how often each letter stands in each text: an embedding that anybody can check."""
    return [[float(text.lower().count(letter)) for letter in LETTERS] for text in texts]


class EmbeddingServer:
    """Answers ``POST /v1/embeddings`` until the end of the ``with`` block.

    Args:
        refusal: The status of every answer, where it is to fail.

    Attributes:
        asked: The body of each request.
    """

    def __init__(self, refusal: int | None = None) -> None:
        """Take a free port; nothing is answered yet."""
        self.asked: list[dict[str, Any]] = []
        world = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                world.asked.append({**asked, "path": self.path})
                if refusal is not None:
                    self._send(refusal, {"error": {"message": "the model is not here", "type": "refused"}})
                    return
                rows = [
                    {"object": "embedding", "index": place, "embedding": row}
                    for place, row in enumerate(letter_counts(asked["input"]))
                ]
                usage = {"prompt_tokens": 1, "total_tokens": 1}
                self._send(200, {"object": "list", "model": asked["model"], "data": rows, "usage": usage})

            def _send(self, status: int, body: Any) -> None:
                written = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(written)))
                self.end_headers()
                self.wfile.write(written)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        """The ``api_base`` of the server."""
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def __enter__(self) -> "EmbeddingServer":
        """Start answering."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the port."""
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()
