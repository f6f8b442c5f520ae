"""Knows when enough draws were made of an item, and when they explain it; does not know what a match is."""

from dataclasses import dataclass
from typing import Protocol

from ...data import SetupError


@dataclass(frozen=True)
class Standing:
    """What is known of an item.

    Attributes:
        hits: Draws that matched.
        draws: Draws made.
        confidence: P(hit rate > chance | hits, draws); see `accord.optimizers.sampling.hit_rate`.
    """

    hits: int
    draws: int
    confidence: float


class Stopping(Protocol):
    """Decides when an item is done, from how its draws came out.

    The answers may depend on the standing only, so that a resumed run decides as the uninterrupted one did.

    Attributes:
        worth: What an explained item is worth, in the price of single draws (one prompt and one completion). Drawing
            ends where the best way to go on costs more than it can be expected to bring. None never gives up before an
            item has all its samples.
    """

    @property
    def worth(self) -> float | None:
        """What an explained item is worth, in single draws; None: whatever it costs."""
        ...

    def enough(self, standing: Standing) -> bool:
        """Return whether no further draw is wanted."""
        ...

    def explains(self, standing: Standing) -> bool:
        """Return whether the draws explain the human label well enough to learn from them."""
        ...


@dataclass(frozen=True)
class First:
    """Stop at the first match (Zhang et al., arXiv 2510.25860, section 3). One lucky match explains an item."""

    worth: None = None

    def enough(self, standing: Standing) -> bool:
        """Return whether there is a match."""
        return standing.hits > 0

    def explains(self, standing: Standing) -> bool:
        """Return whether there is a match."""
        return standing.hits > 0


@dataclass(frozen=True)
class Exhaust:
    """Make all draws of every item: dearest, and the only one that gives unbiased curves over k and hit rates."""

    worth: None = None

    def enough(self, standing: Standing) -> bool:
        """Return False: only `samples` ends an item."""
        return False

    def explains(self, standing: Standing) -> bool:
        """Return whether there is a match."""
        return standing.hits > 0


@dataclass(frozen=True)
class Confident:
    """Stop once the teacher is believed to do better than chance, or once that has become too dear to hope for.

    A uniform guesser on five levels matches within 16 draws 97 % of the time, so a match alone proves nothing.

    Attributes:
        level: The probability that the item's hit rate beats chance at which it counts as explained.
        worth: What an explained item is worth, in single draws.
    """

    level: float = 0.95
    worth: float = 32.0

    def __post_init__(self) -> None:
        """Refuse what is no probability and no price."""
        if not 0 < self.level < 1:
            raise SetupError(f"level={self.level}", place="Confident", cure="Give a probability, e.g. 0.95.")
        if not self.worth > 0:
            raise SetupError(f"worth={self.worth}", place="Confident", cure="Give a number above 0, e.g. 32.")

    def enough(self, standing: Standing) -> bool:
        """Return whether the item is explained."""
        return self.explains(standing)

    def explains(self, standing: Standing) -> bool:
        """Return whether there is a match and the hit rate beats chance with probability `level`."""
        return standing.hits > 0 and standing.confidence >= self.level
