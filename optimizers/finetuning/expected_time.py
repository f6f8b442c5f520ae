"""Knows about how long training and rating will take on this machine, from what was measured of it; trains nothing.

The figures that join a measured speed to a time were read off the embedded model on two cores, in bfloat16 (AVX-512)
and in float32 (AVX2): both come out within a third of what it took. A step costs a part for each of its tokens, and a
part however many there are, which is what counts for a small model on a fast processor.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from ...programs import Speed
from ..training_jobs import Row, shared_prefix

_BACK, _CALLS = 2.4, 13.0
"""A step of training, in readings of its tokens and in writings of a single token."""

WORTH_TOKENS = 20_000
"""Tokens of training from which on it is worth some seconds to find out how long they will take."""

_AT_ONCE = 64
"""Rows that are rated together."""

_WRITING = 1.8
"""A step of many rows, in writings of a single token and readings of as many."""

_SETTLING, _LOADING = 8.0, 3.0
"""Seconds until the training process has its libraries and its model, and until a trained rater has its own."""


class TimedJob(NamedTuple):
    """Rows that are trained on, how often, and how many in a step."""

    rows: Sequence[Row]
    epochs: int
    batch_size: int


def training_seconds(rows: Sequence[Row], epochs: int, batch_size: int, speed: Speed) -> float:
    """Return about how long some rows take to be trained on.

    Args:
        rows: What is trained on.
        epochs: How often.
        batch_size: Rows in a step.
        speed: Of the base model on this machine.
    """
    shared = shared_prefix(rows)
    steps = math.ceil(len(rows) / batch_size)
    tokens = steps * shared + sum(row.tokens - shared for row in rows)
    return epochs * (tokens * _BACK * speed.token + steps * _CALLS * speed.step)


def rating_seconds(rows: Sequence[Row], items: int, speed: Speed) -> float:
    """Return about how long a rater that learned some rows takes for items like theirs."""
    shared, count = shared_prefix(rows), max(1, len(rows))
    read = items * sum(len(row.prompt) - shared for row in rows) / count
    written = math.ceil(items / _AT_ONCE) * max(len(row.completion) for row in rows)
    each = _WRITING * (speed.step + min(items, _AT_ONCE) * speed.token)
    return _LOADING + read * speed.token + written * each


def expectation(jobs: Sequence[TimedJob], items: int, speed: Speed, computing: str) -> str:
    """Return in a sentence about how long a compile takes: training, and rating the dev items with what came of it.

    Args:
        jobs: What is trained.
        items: Dev items.
        speed: Of the base model on this machine.
        computing: In which number format it computes.
    """
    training = _SETTLING + sum(training_seconds(*job, speed) for job in jobs)
    rating = sum(rating_seconds(job.rows, items, speed) for job in jobs)
    hundred = max(rating_seconds(job.rows, 100, speed) for job in jobs)
    threads = f"{speed.threads} thread{'s' if speed.threads > 1 else ''}"
    return (
        f"training on this machine ({computing}, {threads}) will take about {_told(training)}, rating the dev items "
        f"about {_told(rating)}; later, 100 items at most about {_told(hundred)}"
    )


def _told(seconds: float) -> str:
    """Return a time as roughly as it is known: ``40 s``, ``3 min``, ``2 h``."""
    if seconds < 90:
        return f"{max(5, 5 * round(seconds / 5))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"
