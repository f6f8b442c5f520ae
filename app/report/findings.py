"""Knows what the test ratings of the saved rater show of length and confidence; does not know how it is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...data import Estimate, Finding, Label, Scale, agreement, length_bias, pair_fields
from ...data.confidence import calibration, risk_coverage
from ..results import RatedItem
from .run_contents import RunContents

RESAMPLES = 1000

_PARTS = 5
"""Parts of equal size that items are put into by their length."""

RIGHT_WITHIN = 0.1
"""On an interval without steps a rating counts as right within this share of the range."""

_FEWEST = 50
"""Items from which on they are put into parts: ten a part say little enough."""


@dataclass(frozen=True)
class LengthPart:
    """Items of about the same length, and how far the rater is from people on them.

    Attributes:
        shortest: Characters of the shortest one.
        longest: Of the longest.
        items: How many there are.
        off: Mean of rating - gold; on names the accuracy.
    """

    shortest: int
    longest: int
    items: int
    off: Estimate


@dataclass(frozen=True)
class RunFindings:
    """What the test ratings show beside agreement.

    Attributes:
        length: Whether the rater likes length; None where that cannot be looked at.
        parts: How far it is off, from the shortest items to the longest.
        coverage: Whether holding back its unsure labels helps; None where it gives no confidences.
        calibration: Whether its confidences are right; likewise.
    """

    length: Finding | None = None
    parts: tuple[LengthPart, ...] = ()
    coverage: Finding | None = None
    calibration: Finding | None = None


def find_out(contents: RunContents, *, seed: int = 0) -> RunFindings:
    """Look at the ratings of the rater that was saved.

    Args:
        contents: The run.
        seed: Of the bootstraps.
    """
    scale, name = contents.scale, contents.chosen
    items = [item for item in contents.items if name in item.said]
    if scale is None or not items:
        return RunFindings()
    said = [item.said[name] for item in items]
    judged = _Judged(
        scale,
        items,
        [None if one.label is None else scale.read(one.label) for one in said],
        [scale.read(item.gold) for item in items],
        [item.group for item in items],
        seed,
    )
    sure = [one.confidence for one in said]
    if all(one is None for one in sure):
        return RunFindings(judged.length(), judged.parts())
    within = RIGHT_WITHIN * scale.span if scale.levels is None else 0.0
    given = (sure, judged.labels, judged.golds, scale)
    options = {"within": within, "groups": judged.groups, "resamples": RESAMPLES, "seed": seed}
    return RunFindings(
        judged.length(), judged.parts(), risk_coverage(*given, **options), calibration(*given, **options)
    )


@dataclass(frozen=True)
class _Judged:
    """The rater's labels beside gold, in the order of the items."""

    scale: Scale
    items: Sequence[RatedItem]
    labels: Sequence[Label | None]
    golds: Sequence[Label]
    groups: Sequence[str | None]
    seed: int

    def length(self) -> Finding | None:
        """Look for a liking of length; None where nobody knows what would be long."""
        pair = pair_fields(list(self.items[0].fields)) if self.scale.comparative else None
        if not self.scale.comparative:
            lengths = [float(length_of(item)) for item in self.items]
        elif pair is not None:
            sides = [(len(item.fields[pair.a]), len(item.fields[pair.b])) for item in self.items]
            # An empty side has no ratio; 0 is left out and counted.
            lengths = [a / b if b else 0.0 for a, b in sides]
        else:
            return None
        return length_bias(
            self.labels, self.golds, lengths, self.scale, groups=self.groups, resamples=RESAMPLES, seed=self.seed
        )

    def parts(self) -> tuple[LengthPart, ...]:
        """Say how far the rater is off in each fifth of the items, from the shortest to the longest."""
        if self.scale.comparative or len(self.items) < _FEWEST:
            return ()
        order = sorted(range(len(self.items)), key=lambda place: (length_of(self.items[place]), self.items[place].id))
        cuts = [round(part * len(order) / _PARTS) for part in range(_PARTS + 1)]
        return tuple(self._part(order[start:end]) for start, end in zip(cuts, cuts[1:], strict=False))

    def _part(self, places: Sequence[int]) -> LengthPart:
        found = agreement(
            [self.labels[place] for place in places],
            [self.golds[place] for place in places],
            self.scale,
            groups=[self.groups[place] for place in places],
            resamples=RESAMPLES,
            seed=self.seed,
        )
        lengths = [length_of(self.items[place]) for place in places]
        off = found.metrics["bias" if "bias" in found.metrics else "accuracy"]
        return LengthPart(min(lengths), max(lengths), found.n, off)


def length_of(item: RatedItem) -> int:
    """Return how many characters all texts of an item have together."""
    return sum(map(len, item.fields.values()))
