"""Knows when enough draws were made of an item; does not know what a match is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..data import SetupError


class Stopping(Protocol):
    """Decides how many more draws of an item are wanted, from how the earlier ones came out.

    The answer may depend only on the arguments: the same draws must lead to the same decision when a run is resumed.
    """

    def more(self, matches: Sequence[bool], samples: int) -> int:
        """Return how many draws to make next; 0 stops.

        Args:
            matches: Whether each draw made so far matched, in their order.
            samples: The most draws an item may have.
        """
        ...


@dataclass(frozen=True)
class First:
    """Stop at the first match (Zhang et al., arXiv 2510.25860, section 3).

    Attributes:
        wave: Draws made together before looking again; more than 1 trades draws for fewer rounds.
    """

    wave: int = 1

    def __post_init__(self) -> None:
        """Refuse a wave without draws."""
        if self.wave < 1:
            raise SetupError(f"a wave of {self.wave} draws", place="First", cure="Give wave=1 or more.")

    def more(self, matches: Sequence[bool], samples: int) -> int:
        """Return the next wave's size, 0 after a match."""
        return 0 if any(matches) else min(self.wave, samples - len(matches))


@dataclass(frozen=True)
class Exhaust:
    """Make all draws of every item: dearest, and the only one that gives unbiased curves over k and hit rates."""

    def more(self, matches: Sequence[bool], samples: int) -> int:
        """Return how many draws are missing."""
        return samples - len(matches)
