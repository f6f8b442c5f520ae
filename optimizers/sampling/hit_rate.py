"""Knows how often a teacher reaches the human label, item by item, and how sure one can be; not when to stop.

An item's hit rate p is the share of blind draws that reach its human label. On some items the teacher only guesses:
then p is what it would reach on any item, its *chance* c. The prior over items is therefore a spike and a slab:

    p = c with probability g,    p ~ Beta(a, b) with probability 1 - g.

g, a and b are learned from the draws themselves (empirical Bayes, Carlin & Louis, *Bayesian Methods for Data
Analysis*, chapter 5), level by level and shrunk towards all levels together. After h hits in n draws the slab is
Beta(a + h, b + n - h) and the spike's share is updated by Bayes' rule, so that a single late hit, which luck brings
often enough, is worth little, and several early ones are worth much. A Beta prior alone cannot say that: fitted to a
mixture of guessed and understood items it puts most of its mass above chance and takes the first lucky hit for proof.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import betainc, betaln, expit, log_expit, logit

_Floats = npt.NDArray[np.float64]

_LEAST, _MOST = 1e-4, 1 - 1e-4
"""Chances are kept inside (0, 1): nothing is impossible after a few draws."""


@dataclass(frozen=True)
class Tally:
    """What was drawn of how many items: `items` of them had `hits` matches in `draws` draws at this chance."""

    hits: int
    draws: int
    chance: float
    items: int = 1


@dataclass(frozen=True)
class HitRates:
    """How hit rates are spread over items.

    The defaults are what is believed before the first draw: a third of the items guessed, anything possible otherwise.

    Attributes:
        guessed: g, the share of items on which the teacher only guesses.
        alpha: a of the slab.
        beta: b of the slab.
    """

    guessed: float = 0.3
    alpha: float = 1.2
    beta: float = 1.2

    def spike(self, hits: Any, draws: Any, chance: float) -> Any:
        """Return P(the item is guessed | hits in draws); arrays broadcast."""
        c = np.clip(chance, _LEAST, _MOST)
        lucky = hits * np.log(c) + (draws - hits) * np.log1p(-c)
        known = betaln(self.alpha + hits, self.beta + draws - hits) - betaln(self.alpha, self.beta)
        return expit(logit(self.guessed) + lucky - known)

    def confidence(self, hits: Any, draws: Any, chance: float) -> Any:
        """Return P(hit rate > chance | hits in draws): not guessed, and the slab above chance; arrays broadcast."""
        c = np.clip(chance, _LEAST, _MOST)
        above = 1 - betainc(self.alpha + hits, self.beta + draws - hits, c)
        return (1 - self.spike(hits, draws, chance)) * above

    def next_hit(self, hits: Any, draws: Any, chance: float) -> Any:
        """Return P(the next draw matches | hits in draws); arrays broadcast."""
        c = np.clip(chance, _LEAST, _MOST)
        spike = self.spike(hits, draws, chance)
        return spike * c + (1 - spike) * (self.alpha + hits) / (self.alpha + self.beta + draws)


def learn(tallies: Sequence[Tally], around: HitRates | None = None, *, weight: float = 1.0) -> HitRates:
    """Fit the prior to what was drawn, by maximum marginal likelihood with a weak pull towards `around`.

    Stopping rules do not bias it: the likelihood of a sequence of draws does not depend on why it ended.

    Args:
        tallies: What was drawn; items without draws add nothing.
        around: What is believed without data; the default prior unless given.
        weight: Strength of the pull: 1 lets a few dozen items outweigh it.
    """
    around = HitRates() if around is None else around
    start = np.array(
        [logit(around.guessed), logit(around.alpha / (around.alpha + around.beta)), np.log(around.alpha + around.beta)]
    )
    used = [tally for tally in tallies if tally.draws]
    if not used:
        return around
    hits = np.array([tally.hits for tally in used], dtype=float)
    misses = np.array([tally.draws - tally.hits for tally in used], dtype=float)
    items = np.array([tally.items for tally in used], dtype=float)
    chance = np.clip([tally.chance for tally in used], _LEAST, _MOST)
    lucky = hits * np.log(chance) + misses * np.log1p(-chance)

    def loss(x: _Floats) -> float:
        mean, size = expit(x[1]), np.exp(x[2])
        a, b = mean * size, (1 - mean) * size
        slab = betaln(a + hits, b + misses) - betaln(a, b)
        fit = np.logaddexp(log_expit(x[0]) + lucky, log_expit(-x[0]) + slab)
        return float(weight * np.sum((x - start) ** 2 / _SPREAD) - items @ fit)

    found = minimize(loss, start, method="L-BFGS-B", bounds=_BOUNDS)
    mean, size = float(expit(found.x[1])), float(np.exp(found.x[2]))
    return HitRates(float(expit(found.x[0])), mean * size, (1 - mean) * size)


_SPREAD = np.array([2.0, 4.0, 2.0])
"""Twice the variance of the pull on logit(g), logit(a / (a + b)) and ln(a + b)."""
_BOUNDS = [(-6.0, 6.0), (-6.0, 6.0), (-1.5, 6.0)]


def learn_levels(levels: Mapping[Any, Sequence[Tally]], *, most: int = 20) -> Mapping[Any, HitRates]:
    """Fit one prior for each level, each pulled towards the fit of all levels together.

    Args:
        levels: For each level (or whatever else items are told apart by) what was drawn of its items.
        most: With more levels than this (interval scales), all share one prior.
    """
    together = learn([tally for tallies in levels.values() for tally in tallies])
    if len(levels) > most:
        return dict.fromkeys(levels, together)
    # Levels are believed alike until their own items say otherwise: a pull three times as strong.
    return {level: learn(tallies, together, weight=3.0) for level, tallies in levels.items()}
