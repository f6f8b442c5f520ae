"""Knows how everybody is measured beside baselines and people on the same items; does not read files or print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from ...data import (
    Agreement,
    Corpus,
    EachAnnotator,
    GoldReliability,
    LabelsNeeded,
    each_annotator,
    gold_reliability,
    holm,
    human_agreement,
    labels_by_annotator,
)
from ..results import Baselines, RaterRow, RatingColumn, ReportedComparison, Yardstick, alpha_of, baseline_name
from .entrants import Entrant


@dataclass(frozen=True)
class Settings:
    """How estimates are made.

    Attributes:
        resamples: Bootstrap resamples.
        seed: Of everything that is drawn.
        full: Whether to make the slow ones as well.
    """

    resamples: int = 2000
    seed: int = 0
    full: bool = False


@dataclass(frozen=True)
class MeasuredEntrant(RaterRow):
    """One entrant on the items it rated; an answer without a label counts as the constant.

    Attributes:
        entrant: Who.
    """

    entrant: Entrant


@dataclass(frozen=True)
class Contest(ReportedComparison):
    """A paired difference in alpha on the items that both rated; above 0, `a` is better.

    Attributes:
        against: What `b` is.
        adjusted: Its p-value, corrected for all comparisons of the evaluation (Holm).
        needed: How many labels would settle it; for the best baseline where it is not settled.
    """

    against: str
    adjusted: float | None = None
    needed: LabelsNeeded | None = None

    @property
    def better(self) -> bool:
        """Whether `a` is shown to be better."""
        low = self.difference.low
        return low is not None and low > 0 and self.adjusted is not None and self.adjusted <= 1 - self.difference.level

    @property
    def worse(self) -> bool:
        """Whether `a` is shown to be worse."""
        high = self.difference.high
        return (
            high is not None and high < 0 and self.adjusted is not None and self.adjusted <= 1 - self.difference.level
        )


@dataclass(frozen=True)
class PeopleEntrants:
    """How the people of the data agree.

    Attributes:
        annotators: How many there are; None where the data do not name them.
        one: The row of one annotator drawn an item against the others, or None where no item has two labels.
        skipped: Items that `one` does not stand on, by reason.
        among: Agreement of all with all.
        reliability: How reliable the gold is, and the ceiling that sets.
        each: Each annotator against the others; None where that was not asked or they have no names.
    """

    annotators: int | None
    one: RaterRow | None
    skipped: Mapping[str, int]
    among: Agreement
    reliability: GoldReliability
    each: EachAnnotator | None = None


@dataclass(frozen=True)
class BaselineRow(RaterRow):
    """A simple rater's agreement on all items.

    Attributes:
        key: Its name in `accord.data.BASELINES`.
    """

    key: str


@dataclass(frozen=True)
class EntrantEvaluation:
    """Everything that was measured of the entrants and of what they are read against.

    Attributes:
        measured: The entrants, in the order given.
        baselines: Simple raters.
        people: The people.
        contests: Entrants against baselines and against each other.
    """

    measured: tuple[MeasuredEntrant, ...]
    baselines: tuple[BaselineRow, ...]
    people: PeopleEntrants
    contests: tuple[Contest, ...] = field(default=())


def measure(
    corpus: Corpus, everyone: Corpus, entrants: Sequence[Entrant], baselines: Baselines, settings: Settings
) -> EntrantEvaluation:
    """Measure entrants, baselines and people.

    Args:
        corpus: Items with gold labels.
        everyone: All items with labels, on which people are measured. Without those on which people tie a person would
            look better than they are: their own label may be what broke the tie.
        entrants: Who is measured.
        baselines: What they are set against.
        settings: How estimates are made.
    """
    yardstick = Yardstick(corpus, baselines.constant, settings.resamples, settings.seed)
    simple = {
        key: RatingColumn(_name(key, baselines, corpus), "baseline", labels) for key, labels in baselines.labels.items()
    }
    measured = [
        MeasuredEntrant(entrant.name, "candidate", yardstick.agreement(entrant.answers), entrant)
        for entrant in entrants
    ]
    complete = replace(yardstick, fill=None)
    rows = [BaselineRow(one.name, "baseline", complete.agreement(one), key) for key, one in simple.items()]
    return EntrantEvaluation(
        tuple(measured),
        tuple(rows),
        measure_people(everyone, yardstick, settings),
        _contests(yardstick, entrants, list(simple.values()), max(rows, key=alpha_of).name),
    )


def measure_people(corpus: Corpus, yardstick: Yardstick, settings: Settings) -> PeopleEntrants:
    """Measure how people agree: one with the others, and all among each other."""
    how: dict[str, Any] = {"resamples": settings.resamples, "seed": settings.seed}
    one, skipped = yardstick.human(corpus)
    names = {one.annotator for item in corpus for one in item.annotations}
    # Labels without names are lists: the position of a label in its list says nothing about who gave it.
    labels = [item.labels for item in corpus] if None in names else labels_by_annotator(corpus)
    among = human_agreement(labels, corpus.scale, groups=corpus.groups(), **how)
    reliable = gold_reliability(labels, corpus.scale, rule=corpus.consensus, groups=corpus.groups(), **how)
    named = None not in names
    each = each_annotator(labels, corpus.scale, groups=corpus.groups(), **how) if named and settings.full else None
    return PeopleEntrants(len(names) if named else None, one, skipped, among, reliable, each)


def _contests(
    yardstick: Yardstick, entrants: Sequence[Entrant], simple: Sequence[RatingColumn], best: str
) -> tuple[Contest, ...]:
    """Compare everybody with the baselines and with each other; say what would settle it with the best baseline."""
    pairs = [(entrant.answers, other, "baseline") for entrant in entrants for other in simple]
    pairs += [(one.answers, two.answers, two.kind) for one, two in combinations(entrants, 2)]
    differences = [yardstick.difference(a, b) for a, b, _ in pairs]
    adjusted = holm([difference.p for difference in differences])
    found: list[Contest] = []
    for (a, b, against), difference, p in zip(pairs, differences, adjusted, strict=True):
        contest = Contest(a.name, b.name, difference, against, p)
        if b.name == best and against == "baseline" and not (contest.better or contest.worse):
            contest = replace(contest, needed=yardstick.labels_needed(a, b))
        found.append(contest)
    return tuple(found)


def _name(key: str, baselines: Baselines, corpus: Corpus) -> str:
    answer = baselines.constant
    written = f"{answer:.3g}" if isinstance(answer, float) else str(answer)
    return f"constant {written}" if key == "constant" else baseline_name(key, corpus)
