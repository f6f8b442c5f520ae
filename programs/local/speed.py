"""Knows how to measure in a second or two how fast a model reads and writes on this machine; not what for."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..threads import settle_threads
from .sequence_request import SequenceRow

if TYPE_CHECKING:
    from .prefill import Decoder  # torch takes seconds to import and is an extra

_TEXTS, _TOKENS, _STEPS = 8, 64, 6
"""Of what is read, and how many steps are decoded of one of them."""


@dataclass(frozen=True)
class Speed:
    """What a model's work takes on this machine as it is now, in seconds.

    Attributes:
        token: To read one token more, where many are read together.
        step: To write one token for a single text: the part of a step that does not depend on how many there are.
        threads: How many threads that took.
    """

    token: float
    step: float
    threads: int


def measured_speed(decoder: "Decoder", context: int) -> Speed:
    """Measure, the best of two: other work only ever makes it longer.

    Args:
        decoder: The model's.
        context: Tokens that it can hold.
    """
    threads, length = settle_threads(), max(1, min(_TOKENS, context - 4 * _STEPS))
    known = decoder.model.get_input_embeddings().weight.shape[0]
    texts = [[(7 * number + place) % known for place in range(length)] for number in range(_TEXTS)]
    reading = _best(lambda: decoder.log_probabilities(texts, [[0]]))
    single = decoder.batch()
    decoder.join(single, texts[:1], [[SequenceRow(0, 1.0, 4 * _STEPS)]])
    return Speed(
        token=reading / (_TEXTS * length),
        step=_best(lambda: [single.step() for _ in range(_STEPS)]) / _STEPS,
        threads=threads,
    )


def _best(work: Callable[[], object]) -> float:
    times: list[float] = []
    for _ in range(2):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)
