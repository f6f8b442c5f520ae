"""Knows what is wanted of a local model, draw by draw, and how far each is; does not know how it is decoded."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(eq=False)
class SequenceRow:
    """One draw in the making.

    Attributes:
        seed: Of the numbers in [0, 1) that decide its tokens, one each; greedy decoding needs none.
        temperature: Softmax temperature; 0 decodes greedily.
        max_tokens: Limit on new tokens.
        uniforms: The numbers; they depend on the seed alone.
        tokens: The ids drawn so far, without the end-of-sequence id.
        finished: ``stop``, ``length``, or empty while the draw goes on.
    """

    seed: int
    temperature: float
    max_tokens: int
    uniforms: np.ndarray = field(init=False, repr=False)
    tokens: list[int] = field(default_factory=list)
    finished: str = ""

    def __post_init__(self) -> None:
        """Draw the numbers."""
        self.uniforms = np.random.default_rng(self.seed).random(self.max_tokens if self.temperature else 0)


@dataclass(frozen=True, eq=False)
class Wish:
    """The draws that are wanted of one prompt.

    Attributes:
        ids: The prompt's tokens, at least one.
        rows: The draws, finished in place.
    """

    ids: Sequence[int]
    rows: Sequence[SequenceRow]

    @property
    def length(self) -> int:
        """Tokens that a row of it may hold."""
        return len(self.ids) + max(row.max_tokens for row in self.rows)
