"""Knows when a draw's label counts as a match for the human label; does not know when to stop drawing."""

from dataclasses import dataclass
from typing import Protocol

from ..data import Label, Scale, SetupError


class Acceptance(Protocol):
    """Decides whether a drawn label matches gold. Must not depend on anything but its arguments."""

    def matches(self, drawn: Label, gold: Label, scale: Scale) -> bool:
        """Return whether a draw with the label `drawn` explains the label `gold`."""
        ...


@dataclass(frozen=True)
class Exact:
    """The drawn label must equal gold (Zhang et al., arXiv 2510.25860, section 3)."""

    def matches(self, drawn: Label, gold: Label, scale: Scale) -> bool:
        """Return whether both are the same label."""
        return drawn == gold


@dataclass(frozen=True)
class Within:
    """The drawn label may be up to `steps` away from gold: for interval scales and wide ordinal ones.

    Attributes:
        steps: Largest distance that matches, in the scale's steps; 0 is `Exact`.
    """

    steps: float

    def __post_init__(self) -> None:
        """Refuse a negative distance."""
        if self.steps < 0:
            raise SetupError(f"the distance {self.steps} is negative", place="Within", cure="Give 0 or more steps.")

    def matches(self, drawn: Label, gold: Label, scale: Scale) -> bool:
        """Return whether the two are at most `steps` apart."""
        return scale.distance(drawn, gold) <= self.steps
