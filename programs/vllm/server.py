"""Knows how a vLLM server is started on 127.0.0.1, watched and ended; does not know what it is asked."""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...data import SetupError
from . import keeper as vllm_keeper
from .launch import Launch, make_launch, port_for, vllm_python
from .startup_failure import startup_failure

logger = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_POLL = 0.1
"""Seconds between two looks at a server that is starting; its end is noticed at once."""

_TRIES = 3
"""Starts with a port of our own choice: another program may take it before the server does."""


class VLLMServer:
    """A vLLM server on a port of 127.0.0.1, for as long as a ``with`` block or from `start` to `stop`.

    It runs in a process group of its own under a small process (`keeper`) that ends the whole group when this
    process calls `stop`, ends in any way or is killed: nothing stays behind, no process and no open port. Ctrl-C
    reaches this process alone, which ends the server on its way out.

    Example::

        with VLLMServer("models/base", adapters={"rater": "raters/five/adapter"}) as server:
            lm = resolve_model("openai/rater", api_base=server.api_base)

    Args:
        model: A folder in transformers' format; requests name it `name`.
        adapters: LoRA adapters for this model: the name that requests give, and the folder.
        name: What requests call the model without an adapter.
        python: An interpreter with vLLM; see `vllm_python` for which one is taken otherwise.
        port: The port; 0 takes a free one.
        startup_seconds: How long the server may take until it answers.
        options: Further words for vLLM's command line, such as ``("--tensor-parallel-size", "2")``. They come last, so
            they win over the words that are set here.

    Raises:
        InputError: If the model or an adapter is damaged, or an adapter was made for another model.
        SetupError: If an adapter's rank exceeds what vLLM takes.

    Attributes:
        model: The model's whole path.
        log: The file that the server writes to, once it was started. It is removed when the server ends well.
    """

    def __init__(
        self,
        model: str | Path,
        adapters: Mapping[str, str | Path] | None = None,
        *,
        name: str = "model",
        python: str | Path | None = None,
        port: int = 0,
        startup_seconds: float = 900.0,
        options: Sequence[str] = (),
    ) -> None:
        """Check model and adapters; nothing is started yet."""
        self._launch: Launch = make_launch(model, {} if adapters is None else adapters, name, options)
        self.model = self._launch.model
        self.log: Path | None = None
        self._python = python
        self._wanted_port = port
        self._startup_seconds = startup_seconds
        self._lock = threading.Lock()
        self._running: _Running | None = None

    @property
    def api_base(self) -> str:
        """The address of the OpenAI-compatible API; the server must be running."""
        return f"http://{_HOST}:{self.port}/v1"

    @property
    def port(self) -> int:
        """The port; the server must be running.

        Raises:
            SetupError: If it is not.
        """
        running = self._running
        if running is None:
            raise SetupError("the vLLM server is not running", place=str(self.model), cure="Call start() first.")
        return running.port

    @property
    def is_running(self) -> bool:
        """Whether the server was started and has not ended."""
        running = self._running
        return running is not None and running.process.poll() is None

    def start(self) -> None:
        """Start the server and wait until it answers; does nothing while it runs.

        Raises:
            SetupError: If there is no vLLM, the port is taken, or the server ends or does not answer in time; the
                message has the end of its log and where the whole log is.
        """
        with self._lock:
            if self.is_running:
                return
            self._forget()
            python = vllm_python(self._python)
            for tries_left in reversed(range(_TRIES)):
                port = port_for(_HOST, self._wanted_port)
                running = _Running(self._launch.command(python, _HOST, port), self._launch.environment(python), port)
                self.log = running.log
                began = time.monotonic()
                logger.info("starting vLLM for %s on port %d; its log: %s", self.model, port, running.log)
                try:
                    problem = running.wait_until_ready(began + self._startup_seconds)
                except BaseException:  # Ctrl-C, most of all
                    running.stop(keep_log=False)
                    raise
                if problem is None:
                    logger.info("vLLM answers after %.0f s", time.monotonic() - began)
                    self._running = running
                    return
                running.stop(keep_log=True)
                failure = startup_failure(problem, running.log, str(self.model))
                if not failure.port_taken or self._wanted_port != 0 or tries_left == 0:
                    raise failure.error

    def stop(self) -> None:
        """End the server and everything that it started; does nothing if it does not run."""
        with self._lock:
            self._forget()

    def death(self) -> SetupError | None:
        """Return why the server ended by itself, or None if it runs or was not started."""
        running = self._running
        if running is None or running.process.poll() is None:
            return None
        return startup_failure(f"vLLM ended with {running.process.returncode}", running.log, str(self.model)).error

    def __enter__(self) -> "VLLMServer":
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.stop()

    def _forget(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.stop(keep_log=False)


class _Running:
    """One started server: its keeper's process, its port and its log."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], port: int) -> None:
        folder = Path(tempfile.mkdtemp(prefix="accord-vllm-"))
        self.port = port
        self.log = folder / "server.log"
        with self.log.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, vllm_keeper.__file__, *command],
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=stream,
                env={**os.environ, **environment},
                cwd=folder,  # Python would look for modules in the folder that it is started in
                start_new_session=True,  # Ctrl-C in a terminal must not reach it before its users are done
            )
        # Also at this interpreter's exit, and when nobody refers to the server any more.
        self._finish = weakref.finalize(self, _end, self.process, folder)

    def wait_until_ready(self, deadline: float) -> str | None:
        """Wait until the server answers; return None, or what went wrong."""
        # Loopback never goes through a proxy, whatever the environment says.
        opener: Any = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < deadline:
            try:
                with opener.open(f"http://{_HOST}:{self.port}/health", timeout=5) as reply:
                    if reply.status == 200:
                        return None
            except (urllib.error.URLError, OSError):
                pass  # not yet
            try:
                return f"vLLM ended with {self.process.wait(timeout=_POLL)}"
            except subprocess.TimeoutExpired:
                continue
        return "vLLM did not answer in time (startup_seconds)"

    def stop(self, *, keep_log: bool) -> None:
        """End the process and all it started; remove the log unless somebody has to find out what went wrong."""
        self._finish.detach()
        _end(self.process, None if keep_log else self.log.parent)


def _end(process: "subprocess.Popen[bytes]", folder: Path | None) -> None:
    """Have the keeper end the server, wait for it, and remove its folder if it had not ended by itself."""
    died = process.poll() is not None
    if process.stdin is not None and not process.stdin.closed:
        process.stdin.close()
    try:
        process.wait(timeout=vllm_keeper.GRACE * 2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if folder is not None and not died:
        shutil.rmtree(folder, ignore_errors=True)
