"""Knows how to simulate items whose people agree as far as real ones do; knows nothing about raters or intervals.

Each simulated item has a distribution that its labels are drawn from, and a truth: what endlessly many people would
agree on by the same rule of consensus. How much the distributions differ from item to item follows from the reliability
of one label; how often each label occurs, from the labels.

Ordered levels: a normal number for each item, another for each label, and thresholds that cut their sum into levels, as
in the polychoric correlation (K. Pearson 1900; U. Olsson, Psychometrika 44, 1979). The share of the item in the
variance is the one at which the intraclass correlation of the levels is the reliability. An interval without levels:
both are normal. Names: the shares of the names on an item have a Dirichlet distribution around the shares over all
items (J. E. Mosimann, Biometrika 49, 1962), whose intraclass correlation ``1 / (1 + sum of its parameters)`` is what
Krippendorff's nominal alpha estimates: how much more alike two labels of one item are than any two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from ..corpus import consensus
from ..scales import Label, Scale
from ..statistics import Codes, Floats

NODES = 2001
"""Equally likely places of an item at which the model of ordered levels is summed up."""


class Simulated(NamedTuple):
    """Simulated items: the truth about each, and the gold that people would have made; None where they tie."""

    truth: list[Label]
    gold: list[Label | None]


@dataclass(frozen=True, eq=False)
class People:
    """What simulated people are like.

    Attributes:
        scale: Their scale.
        rule: How their labels become gold, see `consensus`; not "auto".
        values: (levels,) the numbers of the levels that occur, ascending (nominal, pairwise: positions).
        shares: (levels,) how often each occurs, in all labels.
    """

    scale: Scale
    rule: str
    values: Floats
    shares: Floats

    def simulate(self, reliability: float, counts: Codes, seed: int) -> Simulated:
        """Return simulated items.

        Args:
            reliability: Of one label, above 0 and up to 1.
            counts: (items,) how many people label each.
            seed: Of this simulation's own generator.
        """
        rng = np.random.default_rng(seed)
        if not self.scale.ordered:
            return self._names(reliability, counts, rng)
        if self.scale.levels is None:
            return self._numbers(reliability, counts, rng)
        return self._levels(reliability, counts, rng)

    def _names(self, reliability: float, counts: Codes, rng: np.random.Generator) -> Simulated:
        total = max(1 / reliability - 1, 1e-6)
        return self._from_levels(rng.dirichlet(total * self.shares, size=counts.size), counts, rng)

    def _levels(self, reliability: float, counts: Codes, rng: np.random.Generator) -> Simulated:
        from scipy.optimize import brentq

        most = 1 - 1e-6
        share = most
        if self._intraclass(most) > reliability:
            root: Any = brentq(lambda one: self._intraclass(one) - reliability, 1e-9, most, xtol=1e-6)
            share = float(root)
        return self._from_levels(self._distributions(share, rng.standard_normal(counts.size)), counts, rng)

    def _numbers(self, reliability: float, counts: Codes, rng: np.random.Generator) -> Simulated:
        mean = float(self.values @ self.shares)
        variance = float((self.values - mean) ** 2 @ self.shares)
        truth = mean + np.sqrt(reliability * variance) * rng.standard_normal(counts.size)
        off = np.sqrt((1 - reliability) * variance)
        gold = [
            float((place + off * rng.standard_normal(count)).mean())
            if self.rule == "mean"
            else float(np.median(place + off * rng.standard_normal(count)))
            for place, count in zip(truth.tolist(), counts.tolist(), strict=True)
        ]
        return Simulated([self.scale.nearest(one) for one in truth.tolist()], [self.scale.nearest(one) for one in gold])

    def _from_levels(self, chances: Floats, counts: Codes, rng: np.random.Generator) -> Simulated:
        """Draw each item's labels, (items, levels) chances, and make gold of them."""
        rising = np.cumsum(chances, axis=1)[:, :-1]
        drawn = (rng.random((counts.size, int(counts.max())))[:, :, None] > rising[:, None, :]).sum(axis=2)
        drawn = np.sort(np.where(np.arange(drawn.shape[1]) < counts[:, None], drawn, len(self.values)), axis=1)
        names = self._labels()
        known: dict[bytes, Label | None] = {}
        gold: list[Label | None] = []
        for row, count in zip(drawn, counts.tolist(), strict=True):
            key = row.tobytes()
            if key not in known:
                known[key] = consensus([names[code] for code in row[:count].tolist()], self.scale, self.rule)
            gold.append(known[key])
        if self.rule == "mean":
            return Simulated([self.scale.nearest(one) for one in (chances @ self.values).tolist()], gold)
        best = chances.argmax(axis=1) if self.rule == "majority" else (rising < 0.5).sum(axis=1)
        return Simulated([names[code] for code in best.tolist()], gold)

    def _labels(self) -> Sequence[Label]:
        return [self.scale.label_of(value) for value in self.values.tolist()]

    def _distributions(self, share: float, places: Floats) -> Floats:
        """Return (items, levels) chances of items at standard normal places, that have this share in the variance."""
        from scipy.special import ndtr, ndtri

        cuts = ndtri(np.clip(np.cumsum(self.shares)[:-1], 0.0, 1.0))
        below = ndtr((cuts - np.sqrt(share) * places[:, None]) / np.sqrt(1 - share))
        edges = np.column_stack([np.zeros(places.size), below, np.ones(places.size)])
        return np.maximum(np.diff(edges, axis=1), 0.0)

    def _intraclass(self, share: float) -> float:
        """Return the intraclass correlation of the levels where items have this share in the variance beneath."""
        from scipy.special import ndtri

        chances = self._distributions(share, ndtri((np.arange(NODES) + 0.5) / NODES))
        means, overall = chances @ self.values, chances.mean(axis=0)
        mean = float(overall @ self.values)
        return float(((means - mean) ** 2).mean() / ((self.values - mean) ** 2 @ overall))
