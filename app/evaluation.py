"""Knows how raters, baselines and people are measured beside each other on the test items; does not print."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..data import (
    BASELINES,
    Corpus,
    Label,
    agreement,
    constant,
    one_human,
    paired_difference,
)
from ..programs import RowKind
from .report import Comparison, RaterRow

_BASELINE_NAMES = {"constant": "constant", "length": "length only", "tfidf": "TF-IDF + ridge"}


@dataclass(frozen=True)
class Answer:
    """Someone's ratings of all test items.

    Attributes:
        name: What the table calls them.
        kind: Who they are.
        labels: The labels, None where there is none.
        scores: The scores of a rater that scores between the labels, None where there is no label; else None.
    """

    name: str
    kind: RowKind
    labels: Sequence[Label | None]
    scores: Sequence[float | None] | None = None


@dataclass(frozen=True)
class Evaluation:
    """The table and the paired differences."""

    rows: tuple[RaterRow, ...]
    comparisons: tuple[Comparison, ...]


def evaluate(answers: Sequence[Answer], chosen: str, train: Corpus, test: Corpus, *, seed: int = 0) -> Evaluation:
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
    texts = [[item.text for item in part] for part in (train, test)]
    fill = constant(train.golds(), train.scale)
    baselines = [
        Answer(_name(name, train), "baseline", fit(texts[0], train.golds(), texts[1], train.scale, seed))
        for name, fit in BASELINES.items()
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
        Comparison(
            chosen,
            other.name,
            paired_difference(best.labels, other.labels, gold, test.scale, groups=groups, fill=fill, seed=seed),
        )
        for other in everyone
        if other.name != chosen
    ]
    return Evaluation(tuple(rows), tuple(comparisons))


def _name(baseline: str, corpus: Corpus) -> str:
    if baseline == "tfidf" and corpus.scale.kind in ("nominal", "pairwise"):
        return "TF-IDF + logistic"
    return _BASELINE_NAMES[baseline]
