"""Knows a program that asks several raters and makes one rating of theirs; does not know how any of them rates."""

import asyncio
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import dspy

from ...data import Corpus, Item, Journal, Label, PanelAgreement, SetupError, panel_agreement
from ..rating import Progress, Rating, Ratings
from .rater import Rater

Vote = Literal["majority", "mean", "weighted"]

_PLACE = "Panel"


@dataclass(frozen=True)
class PanelRatings(Ratings):
    """The ratings of a panel, in the corpus's order; the tokens are those of all raters.

    Attributes:
        members: What each rater says, by its name.
    """

    members: Mapping[str, Ratings] = field(default_factory=dict)


class Panel(dspy.Module):
    """Several raters of one scale and the same fields, as one: ``panel(text="...") -> Prediction(label, votes, ...)``.

    ============  ==================================================================================================
    ``majority``  the label with most votes; between equals the one nearest the mean of all votes on a scale of
                  numbers, else the one that the earliest rater gave
    ``mean``      the mean of all votes as score, and the label nearest to it; scales of numbers only
    ``weighted``  each vote counts ``ln((k - 1) p / (1 - p))`` where k is the number of levels and p the rater's
                  accuracy in an exam: the best weights where raters err independently and each towards any other
                  label alike (Nitzan & Paroush 1982); a rater worse than chance counts against what it says
    ============  ==================================================================================================

    An unreadable answer is no vote; an item that nobody rated has no label, for the reason ``no_vote``.

    Args:
        raters: By name, or in order (named ``rater 1``, ...).
        vote: How votes become a rating.
        exam: The accuracy of each rater, for ``weighted``; see `examined`.

    Raises:
        SetupError: If the raters do not fit together, or the vote does not suit the scale.
    """

    def __init__(
        self,
        raters: Sequence[Rater] | Mapping[str, Rater],
        *,
        vote: Vote = "majority",
        exam: Mapping[str, float] | None = None,
    ) -> None:
        """Check that the raters rate the same thing."""
        super().__init__()
        named = dict(raters) if isinstance(raters, Mapping) else _named(raters)
        if len(named) < 2:
            raise SetupError(f"{len(named)} raters", place=_PLACE, cure="Give at least two.")
        first = next(iter(named.values()))
        for name, rater in named.items():
            if rater.scale != first.scale or set(rater.fields) != set(first.fields):
                what = f"{name!r} rates {', '.join(rater.fields)} on {rater.scale.describe()}, unlike the first rater"
                raise SetupError(what, place=_PLACE, cure="Give raters of the same fields and scale.")
        if vote not in get_args(Vote):
            raise SetupError(f"unknown vote {vote!r}", place=_PLACE, cure=f"Give one of {', '.join(get_args(Vote))}.")
        if vote == "mean" and not first.scale.ordered:
            cure = "Give vote='majority' or 'weighted'."
            raise SetupError(f"'mean' needs numbers, a {first.scale.kind} scale has none", place=_PLACE, cure=cure)
        if vote == "weighted" and (exam is None or set(exam) != set(named) or first.scale.levels is None):
            cure = "Use Panel.examined(raters, dev), on a scale with levels."
            raise SetupError("'weighted' needs the accuracy of each rater", place=_PLACE, cure=cure)
        self.scale = first.scale
        self.raters = named
        self.vote: Vote = vote
        self.exam = None if exam is None else dict(exam)

    @classmethod
    def examined(
        cls,
        raters: Sequence[Rater] | Mapping[str, Rater],
        dev: Corpus,
        *,
        journal: Journal | None = None,
        seed: int = 0,
    ) -> "Panel":
        """Return a ``weighted`` panel, after having each rater rate items whose gold is known.

        The accuracy that counts is ``(right + 1) / (items + 2)``: nobody is certain after a short exam. An unreadable
        answer is a wrong one.

        Args:
            raters: As the constructor takes them.
            dev: The exam; not the items that the panel is judged on.
            journal: Where ratings are kept and found again.
            seed: Part of the ratings' key in the journal.
        """
        named = dict(raters) if isinstance(raters, Mapping) else _named(raters)
        golds = dev.golds()
        exam: dict[str, float] = {}
        for name, rater in named.items():
            labels = rater.rate(dev, journal=journal, seed=seed).labels
            right = sum(label == gold for label, gold in zip(labels, golds, strict=True))
            exam[name] = (right + 1) / (len(golds) + 2)
        return cls(named, vote="weighted", exam=exam)

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the item's text fields."""
        return next(iter(self.raters.values())).fields

    def forward(self, **fields: str) -> dspy.Prediction:
        """Rate one item: ``label``, the ``rationale`` of a rater that gave it, ``votes``, ``score``, ``unparsed``."""
        found = self.rate(Corpus([Item("item", dict(fields))], self.scale, self.fields))
        (rating,) = found
        votes = {name: ratings[0].label for name, ratings in found.members.items()}
        return dspy.Prediction(
            label=rating.label,
            rationale=rating.rationale,
            votes=votes,
            score=rating.score,
            distribution=rating.distribution,
            unparsed=rating.unparsed if rating.label is None else None,
        )

    async def aforward(self, **fields: str) -> dspy.Prediction:
        """Rate one item, asynchronously."""
        return await asyncio.to_thread(self.forward, **fields)

    def rate(
        self, corpus: Corpus, *, seed: int = 0, journal: Journal | None = None, progress: Progress | None = None
    ) -> PanelRatings:
        """Have every rater rate every item, and make one rating of each item's votes.

        Args:
            corpus: What is rated; gold labels are not looked at.
            seed: Part of the ratings' key in the journal.
            journal: Where each rater's ratings are kept and found again.
            progress: Called with (done, total, name of the rater).
        """
        members: dict[str, Ratings] = {}
        for number, (name, rater) in enumerate(self.raters.items()):
            members[name] = rater.rate(
                corpus, seed=seed, journal=journal, progress=self._part(number, name, len(corpus), progress)
            )
        made = [self._voted({name: found[place] for name, found in members.items()}) for place in range(len(corpus))]
        prompt_tokens = sum(found.prompt_tokens for found in members.values())
        completion_tokens = sum(found.completion_tokens for found in members.values())
        return PanelRatings(tuple(made), prompt_tokens, completion_tokens, members)

    def agreement(self, corpus: Corpus, *, fill: Label | None = None, **options: Any) -> PanelAgreement:
        """Rate a corpus and say how far the raters agree with each other and with gold (see `panel_agreement`)."""
        members = self.rate(corpus, **options).members
        labels = {name: found.labels for name, found in members.items()}
        return panel_agreement(labels, corpus.golds(), corpus.scale, groups=corpus.groups(), fill=fill)

    def _voted(self, given: Mapping[str, Rating]) -> Rating:
        """Make one rating of what the raters say of one item."""
        item_id = next(iter(given.values())).item_id
        votes = {name: rating.label for name, rating in given.items() if rating.label is not None}
        if not votes:
            errors = "; ".join(dict.fromkeys(rating.error for rating in given.values() if rating.error))
            return Rating(item_id, None, "", "no_vote", errors)
        shares = {label: count / len(votes) for label, count in Counter(votes.values()).items()}
        value = None
        if self.vote == "mean":
            value = math.fsum(self._value(given[name], label) for name, label in votes.items()) / len(votes)
            label = self.scale.nearest(value)
        elif self.vote == "weighted":
            label = self._weighed(votes)
        else:
            label = self._majority(list(votes.values()), shares)
        return Rating(item_id, label, self._rationale(given, label), "", score=value, distribution=shares)

    def _value(self, rating: Rating, label: Label) -> float:
        return self.scale.value(label) if rating.score is None else rating.score

    def _majority(self, votes: Sequence[Label], shares: Mapping[Label, float]) -> Label:
        most = max(shares.values())
        first = [label for label in dict.fromkeys(votes) if shares[label] == most]
        if len(first) == 1 or not self.scale.ordered:
            return first[0]
        middle = math.fsum(share * self.scale.value(label) for label, share in shares.items())
        return min(first, key=lambda label: (abs(self.scale.value(label) - middle), self.scale.value(label)))

    def _weighed(self, votes: Mapping[str, Label]) -> Label:
        exam = {} if self.exam is None else self.exam
        levels = self.scale.levels or ()
        for_label: Counter[Label] = Counter(dict.fromkeys(levels, 0.0))  # pyright: ignore[reportArgumentType]
        for name, label in votes.items():
            for_label[label] += math.log(max(len(levels) - 1, 1) * exam[name] / (1 - exam[name]))  # pyright: ignore
        best = max(for_label.values())
        return next(label for label in (*votes.values(), *levels) if for_label[label] == best)

    def _rationale(self, given: Mapping[str, Rating], label: Label) -> str:
        """Return the first rationale that led to the label, or else to the vote nearest to it."""
        rated = [rating for rating in given.values() if rating.label is not None]
        apart = [self.scale.distance(label, rating.label) for rating in rated if rating.label is not None]
        return rated[apart.index(min(apart))].rationale

    def _part(self, number: int, name: str, items: int, report: Progress | None) -> Progress | None:
        if report is None:
            return None
        return lambda done, _, __: report(number * items + done, len(self.raters) * items, name)


def _named(raters: Sequence[Rater]) -> dict[str, Rater]:
    return {f"rater {number}": rater for number, rater in enumerate(raters, start=1)}
