"""Knows what may become of an item at each standing, under one belief; does not know what draws cost."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .hit_rate import HitRates
from .stopping import Standing, Stopping


class Prospects:
    """What a belief and a stopping rule say of every standing (hits, draws), as tables of shape (samples + 1,) * 2.

    Rows are draws, columns hits; what is right of the diagonal cannot be and means nothing. One object serves the items
    of all lengths that share a belief.

    Args:
        stop: When an item is done, and what it is worth.
        rates: What is believed of hit rates.
        chance: Of a match by luck.
        samples: The most draws an item may have.
    """

    def __init__(self, stop: Stopping, rates: HitRates, chance: float, samples: int) -> None:
        """Remember the belief; tables are made when they are asked for."""
        self.stop = stop
        self.rates = rates
        self.chance = chance
        self.samples = samples

    @cached_property
    def hit(self) -> npt.NDArray[np.float64]:
        """P(the next draw matches)."""
        draws, hits = self._grid
        return self.rates.next_hit(hits, draws, self.chance)

    @cached_property
    def enough(self) -> npt.NDArray[np.bool_]:
        """Whether no further draw is wanted."""
        return self._asked(self.stop.enough)

    @cached_property
    def explained(self) -> npt.NDArray[np.bool_]:
        """Whether the draws explain the label."""
        return self._asked(self.stop.explains)

    @cached_property
    def _grid(self) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]:
        draws, hits = np.indices((self.samples + 1, self.samples + 1))
        return draws, np.minimum(hits, draws)

    @cached_property
    def _standings(self) -> list[list[Standing]]:
        draws, hits = self._grid
        confidence = self.rates.confidence(hits, draws, self.chance).tolist()
        return [[Standing(h, n, confidence[n][h]) for h in range(n + 1)] for n in range(self.samples + 1)]

    def _asked(self, question: Callable[[Standing], bool]) -> npt.NDArray[np.bool_]:
        answers = np.zeros((self.samples + 1, self.samples + 1), dtype=bool)
        for n, row in enumerate(self._standings):
            answers[n, : n + 1] = [question(standing) for standing in row]
        return answers
