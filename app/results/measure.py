"""Knows how anybody is measured on items with gold labels, alone and beside another; does not read files or print."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ...data import (
    Agreement,
    Corpus,
    Difference,
    Label,
    LabelsNeeded,
    agreement,
    baseline_ratings,
    constant,
    labels_needed,
    one_human,
    paired_difference,
)
from ...data.values import undefined_last
from ...programs import AgreementRow, Rating, RowKind
from .baselines import baseline_name
from .record import RaterRow, ReportedComparison

_Cell = TypeVar("_Cell")

ONE_HUMAN = "one human against the others"
"""What a table calls a person drawn anew for each item."""


@dataclass(frozen=True)
class RatingColumn:
    """What somebody said of each item of a corpus, in its order.

    Attributes:
        name: What a table calls them.
        kind: Who they are.
        labels: The labels, None where there is none.
        scores: The scores of a rater that scores between the labels, None where there is no label; else None.
        ratings: The ratings that the labels are from, with their rationales; None where they are not kept.
        rated: Whether they were asked about each item; None for somebody who was asked about all.
    """

    name: str
    kind: RowKind
    labels: Sequence[Label | None]
    scores: Sequence[float | None] | None = None
    ratings: Sequence[Rating] | None = None
    rated: Sequence[bool] | None = None


@dataclass(frozen=True)
class Some:
    """Some items of a corpus.

    Attributes:
        places: Their positions in it.
        groups: Their groups.
    """

    places: tuple[int, ...]
    groups: list[str | None]

    @classmethod
    def of(cls, rated: Sequence[bool], corpus: Corpus) -> "Some":
        """Find those that somebody rated."""
        places = tuple(place for place, there in enumerate(rated) if there)
        return cls(places, [corpus[place].group for place in places])

    def of_these(self, column: Sequence[_Cell]) -> list[_Cell]:
        """Return a column's cells of these items."""
        return [column[place] for place in self.places]


@dataclass(frozen=True)
class Yardstick:
    """The same items, stand-in for silence and bootstrap for everybody who is measured.

    Scores are measured where a metric takes numbers (see `accord.data.agreement`); alpha and the differences, which are
    of alpha, are of labels.

    Attributes:
        corpus: Items with gold labels.
        fill: What an answer without a label counts as: the constant baseline's, so that silence cannot help.
        resamples: Bootstrap resamples.
        seed: Of the bootstraps.
    """

    corpus: Corpus
    fill: Label | None
    resamples: int = 2000
    seed: int = 0

    def agreement(self, who: RatingColumn) -> Agreement:
        """Return the agreement of somebody with gold on what they rated."""
        some, scores = self._rated(who), who.scores
        return agreement(
            some.of_these(who.labels),
            some.of_these(self.corpus.golds()),
            self.corpus.scale,
            scores=None if scores is None else some.of_these(scores),
            groups=some.groups,
            **self._how,
        )

    def row(self, who: RatingColumn) -> RaterRow:
        """Return the line of a table about somebody."""
        return RaterRow(who.name, who.kind, self.agreement(who))

    def human(self, everyone: Corpus) -> tuple[RaterRow | None, Mapping[str, int]]:
        """Return the line about one annotator drawn an item against the others, and which items have none, by reason.

        Args:
            everyone: The items on which people are measured; there is no line where none has two labels.
        """
        drawn = one_human(everyone, seed=self.seed)
        if not drawn.items:
            return None, drawn.skipped
        how = {"groups": drawn.groups, "resamples": self.resamples, "seed": self.seed}
        return RaterRow(ONE_HUMAN, "human", agreement(drawn.ratings, drawn.gold, everyone.scale, **how)), drawn.skipped

    def difference(self, a: RatingColumn, b: RatingColumn) -> Difference:
        """Return by how much `a` is above `b` in alpha, on what both rated."""
        columns, how = self._pair(a, b)
        return paired_difference(*columns, **how)

    def labels_needed(self, a: RatingColumn, b: RatingColumn) -> LabelsNeeded:
        """Return how many labels would tell the two apart."""
        columns, how = self._pair(a, b)
        return labels_needed(*columns, **how)

    @property
    def _how(self) -> dict[str, Any]:
        return {"fill": self.fill, "resamples": self.resamples, "seed": self.seed}

    def _rated(self, *all_of: RatingColumn) -> Some:
        masks = [who.rated for who in all_of if who.rated is not None]
        return Some.of(
            [all(given) for given in zip(*masks, strict=True)] if masks else [True] * len(self.corpus), self.corpus
        )

    def _pair(self, a: RatingColumn, b: RatingColumn) -> tuple[tuple[Any, ...], dict[str, Any]]:
        some = self._rated(a, b)
        columns = (a.labels, b.labels, self.corpus.golds())
        return (*map(some.of_these, columns), self.corpus.scale), {"groups": some.groups, **self._how}


@dataclass(frozen=True)
class Evaluation:
    """The table and the paired differences.

    Attributes:
        rows: Everybody who was measured.
        comparisons: The chosen rater against each other one.
        answers: What raters and baselines said.
    """

    rows: tuple[RaterRow, ...]
    comparisons: tuple[ReportedComparison, ...]
    answers: tuple[RatingColumn, ...]


def measure_run(
    answers: Sequence[RatingColumn], chosen: str, train: Corpus, test: Corpus, *, seed: int = 0
) -> Evaluation:
    """Measure raters beside constant, length-only and TF-IDF baselines and one human against the others.

    Args:
        answers: The raters' labels on the test items.
        chosen: Name of the answer that all others are compared with.
        train: What the baselines are fitted on.
        test: The items with gold, and the annotators' labels where they are kept.
        seed: Of the bootstraps and of the choice of the one human.
    """
    yardstick = Yardstick(test, constant(train.golds(), train.scale), seed=seed)
    baselines = [
        RatingColumn(baseline_name(name, train), "baseline", labels)
        for name, labels in baseline_ratings(train, test, seed=seed).items()
    ]
    everyone = [*answers, *baselines]
    human, _ = yardstick.human(test)
    best = next(answer for answer in everyone if answer.name == chosen)
    comparisons = [
        ReportedComparison(chosen, other.name, yardstick.difference(best, other))
        for other in everyone
        if other.name != chosen
    ]
    rows = [*map(yardstick.row, everyone), *([] if human is None else [human])]
    return Evaluation(tuple(rows), tuple(comparisons), tuple(everyone))


def alpha_of(row: AgreementRow) -> float:
    """Return a row's alpha for sorting; what is undefined comes last."""
    return undefined_last(row.agreement.metrics["alpha"].value)
