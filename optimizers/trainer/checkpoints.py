"""Knows which checkpoint training goes on from and when one is written within an epoch; not what is in it."""

import json
import shutil
import time
from pathlib import Path
from typing import Any

from transformers import TrainerCallback

from .distributed import Ranks

_STATE = "trainer_state.json"


def last_checkpoint(folder: Path) -> Path | None:
    """Return the last whole checkpoint and remove what a kill left of others; its state is what is written last.

    The folder may have been moved since: the path of the best epoch's checkpoint that is in the state is mended.
    """
    whole: dict[int, Path] = {}
    for checkpoint in folder.glob("checkpoint-*"):
        try:
            whole[read_state(checkpoint)["global_step"]] = checkpoint
        except (FileNotFoundError, KeyError, TypeError, ValueError):
            shutil.rmtree(checkpoint)
    if not whole:
        return None
    last = whole[max(whole)]
    state = read_state(last)
    best = state.get("best_model_checkpoint")
    if best is not None and Path(best).parent != folder:
        state["best_model_checkpoint"] = str(folder / Path(best).name)
        (last / _STATE).write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")
    return last


def read_state(checkpoint: Path) -> dict[str, Any]:
    """Return what the trainer wrote about itself."""
    return json.loads((checkpoint / _STATE).read_text(encoding="utf-8"))


class TimedSaves(TrainerCallback):
    """Has a checkpoint written when the last one is some time ago, beside those at the ends of epochs.

    Args:
        seconds: How long ago; 0 has one written after every step.
        steps: Steps in an epoch. After the last of them the trainer writes one by itself, and not twice: a kill in
            between would leave half of one over a whole one.
        together: The processes, which must all write at the same step.
    """

    def __init__(self, seconds: float, steps: int, together: Ranks) -> None:
        """Count from now."""
        self._seconds = seconds
        self._steps = steps
        self._together = together
        self._last = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Ask for a checkpoint where one is due."""
        due = self._together.agree(time.monotonic() - self._last >= self._seconds)
        if due and state.global_step % self._steps:
            control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Count from here."""
        self._last = time.monotonic()
