"""Knows how many draws of an item to ask for at once so that the bill is smallest; does not know what a draw is."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .prospects import Prospects


@dataclass(frozen=True)
class Tariff:
    """What a wave costs, in any unit.

    Attributes:
        prompt: Price of the prompt.
        completion: Price of one completion.
        shared: Whether a wave pays its prompt once; else each draw pays for its own.
    """

    prompt: float
    completion: float
    shared: bool = True

    def wave(self, draws: int) -> float:
        """Return the price of a wave of so many draws."""
        return self.prompt * (1 if self.shared else draws) + self.completion * draws

    @property
    def single(self) -> float:
        """The price of one draw on its own."""
        return self.prompt + self.completion


class Waves:
    """The best wave sizes for items of one level and length, by dynamic programming over (hits, draws).

    With V(h, n) the expected value of an item that has h hits in n draws, w the next wave and j its hits:

        V(h, n) = worth if explained    (where drawing is enough)
                = max over w of  E[V(h + j, n + w) | h, n] - price(w)    otherwise,

    and 0, no further wave, where that is negative (not where an item is drawn for at any price). Every item gets a
    first wave: without it nothing could be said of it. Because a wave shares its prompt, dear prompts ask for large
    waves; because what comes after the last hit needed is waste, likely hits ask for small ones. Where prompts are not
    shared, draws cost together what they cost one by one, and one by one can stop: waves are single draws.

    Args:
        prospects: What may become of an item.
        tariff: What waves cost.
        patient: Never give an item up for its price: while nothing is known of a teacher, its draws teach as well.
    """

    def __init__(self, prospects: Prospects, tariff: Tariff, *, patient: bool = False) -> None:
        """Remember the problem; it is solved when it is asked for."""
        self.prospects = prospects
        self.tariff = tariff
        self.worth = None if patient else prospects.stop.worth

    def next(self, hits: int, draws: int) -> int:
        """Return the size of the next wave; 0 stops."""
        return int(self._waves[draws, hits])

    @cached_property
    def _waves(self) -> npt.NDArray[np.int_]:
        """The best wave by (draws, hits).

        E[V(h + j, n + w) | h, n] goes from n + 1 draws back to n by one more draw that hits or misses, for all h and w
        at once: draws are exchangeable, so waves need no distribution of their own.
        """
        samples, hit = self.prospects.samples, self.prospects.hit
        reward = 0.0 if self.worth is None else self.worth * self.tariff.single
        largest = samples if self.tariff.shared else 1
        prices = np.array([self.tariff.wave(wave) for wave in range(1, largest + 1)])
        waves = np.zeros((samples + 1, samples + 1), dtype=int)
        ahead = np.zeros((samples + 1, samples + 1))  # [m, h]: E[V with m draws | h hits in n draws]
        for n in range(samples, -1, -1):
            here = slice(0, n + 1)
            explained = np.where(self.prospects.explained[n, here], reward, 0.0)
            value = explained
            if n < samples:
                ahead[n + 1 :, here] = (
                    hit[n, here] * ahead[n + 1 :, 1 : n + 2] + (1 - hit[n, here]) * ahead[n + 1 :, here]
                )
                going_on = ahead[n + 1 : n + 1 + largest, here] - prices[: samples - n, None]
                best = going_on.argmax(axis=0)
                most = going_on.max(axis=0)
                draw = ~self.prospects.enough[n, here]
                if n and self.worth is not None:
                    draw &= most > explained
                waves[n, here] = np.where(draw, best + 1, 0)
                value = np.where(draw, most, explained)
            ahead[n, here] = value
        return waves
