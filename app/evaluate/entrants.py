"""Knows who is measured and what they said of each item; does not know where that is written or how it is measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ...data import Corpus, Label
from ..results import RatingColumn

if TYPE_CHECKING:
    from ...programs import PairRater, Progress, Rater

EntrantKind = Literal["rater", "ratings", "person"]
"""A saved rater that is asked now, ratings that somebody made before, or one of the people."""


@dataclass(frozen=True)
class Orders:
    """What a rater of pairs said in both orders, in a corpus's order.

    Attributes:
        given: Of the pairs as they are.
        swapped: With the two exchanged, as it was said there.
    """

    given: Sequence[Label | None]
    swapped: Sequence[Label | None]


@dataclass(frozen=True)
class Entrant:
    """Somebody who is measured, with what they said of each item of a corpus, in its order.

    Attributes:
        name: What they are called.
        kind: Who they are.
        source: Where their ratings are from.
        labels: Their labels; None where there is none.
        rated: Whether they gave any answer to the item; only such items are measured.
        scores: What stands for the labels where numbers count; None for somebody who gives labels alone.
        confidences: Probability of the label given, None where it is not known; None for somebody who gives none.
        unreadable: Items they answered without a label, by reason.
        unknown: Ratings of items that are not in the data.
        unmeasured: Ratings of items of the data that have no gold label.
        repeated: Ratings that said the same of an item once more.
        sampled: Items that a rater scored by several replies for want of probabilities, by reason.
        constant: The best constant answer on what a rater was trained on, where it is recorded.
        orders: What a rater of pairs said of each in both orders; None for somebody who was asked once.
    """

    name: str
    kind: EntrantKind
    source: str
    labels: Sequence[Label | None]
    rated: Sequence[bool]
    scores: Sequence[float | None] | None = None
    confidences: Sequence[float | None] | None = None
    unreadable: Mapping[str, int] = field(default_factory=dict)
    unknown: int = 0
    unmeasured: int = 0
    repeated: int = 0
    sampled: Mapping[str, int] = field(default_factory=dict)
    constant: Label | None = None
    orders: Orders | None = None

    @property
    def answers(self) -> RatingColumn:
        """What is measured of them."""
        return RatingColumn(self.name, "candidate", self.labels, self.scores, rated=self.rated)

    @property
    def missing(self) -> int:
        """Items that have no rating."""
        return len(self.rated) - sum(self.rated)


def ask(
    rater: "Rater | PairRater",
    corpus: Corpus,
    *,
    name: str,
    source: str,
    seed: int,
    progress: "Progress | None" = None,
) -> Entrant:
    """Have a rater rate a corpus.

    Args:
        rater: Who rates.
        corpus: The items.
        name: What to call it.
        source: Where it lies.
        seed: For models that can be seeded.
        progress: Called as the ratings come in.
    """
    from ...programs import PairRatings

    ratings = rater.rate(corpus, seed=seed, progress=progress)
    scores, confidences = ratings.scores, [rating.confidence for rating in ratings]
    recorded = rater.provenance.get("constant")
    orders = Orders(ratings.given.labels, ratings.swapped.labels) if isinstance(ratings, PairRatings) else None
    return Entrant(
        name=name,
        kind="rater",
        source=source,
        labels=ratings.labels,
        rated=[True] * len(ratings),
        scores=None if all(score is None for score in scores) else scores,
        confidences=None if all(one is None for one in confidences) else confidences,
        unreadable=ratings.unparsed,
        sampled=ratings.sampled,
        constant=None if recorded is None else corpus.scale.read(recorded, place="the rater's constant"),
        orders=orders,
    )


def person(name: str, own: Corpus, corpus: Corpus) -> Entrant:
    """Take the labels of a person who had no part in the corpus' gold.

    Args:
        name: The person.
        own: What they labelled, their label being the gold.
        corpus: The items, with the gold of the others.
    """
    labels = {item.id: item.gold for item in own}
    given = [labels.get(item.id) for item in corpus]
    known = set(corpus.ids)
    return Entrant(
        name=name,
        kind="person",
        source="an annotator of the data, whose labels have no part in the gold",
        labels=given,
        rated=[label is not None for label in given],
        unmeasured=sum(id not in known for id in labels),
    )
