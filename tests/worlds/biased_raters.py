"""Knows items with a known truth and raters with biases of known size; knows nothing about audits or models.

Biases are planted so that their size is known exactly, not up to rounding or the ends of a scale: the scale runs from 1
to 9, truths lie in its middle, and a number between two levels becomes the upper one as often as it lies near to it, so
that its mean is the number itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from accord.data import Label, Nominal, Ordinal, Pairwise

NINE = Ordinal(1, 9)
NAMES = Nominal(["news", "opinion", "review", "story"])
PAIRS = Pairwise()
PARTS = ("de", "en", "fr", "it")


@dataclass(frozen=True)
class BiasedRaters:
    """Items that people have rated, and raters of them; every dial of a rater is 0 for none of that bias.

    Attributes:
        items: How many.
        seed: Of everything.
        liking: Levels that the truth rises per doubling of an item's length: a taste for length that people have.
        people: Chance that people's label is a level off the truth; 0 for gold that is the truth.
    """

    items: int = 300
    seed: int = 0
    liking: float = 0.0
    people: float = 0.0

    @cached_property
    def doublings(self) -> np.ndarray:
        """(items,): log2 of the items' length over 100, from -1.5 to 1.5."""
        return self._rng("lengths").uniform(-1.5, 1.5, self.items)

    @property
    def lengths(self) -> list[float]:
        """The items' lengths."""
        return (100 * 2**self.doublings).tolist()

    @cached_property
    def truth(self) -> np.ndarray:
        """(items,): the true levels, 3 to 7."""
        rng = self._rng("truth")
        return self._level(rng.choice([4, 5, 6], self.items) + self.liking * self.doublings, rng)

    @property
    def gold(self) -> list[Label]:
        """People's labels."""
        return (self.truth + self._off(self.people, self._rng("people"))).tolist()

    @cached_property
    def parts(self) -> list[str | None]:
        """A language for each item."""
        return self._rng("parts").choice(PARTS, self.items).tolist()

    def ratings(
        self,
        *,
        noise: float = 0.5,
        lenient: float = 0.0,
        length: float = 0.0,
        narrow: float = 1.0,
        collapse: float = 0.0,
        parts: Mapping[str, float] | None = None,
        draw: int = 0,
    ) -> list[Label]:
        """Rate the items from 1 to 9.

        Args:
            noise: Chance that a rating is a level off, up or down alike.
            lenient: Levels that every rating is too high.
            length: Levels that a rating is too high per doubling of length, beyond what people like.
            narrow: Slope of the rating on the truth.
            collapse: Share of the items that get a 5 whatever they are.
            parts: Levels that ratings of a part are too high.
            draw: Another draw of the same rater.
        """
        rng = self._rng(f"ratings {draw}")
        shift = np.array([0.0 if parts is None else parts.get(str(part), 0.0) for part in self.parts])
        mean = 5 + narrow * (self.truth - 5) + lenient + length * self.doublings + shift
        rated = self._level(mean + self._off(noise, rng), rng)
        return np.where(rng.random(self.items) < collapse, 5, np.clip(rated, 1, 9)).tolist()

    def repeats(self, count: int = 5, *, flip: float = 0.2, noise: float = 0.5) -> list[list[Label]]:
        """Rate the items several times: each rating is the rater's own settled one, or with a chance a level above it.

        Two ratings of an item differ with a chance of ``2 flip (1 - flip)``, and are that many levels apart on average.
        """
        settled = np.minimum(np.array(self.ratings(noise=noise)), 8)
        flipped = self._rng("repeats").random((self.items, count)) < flip
        return (settled[:, None] + flipped).tolist()

    def injected(self, clean: list[Label], target: int, obedience: float, noise: float = 0.0) -> list[Label]:
        """Rate items whose text asks for a label: it is given with a chance, and else the label as it was.

        Args:
            clean: Labels without the text.
            target: The label asked for.
            obedience: Chance of giving it.
            noise: Chance that a rating that does not obey is a level off its own.
        """
        rng = self._rng("injected")
        own = np.clip(np.array(clean) + self._off(noise, rng), 1, 9)
        return np.where(rng.random(self.items) < obedience, target, own).tolist()

    @cached_property
    def kinds(self) -> np.ndarray:
        """(items,): places of true names."""
        return self._rng("names").choice(4, self.items, p=[0.4, 0.3, 0.2, 0.1])

    @property
    def named_gold(self) -> list[Label]:
        """People's names for the items, wrong as often as `named` ratings are."""
        return self._named(self.kinds, 0.2, self._rng("naming people"))

    def named(self, *, wrong: float = 0.2, favours: float = 0.0, length: float = 0.0, draw: int = 0) -> list[Label]:
        """Name the items.

        Args:
            wrong: Chance that a name is drawn from all four alike.
            favours: Share of the items that are called a story whatever they are.
            length: Points of chance by which a story is said more often per doubling of length, from 0.2 on.
            draw: Another draw of the same rater.
        """
        rng = self._rng(f"named {draw}")
        said = np.array(self._named(self.kinds, wrong, rng))
        chance = favours + (np.clip(0.25 + length * self.doublings, 0, 1) if length else 0.0)
        return np.where(rng.random(self.items) < chance, "story", said).tolist()

    def repeated_names(self, count: int = 5, *, noise: float = 0.3, wrong: float = 0.2) -> list[list[Label]]:
        """Name the items several times: settled names, with a chance drawn anew from all four alike.

        Two differ with a chance of ``(1 - (1 - noise)^2) 3 / 4``; the settled ones are right in ``1 - 3 / 4 wrong``.
        """
        settled = self._named(self.kinds, wrong, self._rng("settled names"))
        rng = self._rng("repeated names")
        rows = [np.where(rng.random(count) < noise, rng.choice(NAMES.levels, count), name) for name in settled]
        return [row.tolist() for row in rows]

    def pairs(self, *, wrong: float = 0.3, length: float = 0.0, draw: int = 0) -> list[Label]:
        """Say which of two is better; the length of A over B is ``2 ** doublings``.

        Args:
            wrong: Chance of the other than people's, whichever is longer.
            length: Share of the pairs in which the longer is taken whatever it is.
            draw: Another draw of the same rater.
        """
        rng = self._rng(f"pairs {draw}")
        first = (np.array(self.pairs_gold) == "A") != (rng.random(self.items) < wrong)
        longer = self.doublings > 0
        return np.where(np.where(rng.random(self.items) < length, longer, first), "A", "B").tolist()

    @property
    def pairs_gold(self) -> list[Label]:
        """People's verdicts: they prefer the longer in half of the pairs, and more with `liking`."""
        chance = 0.5 + np.clip(self.liking, 0, 0.4)
        prefers_longer = self._rng("pairs people").random(self.items) < chance
        return np.where(prefers_longer == (self.doublings > 0), "A", "B").tolist()

    def _named(self, kinds: np.ndarray, wrong: float, rng: np.random.Generator) -> list[Label]:
        other = rng.random(self.items) < wrong
        return [str(NAMES.levels[place]) for place in np.where(other, rng.integers(0, 4, self.items), kinds)]

    def _off(self, chance: float, rng: np.random.Generator) -> np.ndarray:
        return rng.choice([-1, 1], self.items) * (rng.random(self.items) < chance)

    def _level(self, mean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        lower = np.floor(mean)
        return (lower + (rng.random(self.items) < mean - lower)).astype(int)

    def _rng(self, what: str) -> np.random.Generator:
        return np.random.default_rng([self.seed, *what.encode()])
