"""Knows when a draw's label counts as a match for what people said; does not know when to stop drawing."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from ...data import Draw, Label, Scale, SetupError

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


def can_match(draw: Draw) -> bool:
    """Return whether a draw can match at all: without a rationale it explains nothing, and a forced label is luck."""
    return draw.label is not None and bool(draw.rationale) and not draw.repaired


class Reach:
    """Which labels reach which targets; no pair is compared twice, however often it is asked for.

    Args:
        targets: All targets that will be asked for.
        scale: The labels' scale.
        accept: When a label reaches a target.
    """

    def __init__(self, targets: Iterable[Target], scale: Scale, accept: Acceptance) -> None:
        """Remember the targets; no label is known yet."""
        self._scale = scale
        self._accept = accept
        self._known: set[Label] = set()
        self._reaching: dict[Target, list[Label]] = {target: [] for target in targets}

    def learn(self, labels: Iterable[Label | None]) -> None:
        """Compare labels that were not seen before with all targets."""
        for label in labels:
            if label is None or label in self._known:
                continue
            self._known.add(label)
            for target, reaching in self._reaching.items():
                if self._accept.matches(label, target, self._scale):
                    reaching.append(label)

    def labels(self, target: Target) -> list[Label]:
        """Return the labels seen so far that reach a target."""
        return self._reaching[target]


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
        steps: Largest distance that matches, in the scale's steps (without a step, in its numbers); 0 is `Exact`.
    """

    steps: float

    def __post_init__(self) -> None:
        """Refuse a negative distance."""
        if not self.steps >= 0:
            what = f"the distance {self.steps} is negative" if self.steps < 0 else f"the distance is {self.steps}"
            raise SetupError(what, place="Within", cure="Give 0 or more steps.")

    def target(self, example: Any, scale: Scale) -> Target:
        """Return gold.

        Raises:
            SetupError: On a scale without an order: there every label would match every other.
        """
        if self.steps > 0 and not scale.graded:
            what = f"labels of a {scale.kind} scale are no steps apart"
            raise SetupError(what, place=f"Within({self.steps:g})", cure="Use Exact or AnyAnnotator.")
        return example["label"]

    def matches(self, drawn: Label, target: Target, scale: Scale) -> bool:
        """Return whether the two are at most `steps` apart."""
        # 0.4 - 0.3 is a little more than 0.1, and they are one step of 0.1 apart all the same.
        return not isinstance(target, tuple) and scale.distance(drawn, target) <= self.steps + 1e-9 * (1 + self.steps)

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
