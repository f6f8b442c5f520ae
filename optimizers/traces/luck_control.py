"""Knows how often draws match an item's own target and the targets of other items; does not know what a match means."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...data import Estimate

_RESAMPLES = 2_000
_CELLS = 20_000_000
"""Most cells of one block of items x draws x targets, so that memory does not grow with the items."""

_Floats = npt.NDArray[np.float64]
WholeNumbers = npt.NDArray[np.int_]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Shares:
    """Per item, the probability that its draws match.

    Attributes:
        own: Its own target, shape (items,).
        luck: The target of another item taken at random, shape (items,).
    """

    own: _Floats
    luck: _Floats


@dataclass(frozen=True)
class LuckScoring:
    """Draws as numbers, ready to be scored against the target of any item.

    Attributes:
        codes: The row of `matches` that each draw scores with, shape (items, most draws); padded with its last row.
        made: Draws of each item, shape (items,).
        matches: Whether a label matches a target, shape (labels + 1, targets); the last row matches nothing.
        own: The number of each item's target, shape (items,).
    """

    codes: WholeNumbers
    made: WholeNumbers
    matches: Flags
    own: WholeNumbers

    @property
    def hits(self) -> WholeNumbers:
        """How many draws of each item match its own target, shape (items,)."""
        return self.matches[self.codes, self.own[:, None]].sum(axis=1)

    def unbiased(self, k: int) -> Shares:
        """Return P(match within k of the draws taken at random), 1 - C(n-h, k) / C(n, k) for h matches among n.

        The unbiased estimate of 1 - (1-p)^k from n independent draws with the hit rate p, where every item has n >= k
        draws that were made whatever their outcome (the estimator of pass@k; Chen et al., arXiv 2107.03374, section 2).
        """
        n = self.codes.shape[1]
        table = np.array([1 - math.comb(n - h, k) / math.comb(n, k) for h in range(n + 1)])
        return self._score(lambda matched, _: table[matched.sum(axis=1)])

    def stopped(self, k: int) -> Shares:
        """Return whether a match came within the first k draws made, for data where drawing depends on the outcome.

        Against another item's target, drawing that ended after a match of its own is continued up to k with fresh draws
        from the pooled first draws of all items: this target would not have ended it there. Drawing that ended
        without a match (given up, or failed) is continued for neither, so that both are scored on the same draws.
        """
        first = self.codes[self.made > 0, 0]
        pooled = self.matches[first].mean(axis=0) if len(first) else np.zeros(self.matches.shape[1])
        missing = np.where(self.hits > 0, np.maximum(k - self.made, 0), 0)

        def within(matched: Flags, items: slice) -> _Floats:
            return np.where(matched[:, :k].any(axis=1), 1.0, 1 - (1 - pooled) ** missing[items, None])

        shares = self._score(within)
        observed = self.matches[self.codes[:, :k], self.own[:, None]].any(axis=1)
        return Shares(observed.astype(float), shares.luck)

    def advantage(self, counted: WholeNumbers, *, seed: int) -> Estimate:
        """Return the mean over items of (hit rate - hit rate against another item's target), with a 95 % interval.

        Args:
            counted: How many of each item's draws count, the first ones: those that no outcome has selected.
            seed: Of the bootstrap over items.
        """
        drawn = self.made > 0
        if not drawn.any():
            return Estimate(None, None, None, "no draws were made")
        within = np.arange(self.codes.shape[1]) < counted[:, None]
        made = np.maximum(within.sum(axis=1), 1)
        rates = self._score(lambda matched, items: (matched & within[items, :, None]).sum(axis=1) / made[items, None])
        gains = (rates.own - rates.luck)[drawn]
        if len(gains) < 2:
            return Estimate(float(gains.mean()), None, None, "one item gives no interval")
        rng = np.random.default_rng(seed)
        means = np.array([gains[rng.integers(0, len(gains), len(gains))].mean() for _ in range(_RESAMPLES)])
        low, high = np.quantile(means, [0.025, 0.975])
        return Estimate(float(gains.mean()), float(low), float(high), "")

    def _score(self, score: Callable[[Flags, slice], _Floats]) -> Shares:
        """Score each item's matches, shape (items, draws, targets) -> (items, targets), and read off own and luck.

        Luck weighs the targets by how often they occur among the *other* items: the exact expectation over
        permutations of the targets.
        """
        counts = np.bincount(self.own, minlength=self.matches.shape[1])
        own = np.zeros(len(self.own))
        luck = np.zeros(len(self.own))
        for items in self._blocks():
            scores = score(self.matches[self.codes[items]], items)
            own[items] = scores[np.arange(len(scores)), self.own[items]]
            luck[items] = (scores @ counts - own[items]) / max(len(self.own) - 1, 1)
        return Shares(own, luck)

    def _blocks(self) -> Iterator[slice]:
        size = max(_CELLS // max(self.codes.shape[1] * self.matches.shape[1], 1), 1)
        for start in range(0, len(self.own), size):
            yield slice(start, min(start + size, len(self.own)))
