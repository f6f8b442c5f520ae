"""Knows how to run the stub server as a process of its own, and to stop it; does not know how it behaves."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any


class StubProcess:
    """A stub server in its own process, for benchmarks and tests that must not share an interpreter with it.

    Args:
        port: The port, or 0 for a free one.
        options: Further command line options of ``stub_server.py``, e.g. ``"--latency", "0.3"``.
    """

    def __init__(self, *options: str, port: int = 0) -> None:
        """Remember the options."""
        self.port = port
        self.options = options
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """The ``api_base`` of the server."""
        return f"http://127.0.0.1:{self.port}/v1"

    def start(self) -> None:
        """Start the process and wait until it serves; after `stop` it serves on the same port again."""
        command = [sys.executable, str(Path(__file__).parent / "stub_server.py"), "--port", str(self.port)]
        self._process = subprocess.Popen(
            [*command, *self.options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        said = "" if self._process.stdout is None else self._process.stdout.readline()
        if not said.startswith("ready "):
            self.stop()
            raise RuntimeError(f"the stub server said {said!r} and not that it is ready")
        self.port = int(said.split()[1])

    def stop(self) -> None:
        """Close the server's standard input, at which it ends, and wait for it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.communicate(timeout=30)

    def kill(self) -> None:
        """Kill the process at once."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate(timeout=30)

    def stats(self) -> dict[str, Any]:
        """Ask the server for its counts."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stats", timeout=30) as response:
            return json.load(response)

    def __enter__(self) -> "StubProcess":
        """Start and return the server."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server."""
        self.stop()
