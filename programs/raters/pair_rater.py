"""Knows a rater of pairs that is asked in both orders and makes one verdict of two; not how it rates in one order."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, get_args

import dspy

from ...data import (
    Agreement,
    Corpus,
    Disagree,
    InputError,
    Item,
    Label,
    Pair,
    Scale,
    SetupError,
    agreement,
    pair_fields,
    turned,
)
from ...data.pairwise import check_pairwise, combined, rule_where_orders_differ, where_orders_differ
from ..directory import CURE, PAIR_KIND, RECORD, SplitAgreement, rater_record, single_agreement, write_rater
from ..rating import Progress, Rating, Ratings, Scoring
from .rater import Rater, loaded_rater

Combine = Literal["verdicts", "probabilities"]
"""What both orders are combined by: their verdicts, or the mean of their probabilities."""

_PLACE = "PairRater"
DISAGREED = "orders_disagree"
"""Why a pair has no verdict though it was given one in each order."""


@dataclass(frozen=True)
class PairRatings(Ratings):
    """The ratings of pairs, in the corpus's order; the tokens are those of both orders.

    Attributes:
        given: What was said of the pairs as they are.
        swapped: What was said with the two exchanged, as it was said there: ``A`` is the pair's B.
    """

    given: Ratings = field(default_factory=lambda: Ratings(()))
    swapped: Ratings = field(default_factory=lambda: Ratings(()))

    @property
    def flipped(self) -> list[bool | None]:
        """Whether each verdict changed with the order, in the corpus's order; None where one of the two is missing."""
        both = zip(self.given.labels, self.swapped.labels, strict=True)
        return [None if one is None or other is None else one != turned(other) for one, other in both]


class PairRater(dspy.Module):
    """Asks a rater of pairs in both orders: ``pairs(response_a=..., response_b=...) -> Prediction(label, ...)``.

    The two fields' texts are exchanged, and nothing else: the other fields, the guideline and its worked cases stay as
    they are. Where both orders come to one verdict it counts. Where they differ, the verdict hung on the order, and
    counts as a tie (or not at all, or as in the order given). Without a verdict in one order there is none, for that
    order's reason: nobody knows whether the other would have stood.

    With probabilities (a rater with ``scoring="likeliest"``) a rating's distribution is the mean over both orders,
    turned back. ``combine="probabilities"`` makes its likeliest verdict the rating: a preference for a place that is as
    strong in both orders cancels out.

    Examples:
        >>> from accord.data import Pairwise
        >>> rater = Rater(Pairwise(), fields=("question", "answer_a", "answer_b"))
        >>> PairRater(rater).pair
        Pair(a='answer_a', b='answer_b')

    Args:
        rater: Who rates in one order.
        pair: Names of the two fields; None finds them by their names (see `accord.data.corpus.pair_fields`).
        disagree: What verdicts that differ come to: ``tie``, ``none`` or ``given`` (the verdict in the order given);
            None for a tie where the scale has one, else ``none``.
        combine: ``verdicts``, or ``probabilities`` where the rater has them.

    Raises:
        SetupError: If the scale is not one of pairs, the fields cannot be told, or a rule does not suit.
    """

    def __init__(
        self,
        rater: Rater,
        *,
        pair: Sequence[str] | None = None,
        disagree: Disagree | None = None,
        combine: Combine = "verdicts",
    ) -> None:
        """Check that the rater rates pairs."""
        super().__init__()
        scale = check_pairwise(rater.scale, _PLACE)
        if combine not in get_args(Combine):
            cure = f"Give one of {', '.join(get_args(Combine))}."
            raise SetupError(f"unknown combine={combine!r}", place=_PLACE, cure=cure)
        if combine == "probabilities" and rater.scoring.rule == "mode":
            cure = "Give a rater with scoring='likeliest'."
            raise SetupError("the rater has no probabilities of verdicts", place=_PLACE, cure=cure)
        self.rater = rater
        self.pair = _pair(rater, pair)
        self.disagree: Disagree = rule_where_orders_differ(scale, disagree, _PLACE)
        self.combine: Combine = combine
        self.measured: Mapping[str, SplitAgreement] = {}

    @property
    def scale(self) -> Scale:
        """The rater's scale."""
        return self.rater.scale

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the item's text fields."""
        return self.rater.fields

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the rater within comes from."""
        return self.rater.provenance

    @property
    def scoring(self) -> Scoring:
        """How the rater's verdict in one order comes about."""
        return self.rater.scoring

    def over(self, rater: Rater) -> "PairRater":
        """Return another rater of the same fields, asked in both orders as this one is."""
        return PairRater(rater, pair=self.pair, disagree=self.disagree, combine=self.combine)

    def swapped(self, fields: Mapping[str, str]) -> dict[str, str]:
        """Return an item's fields with the texts of the two exchanged.

        Raises:
            InputError: If one of the two is missing.
        """
        missing = [name for name in self.pair if name not in fields]
        if missing:
            cure = f"The rater reads {', '.join(self.fields)}."
            raise InputError(f"the item has no field {missing[0]!r}", place=_PLACE, cure=cure)
        return {**fields, self.pair.a: fields[self.pair.b], self.pair.b: fields[self.pair.a]}

    def forward(self, **fields: str) -> dspy.Prediction:
        """Rate one pair: ``label``, ``rationale``, ``unparsed``, and what was said ``given`` and ``swapped``."""
        exchanged = self.swapped(fields)
        return self._prediction(self.rater(**fields), self.rater(**exchanged))

    async def aforward(self, **fields: str) -> dspy.Prediction:
        """Rate one pair, asynchronously, both orders at once."""
        exchanged = self.swapped(fields)
        asked = (self.rater.acall(**fields), self.rater.acall(**exchanged))
        return self._prediction(*await asyncio.gather(*asked))

    def rate(self, corpus: Corpus, *, progress: Progress | None = None, **options: Any) -> PairRatings:
        """Rate all pairs of a corpus in both orders.

        Args:
            corpus: What is rated; gold labels are not looked at.
            progress: Called with (done, total, note); a pair counts twice.
            **options: Handed to `rate` in both orders: a journal, a seed, a limit on tokens.
        """
        missing = [name for name in self.fields if name not in corpus.fields]
        if missing:
            cure = f"The rater reads {', '.join(self.fields)}; the corpus has {', '.join(corpus.fields)}."
            raise SetupError(f"the corpus has no field {missing[0]!r}", place="rate", cure=cure)
        exchanged = Corpus([Item(item.id, self.swapped(item.fields)) for item in corpus], corpus.scale, corpus.fields)
        given = self.rater.rate(corpus, progress=_part(progress, 0, "as given"), **options)
        swapped = self.rater.rate(exchanged, progress=_part(progress, 1, "exchanged"), **options)
        made = tuple(self._combined(one, other) for one, other in zip(given, swapped, strict=True))
        sent = given.prompt_tokens + swapped.prompt_tokens
        received = given.completion_tokens + swapped.completion_tokens
        return PairRatings(made, sent, received, given, swapped)

    def agreement(self, corpus: Corpus, *, fill: Label | None = None, **options: Any) -> Agreement:
        """Rate a corpus in both orders and say how far the verdicts agree with its gold labels.

        Args:
            corpus: Pairs with gold labels.
            fill: The label that stands in for no verdict; None leaves those pairs out (and says so).
            **options: Handed to `rate`.
        """
        labels = self.rate(corpus, **options).labels
        return agreement(labels, corpus.golds(), corpus.scale, groups=corpus.groups(), fill=fill)

    # A rater is a directory with hashes, not DSPy's single state file, hence other parameters and a class method.
    def save(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, path: str | Path, *, agreement: Mapping[str, Agreement | SplitAgreement] | None = None
    ) -> None:
        """Write the rater's directory, with which fields are exchanged and how two verdicts become one.

        What the rater within was measured at, in one order, is not kept: this one gives other labels.

        Args:
            path: Where to.
            agreement: By split what was measured in both orders; what a loaded one was saved with is kept.

        Raises:
            InputError: If a file of its weights is damaged.
            SetupError: If `path` exists and is not a rater directory, or an extra is missing.
        """
        splits = dict(self.measured)
        for name, found in ({} if agreement is None else agreement).items():
            splits[name] = single_agreement(found) if isinstance(found, Agreement) else found
        pair = {"fields": list(self.pair), "disagree": self.disagree, "combine": self.combine}
        write_rater(self.rater.record(splits), Path(path), pair=pair)

    @classmethod
    def load(  # pyright: ignore[reportIncompatibleMethodOverride]
        cls, path: str | Path, *, lm: str | dspy.LM | None = None, base: str | Path | None = None
    ) -> "PairRater":
        """Read what `save` wrote, or a plain rater of pairs, which gets the usual rules; see `Rater.load`."""
        record = rater_record(Path(path), pairs=True)
        rater = loaded_rater(record, Path(path), lm, base)
        if record["kind"] != PAIR_KIND:
            return PairRater(rater)
        said = record["pair"]
        try:
            pairs = PairRater(rater, pair=said["fields"], disagree=said["disagree"], combine=said["combine"])
        except (KeyError, TypeError) as error:
            what = f"how its orders are combined cannot be read ({error})"
            raise InputError(what, place=str(Path(path) / RECORD), cure=CURE) from None
        pairs.measured, rater.measured = rater.measured, {}
        return pairs

    def _prediction(self, given: dspy.Prediction, swapped: dspy.Prediction) -> dspy.Prediction:
        made = self._combined(_rating(given), _rating(swapped))
        return dspy.Prediction(
            rationale=made.rationale,
            label=made.label,
            unparsed=made.unparsed if made.label is None else None,
            distribution=made.distribution,
            given=given.label,
            swapped=swapped.label,
        )

    def _combined(self, given: Rating, swapped: Rating) -> Rating:
        """Make one rating of what was said of a pair in each order."""
        if given.label is None or swapped.label is None:
            failed = given if given.label is None else swapped
            return Rating(given.item_id, None, "", failed.unparsed, failed.error)
        shares = _mean(given.distribution, swapped.distribution)
        rating = Rating(given.item_id, None, "", "", distribution=shares, sampled=given.sampled or swapped.sampled)
        label = combined(given.label, swapped.label, self.disagree)
        if self.combine == "probabilities" and shares is not None:
            best = max(shares.values())
            likeliest = [verdict for verdict, share in shares.items() if best - share < 1e-9]
            # An exact draw between A and B is what a rater that sees places alone comes to.
            label = likeliest[0] if len(likeliest) == 1 else where_orders_differ(given.label, self.disagree)
        if label is None:
            return replace(rating, unparsed=DISAGREED, distribution=None)
        return replace(rating, label=label, rationale=_rationale(given, swapped))


def _pair(rater: Rater, given: Sequence[str] | None) -> Pair:
    found = pair_fields(rater.fields) if given is None else Pair(*given) if len(given) == 2 else None
    if found is None or found.a == found.b or not set(found) <= set(rater.fields):
        what = f"which two of the fields {', '.join(rater.fields)} are compared cannot be told"
        if given is not None:
            what = f"pair={tuple(given)!r} are no two of the fields {', '.join(rater.fields)}"
        raise SetupError(what, place=_PLACE, cure="Give pair=('response_a', 'response_b') or the like.")
    return found


def _part(progress: Progress | None, number: int, note: str) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total, _: progress(number * total + done, 2 * total, note)


def _rating(said: dspy.Prediction) -> Rating:
    """Return a prediction of the rater as a rating."""
    shares = said.get("distribution")
    return Rating("item", said.label, str(said.get("rationale") or ""), said.unparsed or "", distribution=shares)


def _mean(given: Mapping[Label, float] | None, swapped: Mapping[Label, float] | None) -> dict[Label, float] | None:
    """Return the mean of both distributions, the second turned back; None where one is missing."""
    if given is None or swapped is None:
        return None
    back = {turned(label): share for label, share in swapped.items()}
    labels = [label for label in ("A", "B", "tie") if label in given or label in back]
    return {label: (given.get(label, 0.0) + back.get(label, 0.0)) / 2 for label in labels}


def _rationale(given: Rating, swapped: Rating) -> str:
    """Return the reasoning in the order given, and beside it that of the other where they came to other verdicts."""
    if given.label == turned(swapped.label) or not swapped.rationale:
        return given.rationale
    return f"As given: {given.rationale}\nWith the two exchanged: {swapped.rationale}"


def open_rater(
    path: str | Path, *, lm: str | dspy.LM | None = None, base: str | Path | None = None
) -> Rater | PairRater:
    """Read whatever rater a directory holds; arguments and errors are those of `Rater.load`."""
    record = rater_record(Path(path), pairs=True)
    return (PairRater if record["kind"] == PAIR_KIND else Rater).load(path, lm=lm, base=base)
