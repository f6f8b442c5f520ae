"""Knows a stub server whose replies come with log-probabilities of levels, item by item; knows no rater."""

import math
from collections.abc import Callable, Mapping

from worlds.stub_script import Behaviour, Messages

SHARES = {"a": (0.1, 0.2, 0.1, 0.2, 0.4), "b": (0.6, 0.1, 0.1, 0.1, 0.1)}
"""The probabilities of the levels 1 to 5 of two items, which are so called: expected 3.6 and 2, median 4 and 1."""


def text_of(messages: Messages) -> str:
    """Return the item that was asked about."""
    return messages[-1]["content"].split("\n")[1]


def after_label(shares: Mapping[str, tuple[float, ...]]) -> Callable[[Messages, str], dict[str, float]]:
    """Give the levels these probabilities where a label is due, and nothing anywhere else."""

    def alternatives(messages: Messages, said: str) -> dict[str, float]:
        if not said.endswith("Label:"):
            return {}
        return {f" {level}": math.log(share) for level, share in enumerate(shares[text_of(messages)], start=1)}

    return alternatives


def says(messages: Messages, index: int, seed: int | None) -> str:
    """Answer with the likeliest level of the item; several draws of one prompt go through 1, 2, 3, ..."""
    shares = SHARES.get(text_of(messages), (1.0,) * 5)
    label = shares.index(max(shares)) + 1 if seed is None else index + 1
    return f"Reason: Because of draw {index}.\nLabel: {label}"


def says_label(messages: Messages, index: int, seed: int | None) -> str:
    """Answer as `says` does, without a rationale."""
    return says(messages, index, seed).split("\n")[1]


WEIGHED = Behaviour(answer=says, alternatives=after_label(SHARES))
