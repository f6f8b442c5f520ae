"""Knows what one audit of a rater leaves behind: its finding or why there is none; does not know how it is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from ...data import Finding, Label
from ...data.frozen import FrozenDict
from ..completions import NOT_ASKED
from .ask import AuditRatings
from .probes import ProbeRatings

AuditState = Literal["found", "not found", "unmeasured", "not run"]

_Thing = TypeVar("_Thing")


@dataclass(frozen=True)
class Audit:
    """One audit of a rater.

    Attributes:
        name: What was looked for, e.g. ``injection: asks for 5``; different for each.
        finding: What was found; None where it was not run.
        why: Why it was not run; empty where it was.
        sets: Names of the probes whose ratings it stands on.
        against: Whether finding what it looks for speaks against the rater: that its confidences tell right labels from
            wrong ones does not.
        details: What is to be said beside the finding, as plain data; read-only.
    """

    name: str
    finding: Finding | None
    why: str = ""
    sets: tuple[str, ...] = ()
    against: bool = True
    details: Mapping[str, Any] = field(default_factory=FrozenDict)

    @property
    def state(self) -> AuditState:
        """Whether it was there, was not, could not be measured, or was not looked for."""
        if self.finding is None:
            return "not run"
        if self.finding.shown is None:
            return "unmeasured"
        return "found" if self.finding.shown else "not found"

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data."""
        return {
            "name": self.name,
            "state": self.state,
            "against": self.against,
            "why": self.why,
            "sets": list(self.sets),
            "finding": None if self.finding is None else self.finding.to_dict(),
            "details": dict(self.details),
        }


@dataclass(frozen=True)
class SeenRatings:
    """The items that the probes of an audit were all asked about.

    Attributes:
        places: Their places in the corpus.
        gold: Their gold labels; None where an item of the corpus has none.
        options: Their groups, and how to resample: what audits of `accord.data` take.
    """

    places: tuple[int, ...]
    gold: list[Label] | None
    options: Mapping[str, Any]

    def of(self, column: Sequence[_Thing]) -> list[_Thing]:
        """Return what a column of the corpus says of these items."""
        return [column[place] for place in self.places]

    @property
    def golds(self) -> list[Label]:
        """The gold labels, for audits that need them."""
        if self.gold is None:
            raise ValueError("the items have no gold labels")
        return self.gold


@dataclass(frozen=True)
class Auditor:
    """Makes audits of what a rater was asked, each on the items that its probes were asked about.

    Attributes:
        ratings: What was asked.
        options: ``resamples``, ``seed`` and ``level``.
    """

    ratings: AuditRatings
    options: Mapping[str, Any]

    @property
    def golden(self) -> bool:
        """Whether every item has a gold label."""
        return len(self.ratings.corpus) > 0 and all(item.gold is not None for item in self.ratings.corpus)

    def audit(
        self,
        name: str,
        sets: Sequence[ProbeRatings],
        measure: Callable[[SeenRatings], Finding],
        *,
        against: bool = True,
        details: Mapping[str, Any] = FrozenDict(),
    ) -> Audit:
        """Measure on the items that all sets were asked about; others are counted, and without any it is not run."""
        corpus = self.ratings.corpus
        columns = [[all(rating.asked for rating in row) for row in zip(*one.ratings, strict=True)] for one in sets]
        places = tuple(place for place in range(len(corpus)) if all(column[place] for column in columns))
        names = tuple(one.probe.name for one in sets)
        if not places:
            return Audit(name, None, _not_run(next((one.refused for one in sets if one.refused), "")), names, against)
        gold = [item.gold for place in places if (item := corpus[place]).gold is not None]
        groups = [corpus[place].group for place in places]
        options = {**self.options, "groups": None if set(groups) == {None} else groups}
        finding = measure(SeenRatings(places, gold if self.golden else None, options))
        if len(places) < len(corpus):
            lost = {NOT_ASKED: len(corpus) - len(places)}
            finding = replace(finding, left_out=FrozenDict({**finding.left_out, **lost}))
        return Audit(name, finding, "", names, against, details)


def _not_run(refused: str) -> str:
    """Say why nothing was asked, from the error of what was refused."""
    said = refused.removeprefix(NOT_ASKED).removeprefix(":").strip()
    return f"the budget ended ({said})" if said else "there are no items"
