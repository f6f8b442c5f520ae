"""Knows how to make a fine-tuned rater in seconds: a real training of a tiny model; it learns nothing worth knowing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dspy

from accord.data import Ordinal
from accord.optimizers import FineTune
from accord.programs import Guideline, Rater, resolve_model
from worlds.tiny_model import make_tiny_model

SCALE = Ordinal(1, 5)


def train_rater(folder: Path, *, base: str | None = None, **options: Any) -> Rater:
    """Compile a rater of the field ``text`` with `FineTune`, as users do: rows, a training process, dev ratings.

    Args:
        folder: Where the tiny model and the workspace go.
        base: Another model to train, by its name.
        **options: Of `FineTune`.
    """
    model = f"local/{make_tiny_model(folder / 'base', context=1024)}" if base is None else base
    student = Rater(SCALE, Guideline("How friendly is it?"), lm=resolve_model(model, max_tokens=16))
    wanted: dict[str, Any] = {"objectives": ("label_all",), "epochs": 1, "lora_rank": 4, "learning_rate": 5e-3}
    compiler = FineTune(workspace=folder / "training", **{**wanted, **options})
    return compiler.compile(student, trainset=_examples(0, 24), valset=_examples(100, 10))


def _examples(start: int, count: int) -> Sequence[dspy.Example]:
    rows = [(f"Visit {number}: the soup was warm.", number % 5 + 1) for number in range(start, start + count)]
    return [dspy.Example(text=text, label=label, rationale="So it was.").with_inputs("text") for text, label in rows]
