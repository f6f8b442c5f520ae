"""Knows how the losses of a run's trainings fell, from the files that training leaves; does not know how they look."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..task import WORKSPACE


@dataclass(frozen=True)
class Training:
    """One candidate's training.

    Attributes:
        name: The candidate's name.
        steps: The steps that have a loss.
        losses: The loss on the rows of each of them.
        dev_steps: The steps after which the dev rows were measured.
        dev_losses: The loss on them.
        total: How many steps there were to be.
        finished: Whether it came to its end.
    """

    name: str
    steps: tuple[int, ...]
    losses: tuple[float, ...]
    dev_steps: tuple[int, ...]
    dev_losses: tuple[float, ...]
    total: int
    finished: bool


def read_training(run: Path, candidates: Sequence[Mapping[str, Any]]) -> tuple[Training, ...]:
    """Return the trainings that the report's candidates came from; without a report, the latest of each name.

    A workspace keeps trainings of other settings as well. A candidate's is known by what it took.

    Args:
        run: The run directory.
        candidates: As report.json has them.
    """
    folders = sorted((run / WORKSPACE).glob("*-*/progress.jsonl"), key=lambda path: path.stat().st_mtime)
    took = {_took(candidate.get("details", {})) for candidate in candidates}
    found: dict[str, Training] = {}
    for path in folders:
        name = path.parent.name.rpartition("-")[0]
        done = path.parent / "done.json"
        result = _record(done.read_text(encoding="utf-8")) if done.is_file() else {}
        if not candidates or _took(result) in took:
            found[name] = _training(name, path, finished=bool(result))
    order = [str(candidate.get("name")) for candidate in candidates]
    return tuple(sorted(found.values(), key=lambda one: order.index(one.name) if one.name in order else len(order)))


def _took(record: Mapping[str, Any]) -> tuple[Any, Any]:
    return record.get("seconds"), record.get("tokens")


def _training(name: str, path: Path, *, finished: bool) -> Training:
    lines = list(_lines(path))
    steps = [line for line in lines if "dev_loss" not in line]
    measured = [line for line in lines if "dev_loss" in line]
    return Training(
        name,
        tuple(line["step"] for line in steps),
        tuple(line["loss"] for line in steps),
        tuple(line["step"] for line in measured),
        tuple(line["dev_loss"] for line in measured),
        max((line.get("steps", 0) for line in lines), default=0),
        finished,
    )


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """Go through the steps; a killed training may have left half a line."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        found = _record(line)
        if "step" in found and "loss" in found:
            yield found


def _record(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
