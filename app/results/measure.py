"""Knows how raters, baselines and people are measured beside each other on the test items; does not print."""

from collections.abc import Sequence
from dataclasses import dataclass

from ...data import (
    Corpus,
    Label,
    agreement,
    baseline_ratings,
    constant,
    one_human,
    paired_difference,
)
from ...programs import Rating, RowKind
from .baselines import baseline_name
from .record import RaterRow, ReportedComparison


@dataclass(frozen=True)
class MeasuredRatings:
    """Someone's ratings of all test items.

    Attributes:
        name: What the table calls them.
        kind: Who they are.
        labels: The labels, None where there is none.
        scores: The scores of a rater that scores between the labels, None where there is no label; else None.
        ratings: The ratings that the labels are from, with their rationales; None for a baseline.
    """

    name: str
    kind: RowKind
    labels: Sequence[Label | None]
    scores: Sequence[float | None] | None = None
    ratings: Sequence[Rating] | None = None


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
    answers: tuple[MeasuredRatings, ...]


def measure_run(
    answers: Sequence[MeasuredRatings], chosen: str, train: Corpus, test: Corpus, *, seed: int = 0
) -> Evaluation:
    """Measure raters beside constant, length-only and TF-IDF baselines and one human against the others.

    An item that a rater left without a label counts as the constant baseline's answer, so that silence cannot help.
    Scores are measured where a metric takes numbers (see `agreement`); alpha and the comparisons, which are of alpha,
    are of labels.

    Args:
        answers: The raters' labels on the test items.
        chosen: Name of the answer that all others are compared with.
        train: What the baselines are fitted on.
        test: The items with gold, and the annotators' labels where they are kept.
        seed: Of the bootstraps and of the choice of the one human.
    """
    fill = constant(train.golds(), train.scale)
    baselines = [
        MeasuredRatings(baseline_name(name, train), "baseline", labels)
        for name, labels in baseline_ratings(train, test, seed=seed).items()
    ]
    everyone = [*answers, *baselines]
    gold, groups = test.golds(), test.groups()
    rows = [
        RaterRow(
            answer.name,
            answer.kind,
            agreement(answer.labels, gold, test.scale, scores=answer.scores, groups=groups, fill=fill, seed=seed),
        )
        for answer in everyone
    ]
    human = one_human(test, seed=seed)
    if human.items:
        measured = agreement(human.ratings, human.gold, test.scale, groups=human.groups, seed=seed)
        rows.append(RaterRow("one human against the others", "human", measured))
    best = next(answer for answer in everyone if answer.name == chosen)
    comparisons = [
        ReportedComparison(
            chosen,
            other.name,
            paired_difference(best.labels, other.labels, gold, test.scale, groups=groups, fill=fill, seed=seed),
        )
        for other in everyone
        if other.name != chosen
    ]
    return Evaluation(tuple(rows), tuple(comparisons), tuple(everyone))
