"""Knows how to get many completions from any DSPy LM; does not know what they are for or where they are kept."""

from collections.abc import Generator, Iterator, Sequence

import dspy

from ..adapter import Completion
from .requests import Ask, BatchEngine, Feed, Listed, Sampling, StreamingEngine
from .threaded_calls import fan_out


def complete(
    lm: dspy.LM, asks: Sequence[Ask] | Feed, sampling: Sampling, *, workers: int = 16
) -> Generator[tuple[int, tuple[Completion, ...]], None, None]:
    """Yield ``(number of the ask, its completions)`` as they come, in any order; close it to stop early.

    Asks are numbered in their order, that of a feed in the order in which it handed them out. A `StreamingEngine` takes
    from the feed as it has room; a `BatchEngine` takes whatever is ready, answers all of it and takes again. Any other
    `dspy.LM` is called once for each draw from `workers` threads, with a `rollout_id` of its own where it samples, so
    that no two draws share a cache entry.

    Args:
        lm: Whom to ask.
        asks: The prompts and which draws of each; a `Feed` where more are made while others are being answered.
        sampling: Temperature, token limit and seed.
        workers: Calls in flight for an LM without batches.

    Raises:
        SetupError: If the model's name, key or account is wrong: every call would fail. Whatever else goes wrong with
            a call is a `Completion` with an error.
    """
    feed: Feed = Listed(asks) if isinstance(asks, Sequence) else asks
    engine = getattr(lm, "engine", None)
    if isinstance(engine, StreamingEngine):
        yield from engine.complete_feed(feed, sampling)
    elif isinstance(engine, BatchEngine):
        yield from _in_batches(engine, feed, sampling)
    else:
        yield from fan_out(lm, feed, sampling, workers=workers)


_EVERYTHING = 1_000_000_000


def _in_batches(engine: BatchEngine, feed: Feed, sampling: Sampling) -> Iterator[tuple[int, tuple[Completion, ...]]]:
    first = 0
    while ready := feed.take(_EVERYTHING):
        for place, completions in engine.complete_many(ready, sampling):
            yield first + place, completions
        first += len(ready)
