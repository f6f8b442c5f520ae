"""Knows how training tells how far it is, in a file that others follow; does not know who reads it."""

import json
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback


class ProgressFile(TrainerCallback):
    """Writes one line for each step, and one for each time the dev rows are measured.

    A step: ``{"step": 3, "steps": 50, "loss": 0.71, "tokens_per_second": 220.5}``, prompts included, padding not. A
    measurement has ``dev_loss`` beside the last step's ``step``, ``steps`` and ``loss``. After a resume the lines of
    the steps that were kept stay.

    Args:
        path: The file.
        first: Whether this process is the one that writes.
    """

    def __init__(self, path: Path, *, first: bool) -> None:
        """Write nothing yet."""
        self._path = path
        self._first = first
        self._loss = 0.0
        self._tokens = 0
        self._since = 0.0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Keep the lines of the steps that are not trained again."""
        self._tokens, self._since = state.num_input_tokens_seen, time.monotonic()
        if self._first:
            kept = [line for line in _lines(self._path) if json.loads(line)["step"] <= state.global_step]
            self._path.write_text("".join(kept), encoding="utf-8")

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        """Add a line."""
        if not self._first or logs is None:
            return
        at: dict[str, Any] = {"step": state.global_step, "steps": state.max_steps}
        if "loss" in logs:
            now = time.monotonic()
            tokens, seconds = state.num_input_tokens_seen - self._tokens, now - self._since
            self._tokens, self._since, self._loss = state.num_input_tokens_seen, now, round(logs["loss"], 6)
            self._add({**at, "loss": self._loss, "tokens_per_second": round(tokens / max(seconds, 1e-9), 1)})
        elif "eval_loss" in logs:
            self._add({**at, "loss": self._loss, "dev_loss": round(logs["eval_loss"], 6)})
            self._since = time.monotonic()

    def _add(self, line: dict[str, Any]) -> None:
        with self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


def _lines(path: Path) -> list[str]:
    """Return the whole lines of a file; the last one may have been cut by a kill."""
    if not path.exists():
        return []
    return [line for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
