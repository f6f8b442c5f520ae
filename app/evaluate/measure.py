"""Knows how everybody is measured beside baselines and people on the same items; does not read files or print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, TypeVar

from ...data import (
    Agreement,
    Corpus,
    Difference,
    EachAnnotator,
    GoldReliability,
    Label,
    LabelsNeeded,
    agreement,
    each_annotator,
    gold_reliability,
    holm,
    human_agreement,
    labels_by_annotator,
    labels_needed,
    one_human,
    paired_difference,
)
from ...data.values import undefined_last
from ..results import Baselines, baseline_name
from .entrants import Entrant

_Cell = TypeVar("_Cell")


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
class MeasuredEntrant:
    """One entrant on the items it rated.

    Attributes:
        entrant: Who.
        agreement: Agreement with gold; an answer without a label counts as the constant.
    """

    entrant: Entrant
    agreement: Agreement


@dataclass(frozen=True)
class Contest:
    """A paired difference in alpha on the items that both rated; above 0, `a` is better.

    Attributes:
        a: An entrant's name.
        b: A baseline's or another entrant's.
        against: What `b` is.
        difference: The difference.
        adjusted: Its p-value, corrected for all comparisons of the evaluation (Holm).
        needed: How many labels would settle it; for the best baseline where it is not settled.
    """

    a: str
    b: str
    against: str
    difference: Difference
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
        one: One annotator drawn an item against the others, or None where no item has two labels.
        skipped: Items that `one` does not stand on, by reason.
        among: Agreement of all with all.
        reliability: How reliable the gold is, and the ceiling that sets.
        each: Each annotator against the others; None where that was not asked or they have no names.
    """

    annotators: int | None
    one: Agreement | None
    skipped: Mapping[str, int]
    among: Agreement
    reliability: GoldReliability
    each: EachAnnotator | None = None


@dataclass(frozen=True)
class EntrantBaseline:
    """A simple rater's agreement on all items.

    Attributes:
        key: Its name in `accord.data.BASELINES`.
        name: What a table calls it.
        agreement: Its agreement with gold.
    """

    key: str
    name: str
    agreement: Agreement


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
    baselines: tuple[EntrantBaseline, ...]
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
    golds, scale = corpus.golds(), corpus.scale
    how: dict[str, Any] = {"resamples": settings.resamples, "seed": settings.seed}
    measured = []
    for entrant in entrants:
        some = Some.of(entrant.rated, corpus)
        scores = None if entrant.scores is None else some.of_these(entrant.scores)
        found = agreement(
            some.of_these(entrant.labels),
            some.of_these(golds),
            scale,
            scores=scores,
            groups=some.groups,
            fill=baselines.constant,
            **how,
        )
        measured.append(MeasuredEntrant(entrant, found))
    rows = [
        EntrantBaseline(
            key, _name(key, baselines, corpus), agreement(labels, golds, scale, groups=corpus.groups(), **how)
        )
        for key, labels in baselines.labels.items()
    ]
    return EntrantEvaluation(
        tuple(measured),
        tuple(rows),
        measure_people(everyone, settings),
        _contests(corpus, entrants, rows, baselines, settings),
    )


@dataclass(frozen=True)
class Some:
    """The items that somebody rated.

    Attributes:
        places: Their positions in the corpus.
        groups: Their groups.
    """

    places: tuple[int, ...]
    groups: list[str | None]

    @classmethod
    def of(cls, rated: Sequence[bool], corpus: Corpus) -> "Some":
        """Find them."""
        places = tuple(place for place, there in enumerate(rated) if there)
        return cls(places, [corpus[place].group for place in places])

    def of_these(self, column: Sequence[_Cell]) -> list[_Cell]:
        """Return a column's cells of these items."""
        return [column[place] for place in self.places]


def measure_people(corpus: Corpus, settings: Settings) -> PeopleEntrants:
    """Measure how people agree: one with the others, and all among each other."""
    how: dict[str, Any] = {"resamples": settings.resamples, "seed": settings.seed}
    drawn = one_human(corpus, seed=settings.seed)
    one = agreement(drawn.ratings, drawn.gold, corpus.scale, groups=drawn.groups, **how) if drawn.items else None
    names = {one.annotator for item in corpus for one in item.annotations}
    # Labels without names are lists: the position of a label in its list says nothing about who gave it.
    labels = [item.labels for item in corpus] if None in names else labels_by_annotator(corpus)
    among = human_agreement(labels, corpus.scale, groups=corpus.groups(), **how)
    reliable = gold_reliability(labels, corpus.scale, rule=corpus.consensus, groups=corpus.groups(), **how)
    named = None not in names
    each = each_annotator(labels, corpus.scale, groups=corpus.groups(), **how) if named and settings.full else None
    return PeopleEntrants(len(names) if named else None, one, drawn.skipped, among, reliable, each)


def _contests(
    corpus: Corpus,
    entrants: Sequence[Entrant],
    rows: Sequence[EntrantBaseline],
    baselines: Baselines,
    settings: Settings,
) -> tuple[Contest, ...]:
    golds, scale, everywhere = corpus.golds(), corpus.scale, [True] * len(corpus)
    how: dict[str, Any] = {"fill": baselines.constant, "resamples": settings.resamples, "seed": settings.seed}

    def sides(a: Entrant, rated: Sequence[bool], other: Sequence[Label | None]) -> "_Sides":
        some = Some.of([one and two for one, two in zip(a.rated, rated, strict=True)], corpus)
        return _Sides(some.of_these(a.labels), some.of_these(other), some.of_these(golds), some.groups)

    found: list[Contest] = []
    compared: list[_Sides] = []
    for entrant in entrants:
        for row in rows:
            pair = sides(entrant, everywhere, baselines.labels[row.key])
            difference = paired_difference(pair.a, pair.b, pair.gold, scale, groups=pair.groups, **how)
            found.append(Contest(entrant.name, row.name, "baseline", difference))
            compared.append(pair)
    for one, two in combinations(entrants, 2):
        pair = sides(one, two.rated, two.labels)
        difference = paired_difference(pair.a, pair.b, pair.gold, scale, groups=pair.groups, **how)
        found.append(Contest(one.name, two.name, two.kind, difference))
        compared.append(pair)
    adjusted = holm([contest.difference.p for contest in found])
    found = [replace(contest, adjusted=p) for contest, p in zip(found, adjusted, strict=True)]
    best = max(rows, key=lambda row: alpha_of(row.agreement)).name
    for place, (contest, pair) in enumerate(zip(found, compared, strict=True)):
        if contest.b == best and contest.against == "baseline" and not (contest.better or contest.worse):
            needed = labels_needed(pair.a, pair.b, pair.gold, scale, groups=pair.groups, **how)
            found[place] = replace(contest, needed=needed)
    return tuple(found)


def _name(key: str, baselines: Baselines, corpus: Corpus) -> str:
    answer = baselines.constant
    written = f"{answer:.3g}" if isinstance(answer, float) else str(answer)
    return f"constant {written}" if key == "constant" else baseline_name(key, corpus)


@dataclass(frozen=True)
class _Sides:
    a: list[Label | None]
    b: list[Label | None]
    gold: list[Label]
    groups: list[str | None]


def alpha_of(found: Agreement) -> float:
    """Return alpha for sorting; what is undefined comes last."""
    return undefined_last(found.metrics["alpha"].value)
