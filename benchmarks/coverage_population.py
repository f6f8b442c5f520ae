"""Knows a population of items with two raters, gold and three people, whose every coefficient is known in closed form.

An item has a true level. Raters, gold and people see it through tables of chances and err by themselves. So the chance
of every combination of labels is known, and a coefficient of the population is the coefficient at these chances: no
large sample is needed. Groups are of three kinds, on which everybody errs more or less; the population is their
mixture.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

LEVELS = 5
KINDS = np.array([0.5, 0.25, 0.25])
"""Shares of the groups on which labels are as usual, easier and harder."""

RIGHT = {"a": (0.65, 0.9, 0.45), "b": (0.5, 0.75, 0.4), "gold": (0.8, 0.9, 0.6), "person": (0.6, 0.8, 0.4)}
"""Chance of the true level by kind of group."""

TILT = {"a": 0.2, "b": -0.1, "gold": 0.0, "person": 0.0}
"""Leniency: how much more likely a miss is above the true level than below."""

MIXES = {"even": (0.1, 0.2, 0.3, 0.25, 0.15), "skewed": (0.02, 0.03, 0.05, 0.1, 0.8)}
"""Shares of the true levels."""


def seen(right: float, tilt: float) -> np.ndarray:
    """Return (true level, label) chances: right so often, else nearer levels are likelier."""
    step = np.arange(LEVELS)[None, :] - np.arange(LEVELS)[:, None]
    missed = np.where(step == 0, 0.0, np.exp(-1.2 * np.abs(step) + tilt * step))
    return (1 - right) * missed / missed.sum(axis=1, keepdims=True) + right * np.eye(LEVELS)


@dataclass(frozen=True)
class Population:
    """Items that labels are drawn for.

    Attributes:
        mix: Shares of the true levels.
        grouped: Whether items come in groups, of 1 to 9 items.
        alike: Whether rater b is exactly as good as rater a: then no comparison of the two has a difference.
    """

    mix: tuple[float, ...]
    grouped: bool
    alike: bool = False

    @cached_property
    def chances(self) -> np.ndarray:
        """(kinds, a, b, gold) chances of labels, from level 0."""
        return np.array([self._joint(kind, ("a", "a" if self.alike else "b", "gold")) for kind in range(len(KINDS))])

    @cached_property
    def people(self) -> np.ndarray:
        """(kinds, person, person, person) chances of labels."""
        return np.array([self._joint(kind, ("person",) * 3) for kind in range(len(KINDS))])

    def whole(self, chances: np.ndarray) -> np.ndarray:
        """Return the chances over all kinds of groups there are."""
        return np.tensordot(KINDS, chances, axes=1) if self.grouped else chances[0]

    def draw(self, items: int, seed: int) -> "Drawn":
        """Return a corpus of that many items, of that many on average where they are grouped."""
        # Not the generator that a bootstrap with the same seed starts from.
        rng = np.random.default_rng([seed, items])
        if self.grouped:
            sizes = rng.integers(1, 10, items // 5)
            kinds = np.repeat(rng.choice(len(KINDS), sizes.size, p=KINDS), sizes)
            groups = [f"group {number}" for number in np.repeat(np.arange(sizes.size), sizes)]
        else:
            kinds, groups = np.zeros(items, dtype=int), None
        return Drawn(_cells(self.chances, kinds, rng), _cells(self.people, kinds, rng), groups)

    def _joint(self, kind: int, who: tuple[str, str, str]) -> np.ndarray:
        tables = [seen(RIGHT[name][kind], TILT[name]) for name in who]
        return np.einsum("t,tx,ty,tz->xyz", np.array(self.mix), *tables)


@dataclass(frozen=True)
class Drawn:
    """One corpus: (3, items) levels from 1 of a, b and gold, the same of three people, and groups or None."""

    labels: np.ndarray
    people: np.ndarray
    groups: list[str] | None


def _cells(chances: np.ndarray, kinds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    found = np.empty((3, kinds.size), dtype=int)
    for kind in range(len(chances)):
        here = kinds == kind
        cell = rng.choice(LEVELS**3, int(here.sum()), p=chances[kind].ravel())
        found[:, here] = np.array(np.unravel_index(cell, (LEVELS,) * 3)) + 1
    return found
