"""Knows when a draw's label counts as a match for what people said; does not know when to stop drawing."""

from dataclasses import dataclass
from typing import Any, Protocol

from ..data import Label, Scale, SetupError

Target = Label | tuple[Label, ...]
"""What draws of an item are compared with: a label, or any of several."""


class Acceptance(Protocol):
    """Decides what a draw must reach. Must not depend on anything but its arguments."""

    def target(self, example: Any, scale: Scale) -> Target | None:
        """Return what draws of a labelled example are compared with, None where there is nothing to reach."""
        ...

    def matches(self, drawn: Label, target: Target, scale: Scale) -> bool:
        """Return whether a draw with the label `drawn` explains `target`."""
        ...

    def taught(self, drawn: Label, target: Target) -> Label:
        """Return the label that an accepted draw's rationale is taught with."""
        ...


@dataclass(frozen=True)
class Exact:
    """The drawn label must equal gold (Zhang et al., arXiv 2510.25860, section 3)."""

    def target(self, example: Any, scale: Scale) -> Target:
        """Return gold."""
        return example["label"]

    def matches(self, drawn: Label, target: Target, scale: Scale) -> bool:
        """Return whether both are the same label."""
        return drawn == target

    def taught(self, drawn: Label, target: Target) -> Label:
        """Return the label both agree on."""
        return drawn


@dataclass(frozen=True)
class Within:
    """The drawn label may be up to `steps` away from gold: for interval scales and wide ordinal ones.

    The rationale is taught with gold, which it reached only roughly.

    Attributes:
        steps: Largest distance that matches, in the scale's steps; 0 is `Exact`.
    """

    steps: float

    def __post_init__(self) -> None:
        """Refuse a negative distance."""
        if self.steps < 0:
            raise SetupError(f"the distance {self.steps} is negative", place="Within", cure="Give 0 or more steps.")

    def target(self, example: Any, scale: Scale) -> Target:
        """Return gold."""
        return example["label"]

    def matches(self, drawn: Label, target: Target, scale: Scale) -> bool:
        """Return whether the two are at most `steps` apart."""
        return not isinstance(target, tuple) and scale.distance(drawn, target) <= self.steps

    def taught(self, drawn: Label, target: Target) -> Label:
        """Return gold."""
        return drawn if isinstance(target, tuple) else target


@dataclass(frozen=True)
class AnyAnnotator:
    """The drawn label must be one that some annotator gave: disagreement is kept, not averaged away.

    Gold may be a label that nobody gave (a mean, a median of an even number); then it is no target. A trace is taught
    with the label that it reached.
    """

    def target(self, example: Any, scale: Scale) -> Target | None:
        """Return the annotators' labels, each once, in the scale's order; None where an item has none."""
        given = {annotation.label for annotation in example.get("annotations") or ()}
        return tuple(sorted(given, key=scale.position)) if given else None

    def matches(self, drawn: Label, target: Target, scale: Scale) -> bool:
        """Return whether some annotator gave the drawn label."""
        return drawn in target if isinstance(target, tuple) else drawn == target

    def taught(self, drawn: Label, target: Target) -> Label:
        """Return the drawn label."""
        return drawn


@dataclass(frozen=True)
class ByAnnotator:
    """The drawn label must be the one that a chosen annotator gave; items that they did not label are left out.

    Attributes:
        id: The annotator's id.
    """

    id: str

    def target(self, example: Any, scale: Scale) -> Target | None:
        """Return the annotator's label, None where they gave none."""
        given = [one.label for one in example.get("annotations") or () if one.annotator == self.id]
        return given[0] if given else None

    def matches(self, drawn: Label, target: Target, scale: Scale) -> bool:
        """Return whether both are the same label."""
        return drawn == target

    def taught(self, drawn: Label, target: Target) -> Label:
        """Return the label both agree on."""
        return drawn
