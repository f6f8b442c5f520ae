"""Knows how many draws of an item to ask for at once so that the bill is smallest; does not know what a draw is."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .hit_rate import HitRates
from .stopping import Standing, Stopping


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


@dataclass(frozen=True)
class _Move:
    """What to do at a standing, and what it is expected to bring (the trace's worth less the bill)."""

    wave: int
    value: float


class Waves:
    """The best wave sizes for items of one level, by dynamic programming over (hits, draws).

    With V(h, n) the expected value of an item that has h hits in n draws, w the next wave and P the outlook:

        V(h, n) = worth if explained    (where drawing is enough)
                = max over w of  sum_j P(j hits of w | h, n) V(h + j, n + w) - price(w)    otherwise,

    and 0, no further wave, where that is negative (not where an item is drawn for at any price). Every item gets a first
    wave: without it nothing could be said of it. Because a wave shares its prompt, dear prompts ask for large waves;
    because what comes after the last hit needed is waste, likely hits ask for small ones.

    Args:
        stop: When an item is done, and what it is worth.
        rates: What is believed of hit rates.
        chance: Of a match by luck.
        tariff: What waves cost.
        samples: The most draws an item may have.
        patient: Never give an item up for its price: while nothing is known of a teacher, its draws teach as well.
    """

    def __init__(
        self, stop: Stopping, rates: HitRates, chance: float, tariff: Tariff, samples: int, *, patient: bool = False
    ) -> None:
        """Remember the problem; standings are solved when they are asked for."""
        self.stop = stop
        self.worth = None if patient else stop.worth
        self.rates = rates
        self.chance = chance
        self.tariff = tariff
        self.samples = samples
        self._moves: dict[tuple[int, int], _Move] = {}

    def next(self, hits: int, draws: int) -> int:
        """Return the size of the next wave; 0 stops."""
        return self._best(hits, draws).wave

    def _best(self, hits: int, draws: int) -> _Move:
        known = self._moves.get((hits, draws))
        if known is None:
            known = self._moves[hits, draws] = self._solve(hits, draws)
        return known

    def _solve(self, hits: int, draws: int) -> _Move:
        standing = Standing(hits, draws, float(self._confidence[hits, draws]))
        reward = 0.0 if self.worth is None else self.worth * self.tariff.single
        explained = reward if self.stop.explains(standing) else 0.0
        if draws >= self.samples or self.stop.enough(standing):
            return _Move(0, explained)
        best: _Move | None = None
        for wave in self._sizes(self.samples - draws):
            outlook = self.rates.outlook(hits, draws, self.chance, wave)
            after = [self._best(hits + more, draws + wave).value for more in range(wave + 1)]
            value = float(outlook @ np.array(after)) - self.tariff.wave(wave)
            if best is None or value > best.value + 1e-12:
                best = _Move(wave, value)
        if best is None or (draws and self.worth is not None and best.value <= explained):
            return _Move(0, explained)
        return best

    def _sizes(self, left: int) -> Sequence[int]:
        """Return the sizes worth trying: all small ones, then every fourth part more, and all that is left."""
        if not self.tariff.shared:
            return (1,)  # together they cost as much as one by one, and one by one can stop
        sizes = list(range(1, min(left, 16) + 1))
        while sizes[-1] < left:
            sizes.append(min(left, sizes[-1] + max(sizes[-1] // 4, 1)))
        return sizes

    @cached_property
    def _confidence(self) -> np.ndarray:
        hits, draws = np.indices((self.samples + 1, self.samples + 1))
        known = hits <= draws
        found = self.rates.confidence(np.where(known, hits, 0), draws, self.chance)
        return np.where(known, found, 0.0)
