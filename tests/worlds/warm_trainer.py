"""Knows how to train in a child of a process that has torch, transformers, peft and trl imported already.

Importing them takes longer than the small jobs of the tests. Each child is a process of its own with the caller's
standard streams, folder and environment, and ends like the real one: with its code, with a signal, or when whoever
started it is gone. Nothing of the product knows of it.

    python warm_trainer.py --serve SOCKET      # says "ready", and ends when its standard input closes
    python warm_trainer.py SOCKET JOB.json ... # trains: stands for ``python -m accord.optimizers.trainer JOB.json ...``
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path

PROGRAM = ["-m", "accord.optimizers.trainer"]
FRESH = "ACCORD_TESTS_FRESH_TRAINER"
"""Where this is set, training begins in a fresh process as it does for users."""


class WarmTrainer:
    """Starts the server with the first job, and stops it."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._folder = tempfile.TemporaryDirectory(prefix="warm-")
        self._server: subprocess.Popen[str] | None = None

    @property
    def socket(self) -> str:
        """Where the server listens."""
        return str(Path(self._folder.name) / "socket")

    def command(self, fresh: list[str]) -> list[str]:
        """Return the command that trains warm, given the one that begins in a fresh process."""
        if fresh[1:3] != PROGRAM or FRESH in os.environ:
            return fresh
        if self._server is None:
            words = [sys.executable, __file__, "--serve", self.socket]
            log = Path(self._folder.name) / "log"  # what libraries say when they are imported is not the test's
            with log.open("wb") as said:
                self._server = subprocess.Popen(
                    words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, text=True
                )
            if self._server.stdout is None or self._server.stdout.readline() != "ready\n":
                raise RuntimeError(f"the warm trainer did not start: {log.read_text(errors='replace')[-2000:]}")
        return [sys.executable, "-I", "-S", __file__, self.socket, *fresh[3:]]

    def stop(self) -> None:
        """End the server."""
        if self._server is not None:
            self._server.communicate()
        self._folder.cleanup()


@contextlib.contextmanager
def warm_training() -> Iterator[None]:
    """Have all training jobs of this process trained warm within the block."""
    from accord.optimizers.training_jobs import process

    trainer, run = WarmTrainer(), process._run
    process._run = lambda command, *rest: run(trainer.command(command), *rest)
    try:
        yield
    finally:
        process._run = run
        trainer.stop()


def ask(path: str, arguments: list[str]) -> int:
    """Have a job trained, and return or end as the child does."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        order = json.dumps({"arguments": arguments, "folder": os.getcwd(), "environment": dict(os.environ)}).encode()
        socket.send_fds(connection, [len(order).to_bytes(8, "big")], [0, 1, 2])
        connection.sendall(order)
        code = connection.recv(16)
    if not code:  # the child was killed: so is this process
        os.kill(os.getpid(), signal.SIGKILL)
    return int(code)


def serve(path: str) -> None:
    """Import what training needs, then train each order in a child."""
    import accelerate.commands.launch  # noqa: F401
    import datasets  # noqa: F401
    import peft  # noqa: F401
    import torch  # noqa: F401
    import transformers  # noqa: F401
    import trl.trainer.dpo_trainer
    import trl.trainer.sft_trainer  # noqa: F401

    from accord.optimizers.trainer import __main__ as program
    from accord.optimizers.trainer import trainers  # noqa: F401

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children need not be waited for
    threading.Thread(target=_end_with_input, daemon=True).start()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()
        print("ready", flush=True)
        while True:
            connection, _ = listening.accept()
            length, streams, _, _ = socket.recv_fds(connection, 8, 3)
            if os.fork() == 0:
                listening.close()
                _train(connection, int.from_bytes(length, "big"), streams, program.main)
            connection.close()
            for stream in streams:
                os.close(stream)


def _train(connection: socket.socket, length: int, streams: list[int], main) -> None:
    """Do an order in this child and end it."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        order = json.loads(_read(connection, length))
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        os.chdir(order["folder"])
        os.environ.clear()
        os.environ.update(order["environment"])
        threading.Thread(target=_end_with_client, args=(connection,), daemon=True).start()
        try:
            code = main(order["arguments"])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    with contextlib.suppress(OSError):
        connection.sendall(str(code).encode())
    os._exit(code)


def _read(connection: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        found += connection.recv(length - len(found))
    return found


def _end_with_client(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.recv(1)
    os._exit(3)


def _end_with_input() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(sys.argv[2])
    else:
        sys.exit(ask(sys.argv[1], sys.argv[2:]))
