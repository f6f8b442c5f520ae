"""Knows how ``accord doctor`` is asked of a planted machine: what is installed, set and served; not what it finds."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from accord.app.commands.main import app
from accord.app.doctor.models import KEYS

SECRET = "sk-2b7e151628aed2a6abf7158809cf4f3c"
"""A key that must never be seen."""


def clear_environment(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    """Take away the variables that the machine of the tests may have, and give it an empty cache."""
    told = (*KEYS, "HF_TOKEN", "ACCORD_DTYPE", "ACCORD_VLLM_PYTHON", "OPENAI_BASE_URL", "OPENAI_API_BASE")
    for name in (*told, *(f"{scheme}_PROXY" for scheme in ("HTTP", "HTTPS", "ALL", "NO"))):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("ACCORD_CACHE", str(cache))


def doctor(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["doctor", *arguments])


def lines(*arguments: str) -> dict[str, dict[str, Any]]:
    """Run the command and return the lines of its JSON document by name."""
    done = doctor("--json", *arguments)
    assert done.exit_code in (0, 1), done.output
    return {line["name"]: line for part in json.loads(done.stdout)["parts"].values() for line in part}


def plant(folder: Path, name: str, version: str, *wanted: str, extras: tuple[str, ...] = ()) -> None:
    """Write an installed distribution as pip leaves it, metadata alone."""
    home = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    home.mkdir(parents=True)
    head = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}", "Requires-Python: >=3.11"]
    rows = [*head, *(f"Provides-Extra: {extra}" for extra in extras), *(f"Requires-Dist: {one}" for one in wanted)]
    (home / "METADATA").write_text("\n".join(rows) + "\n", encoding="utf-8")


@contextmanager
def answering(
    status: int, body: bytes, headers: dict[str, str] | None = None
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Serve one answer to everything; yields the address and what was asked."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append({"path": self.path, "key": self.headers.get("Authorization")})
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1", asked
        finally:
            server.shutdown()
            thread.join(30)
