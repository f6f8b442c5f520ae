"""Knows how far a model's expected labels are from what rows aim at, with gradients; does not know how it is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from ..training_jobs import Aim, Row

Path = tuple[int, ...]


@dataclass(frozen=True)
class Branch:
    """What must be read in place of a row's label, because it begins levels that the completion does not show.

    Attributes:
        row: Number of the row.
        begun: The row's prompt and its completion up to the label.
        path: The ids that follow; the logits after each of them are wanted.
    """

    row: int
    begun: Path
    path: Path


def branches(rows: Sequence[Row]) -> list[Branch]:
    """Return what must be read beside the rows themselves; nothing where levels are one token each."""
    return [
        Branch(number, (*row.prompt, *row.completion[: row.aim.start]), path)
        for number, row in enumerate(rows)
        if row.aim is not None
        for path in row.aim.branches
        if not _shows(row, row.aim, path)
    ]


def squared_error(row: Row, written: torch.Tensor, read: Mapping[Path, torch.Tensor]) -> torch.Tensor:
    """Return ``weight * (E[label] - gold)^2`` of a row's aim, the expectation being over its levels alone.

    Args:
        row: With an aim.
        written: Logits from which each token of the completion is predicted, (tokens, vocabulary).
        read: For the path of each of the row's branches the logits after each of its tokens, (tokens, vocabulary).

    Raises:
        ValueError: If the row has no aim.
    """
    aim = row.aim
    if aim is None:
        raise ValueError("the row has no aim")
    nodes = sorted({tail[:length] for tail in aim.tails for length in range(len(tail))})
    place = {node: number for number, node in enumerate(nodes)}
    logs = torch.stack([_logits(row, aim, node, written, read) for node in nodes]).log_softmax(dim=-1)
    scores = torch.stack(
        [sum(logs[place[tail[:step]], token] for step, token in enumerate(tail)) for tail in aim.tails]  # pyright: ignore
    )
    values = torch.tensor(aim.values, dtype=scores.dtype, device=scores.device)
    return aim.weight * ((scores.softmax(dim=-1) * values).sum() - aim.gold) ** 2


def _shows(row: Row, aim: Aim, path: Path) -> bool:
    return row.completion[aim.start : aim.start + len(path)] == path


def _logits(row: Row, aim: Aim, node: Path, written: torch.Tensor, read: Mapping[Path, torch.Tensor]) -> torch.Tensor:
    """Return the logits after a beginning that some levels share, from wherever it was read."""
    if _shows(row, aim, node):
        return written[aim.start + len(node)]
    return next(logits[len(node) - 1] for path, logits in read.items() if path[: len(node)] == node)
