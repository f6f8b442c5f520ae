"""Knows how to give items the rationales of others with the same label; does not know what is trained on them."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

import dspy
import numpy as np


class Shuffled(NamedTuple):
    """Examples with the rationale of another item of their label, and how many kept their own for want of another."""

    examples: tuple[dspy.Example, ...]
    kept: int


def shuffled(examples: Sequence[dspy.Example], *, seed: int) -> Shuffled:
    """Exchange the rationales of examples within each label, so that every one comes from another item.

    A rater that learns from these sees as many words that lead to as many labels, but none that speak of the item: what
    true traces do better than they is what the thinking about the item is worth. The items of a label are put in a
    random circle and each takes the rationale of the next, so no item keeps its own unless it is alone.

    Args:
        examples: With ``label`` and ``rationale``; they stay as they are, and in their order.
        seed: Of the circles.
    """
    by_label: dict[Hashable, list[int]] = {}
    for place, example in enumerate(examples):
        by_label.setdefault(example["label"], []).append(place)
    dice = np.random.default_rng(seed)
    given = list(examples)
    for places in by_label.values():
        circle = dice.permutation(places).tolist()
        for place, following in zip(circle, [*circle[1:], circle[0]], strict=True):
            given[place] = examples[place].copy(rationale=examples[following]["rationale"])
    return Shuffled(tuple(given), sum(len(places) == 1 for places in by_label.values()))
