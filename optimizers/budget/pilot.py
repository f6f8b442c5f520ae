"""Knows which items to try first and what each of them did cost; does not know what follows for the others."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from ...data import Draw, SetupError


@dataclass(frozen=True)
class ItemCost:
    """What it took to draw for one item.

    Attributes:
        place: The item's place among the items of the run, from 0.
        draws: Draws made.
        calls: Requests sent.
        prompt_tokens: Billed prompt tokens.
        completion_tokens: Billed completion tokens.
        explained: Whether one of the draws was accepted.
    """

    place: int
    draws: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    explained: bool


def item_cost(place: int, draws: Sequence[Draw], *, explained: bool) -> ItemCost:
    """Sum up what an item's draws did cost, all that were made for it: hinted ones and readings too.

    The journal does not keep requests. Draws that share a prompt carry its tokens once, so there were as many requests
    as draws with prompt tokens; at least one.

    Args:
        place: The item's place among the items of the run.
        draws: Its draws.
        explained: Whether one of them was accepted.
    """
    calls = sum(draw.prompt_tokens > 0 for draw in draws)
    return ItemCost(
        place=place,
        draws=len(draws),
        calls=max(calls, min(1, len(draws))),
        prompt_tokens=sum(draw.prompt_tokens for draw in draws),
        completion_tokens=sum(draw.completion_tokens for draw in draws),
        explained=explained,
    )


def pilot_places(
    lengths: Sequence[int], count: int, *, labels: Sequence[Hashable] | None = None, seed: int = 0
) -> tuple[int, ...]:
    """Choose items that stand for all: each is as likely, every label and every length has its share.

    A systematic sample: the items stand in a row by label and, within a label, by length (up in one label, down in the
    next), and every k-th of them is taken from a random start.

    Args:
        lengths: Of every item, e.g. the bytes of its prompt.
        count: How many to choose; all of them where there are no more.
        labels: Of every item; None where only the length matters.
        seed: Of the order of equals and of the start.

    Returns:
        The places of the chosen items, ascending.

    Raises:
        SetupError: If there are no items, `count` is below 1, or there is not one label for each item.
    """
    if count < 1 or not lengths:
        cure = "Give count=1 or more, and at least one item."
        raise SetupError(f"{count} of {len(lengths)} items", place="pilot_places", cure=cure)
    given = [None] * len(lengths) if labels is None else list(labels)
    if len(given) != len(lengths):
        what = f"{len(given)} labels for {len(lengths)} items"
        raise SetupError(what, place="pilot_places", cure="Give one label for each item.")
    if count >= len(lengths):
        return tuple(range(len(lengths)))
    rng = np.random.default_rng(seed)
    numbers = {label: number for number, label in enumerate(dict.fromkeys(given))}
    codes = np.array([numbers[label] for label in given])
    # Every other label is walked from long to short, so that neighbours in the row are alike across labels too.
    walked = np.where(codes % 2 == 0, 1, -1) * np.asarray(lengths)
    row = np.lexsort((rng.random(len(lengths)), walked, codes))
    step = len(lengths) / count
    taken = (rng.uniform(0, step) + step * np.arange(count)).astype(int)
    # Rounding must not push the last one beyond the end.
    return tuple(sorted(int(place) for place in row[np.minimum(taken, len(lengths) - 1)]))
