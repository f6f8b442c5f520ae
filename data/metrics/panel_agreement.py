"""Knows how far several raters agree with each other and with gold, and what a change to all of them did to both.

Raters that are told the same can come to agree more with each other while all of them move away from people: a new
guideline that is easy to follow and wrong. So the two are always measured on the same items and the same resamples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError
from ..jsonable import JsonableRecord
from ..scales import Label, Scale
from ..statistics import Bootstrap, Codes, Estimate, Floats, Units, coded, distinct_rows, estimates
from .icc import Intraclass, icc3
from .krippendorff import Distance, distance_of, krippendorff
from .label_numbers import Numbers

_Ratings = Mapping[str, Sequence[Label | None]]
"""Labels of each rater by its name, in the order of the gold labels; None where an answer was unreadable."""


@dataclass(frozen=True)
class PanelAgreement(JsonableRecord):
    """How far raters agree.

    Attributes:
        alpha: Krippendorff's alpha among the raters, at the scale's level.
        icc3: ICC(3,1) among the raters; ordinal and interval scales, on the items that all of them rated.
        icc3k: ICC(3,k), of the mean of all of them, on the same items.
        with_gold: Alpha of each rater with the gold labels, on the items that have one.
        mean_with_gold: The mean of those.
        n: Items.
        unparsed: Unreadable ratings of each rater; left out, or replaced by the fill.
    """

    alpha: Estimate
    icc3: Estimate
    icc3k: Estimate
    with_gold: Mapping[str, Estimate]
    mean_with_gold: Estimate
    n: int
    unparsed: Mapping[str, int]


@dataclass(frozen=True)
class PanelChange(JsonableRecord):
    """What became of the agreement of raters when all of them were changed, e.g. given another guideline.

    Attributes:
        before: Before the change.
        after: After it.
        alpha: Alpha among the raters, after - before, on the same resamples. Like the others it is of what a rater
            answered both times.
        icc3: ICC(3,1) among the raters, after - before.
        icc3k: ICC(3,k) of their mean, after - before.
        with_gold: Mean alpha with gold, after - before.
    """

    before: PanelAgreement
    after: PanelAgreement
    alpha: Estimate
    icc3: Estimate
    icc3k: Estimate
    with_gold: Estimate

    @property
    def warning(self) -> str:
        """Say where the raters came together away from people; '' where they did not.

        It is said where agreement among raters rose (interval above 0) and agreement with people fell, however surely:
        such a change needs a look before it is trusted, not a proof that it did harm.
        """
        together = self.alpha.low is not None and self.alpha.low > 0
        away = self.with_gold.value is not None and self.with_gold.value < 0
        if not (together and away):
            return ""
        sure = self.with_gold.high is not None and self.with_gold.high < 0
        less = "less" if sure else "seemingly less"
        among, people = _signed(self.alpha), _signed(self.with_gold)
        return f"the raters agree more with each other (alpha {among}) and {less} with people ({people})"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data."""
        return {**super().to_dict(), "warning": self.warning}


def panel_agreement(
    ratings: _Ratings,
    gold: Sequence[Label | None],
    scale: Scale,
    *,
    groups: Sequence[str | None] | None = None,
    fill: Label | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> PanelAgreement:
    """Measure how far raters agree with each other and with gold.

    Args:
        ratings: Labels of at least two raters.
        gold: The gold labels, None where an item has none.
        scale: The scale of all of them.
        groups: Group of each item; whole groups are resampled. None resamples items.
        fill: The label that stands for an unreadable answer; None leaves it out.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Seed of the bootstrap.
        level: Confidence level of the intervals.

    Raises:
        InputError: For fewer than two raters, lengths that differ, or a label that is not on the scale.
    """
    panel = _Panels([ratings], gold, scale, groups, fill)
    return panel.agreement(0, panel.estimates(Bootstrap(resamples, seed, level)))


def panel_change(
    before: _Ratings,
    after: _Ratings,
    gold: Sequence[Label | None],
    scale: Scale,
    *,
    groups: Sequence[str | None] | None = None,
    fill: Label | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> PanelChange:
    """Measure what a change did to the raters' agreement; the arguments are those of `panel_agreement`.

    Raises:
        InputError: As `panel_agreement`, or if the raters before and after are not the same.
    """
    if list(before) != list(after):
        cure = "Give the same names in the same order."
        raise InputError(f"raters {', '.join(before)} before and {', '.join(after)} after", cure=cure)
    panel = _Panels([before, after], gold, scale, groups, fill)
    found = panel.estimates(Bootstrap(resamples, seed, level))
    return PanelChange(
        panel.agreement(0, found),
        panel.agreement(1, found),
        found["alpha change"],
        found["icc3 change"],
        found["icc3k change"],
        found["with gold change"],
    )


class _Panels:
    """One panel, or two on the same items, and gold, as cells of codes."""

    def __init__(
        self,
        panels: Sequence[_Ratings],
        gold: Sequence[Label | None],
        scale: Scale,
        groups: Sequence[str | None] | None,
        fill: Label | None,
    ) -> None:
        self.names = list(panels[0])
        self.distance: Distance = distance_of(scale)
        self.ordered = scale.ordered
        if len(self.names) < 2:
            raise InputError(f"{len(self.names)} raters", cure="Give at least two.")
        given = [(name, labels) for ratings in panels for name, labels in ratings.items()]
        for name, labels in [*given, *([] if groups is None else [("groups", groups)])]:
            if len(labels) != len(gold):
                raise InputError(f"{len(labels)} of {name} for {len(gold)} gold labels", cure="Give one for each item.")
        number = Numbers(scale)
        stand_in = np.nan if fill is None else number(fill, "fill")
        columns = [
            [stand_in if label is None else number(label, f"ratings of {name}") for label in labels]
            for name, labels in given
        ]
        table = np.array(
            [*columns, [np.nan if label is None else number(label, "gold") for label in gold]], dtype=float
        ).T
        self.values, codes = coded(table)
        self.rows, cell = distinct_rows(codes)
        self.units = Units.of(cell, len(self.rows), groups)
        self.unparsed = [
            {name: sum(label is None for label in labels) for name, labels in ratings.items()} for ratings in panels
        ]
        self.n = len(gold)

    def estimates(self, bootstrap: Bootstrap) -> dict[str, Estimate]:
        return estimates(
            self.units,
            self._statistics,
            bootstrap,
            why=lambda _: "the labels do not vary, or too few items have them",
            rows=self.values.size,
        )

    def agreement(self, panel: int, found: Mapping[str, Estimate]) -> PanelAgreement:
        return PanelAgreement(
            found[f"alpha {panel}"],
            found[f"icc3 {panel}"],
            found[f"icc3k {panel}"],
            {name: found[f"with gold {place} {panel}"] for place, name in enumerate(self.names)},
            found[f"with gold {panel}"],
            self.n,
            self.unparsed[panel],
        )

    def _statistics(self, weights: Floats) -> dict[str, Floats]:
        count = len(self.names)
        panels = [self.rows[:, place * count : (place + 1) * count] for place in range(len(self.unparsed))]
        found: dict[str, Floats] = {}
        for panel, codes in enumerate(panels):
            found |= {f"{name} {panel}": value for name, value in self._measures(codes, weights).items()}
        if len(panels) == 2:
            # Only what a rater answered both times: a rater that goes silent on hard items must not look like progress.
            was, now = (
                self._measures(np.where(other >= 0, codes, -1), weights) for codes, other in (panels, panels[::-1])
            )
            found |= {f"{name} change": now[name] - was[name] for name in ("alpha", "icc3", "icc3k", "with gold")}
        return found

    def _measures(self, codes: Codes, weights: Floats) -> dict[str, Floats]:
        icc3, icc3k = self._icc3(codes, weights)
        gold = self.rows[:, -1]
        each = {
            f"with gold {place}": self._alpha(np.stack([codes[:, place], gold], axis=1), weights)
            for place in range(len(self.names))
        }
        mean = np.mean(list(each.values()), axis=0)
        return {"alpha": self._alpha(codes, weights), "icc3": icc3, "icc3k": icc3k, "with gold": mean, **each}

    def _alpha(self, codes: Codes, weights: Floats) -> Floats:
        return krippendorff(codes, self.values, self.distance, weights)

    def _icc3(self, codes: Codes, weights: Floats) -> Intraclass:
        if not self.ordered:
            nothing = np.full(weights.shape[1], np.nan)
            return Intraclass(nothing, nothing)
        whole = (codes >= 0).all(axis=1)
        return icc3(self.values[codes[whole]], weights[whole])


def _signed(change: Estimate) -> str:
    return f"{change.value:+.2f}" if change.value is not None else "undefined"
