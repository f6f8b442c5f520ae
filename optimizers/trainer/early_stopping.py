"""Knows when dev losses have not fallen for too long, and which epoch was the best; does not measure them.

All of it follows from the trainer's log, which is part of each checkpoint, so that a resumed training ends where the
interrupted one would have. (The callback of transformers keeps a counter; it ends one epoch later if the kill comes
between the checkpoint of the last epoch and the result.)
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from transformers import TrainerCallback


class EarlyStopping(TrainerCallback):
    """Ends training when the last epochs did not have a lower dev loss than one before them."""

    def __init__(self, epochs: int) -> None:
        """Keep how many."""
        self._epochs = epochs

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """End training after this epoch if patience is exhausted."""
        if exhausted(dev_losses(state.log_history), self._epochs):
            control.should_training_stop = True


def dev_losses(log: Sequence[Mapping[str, Any]]) -> tuple[float, ...]:
    """Return the dev loss of each epoch from the trainer's log."""
    return tuple(entry["eval_loss"] for entry in log if "eval_loss" in entry)


def best_epoch(losses: Sequence[float]) -> int | None:
    """Return the first epoch, from 1, with the lowest loss; None where no loss is a number."""
    numbers = [loss if math.isfinite(loss) else math.inf for loss in losses]
    lowest = min(numbers, default=math.inf)
    return None if lowest == math.inf else numbers.index(lowest) + 1


def exhausted(losses: Sequence[float], patience: int) -> bool:
    """Say whether the last `patience` epochs had no lower loss than one before them."""
    best = best_epoch(losses)
    return len(losses) - (0 if best is None else best) >= patience
