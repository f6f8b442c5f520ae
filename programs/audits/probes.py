"""Knows which ratings an audit asks of a rater beyond one an item; does not know what they show."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import dspy

from ...data import Corpus, Item, Journal, Label, SetupError, pair_fields
from ...data.frozen import FrozenDict
from ..adapter import TEMPLATES
from ..completions import NOT_ASKED
from ..guideline import Guideline
from ..local import LocalEngine
from ..raters import PairRater, Rater
from ..rating import Progress, Rating, Ratings, rate_repeatedly
from .injections import outer_labels, plant

ProbeKind = Literal["deployed", "order", "repeats", "injection", "again", "template", "paraphrase"]
"""What a set of ratings is for, in the order in which they are asked: the most telling first."""


AnyRater = Rater | PairRater
"""Who is audited: a rater, or one of pairs that is asked in both orders."""


@dataclass(frozen=True)
class Probe:
    """One set of ratings that is asked for.

    Attributes:
        name: What it is called; different for each.
        kind: What it is for.
        rater: Who is asked: the rater itself, or one that should rate alike.
        corpus: The items: those of the audit, in their order and with their ids, as they are shown here.
        repeats: How many replies at temperature 1 an item gets; None rates as the rater is deployed.
        seed: Added to the run's: another one has the same asked anew.
        target: The label that the items ask for, where they do.
        attacks: What each item tries, where they do; see `ATTACKS`.
    """

    name: str
    kind: ProbeKind
    rater: AnyRater
    corpus: Corpus
    repeats: int | None = None
    seed: int = 0
    target: Label | None = None
    attacks: tuple[str, ...] = field(default=(), repr=False)

    def ask(
        self,
        *,
        lm: dspy.LM | None = None,
        seed: int = 0,
        journal: Journal | None = None,
        progress: Progress | None = None,
    ) -> "ProbeRatings":
        """Have the ratings; what a journal has is not asked for again.

        Args:
            lm: Who answers in place of the rater's own model: the same one within a budget, say.
            seed: Of the draws.
            journal: Where ratings are kept and found.
            progress: Called as items are done.
        """
        rater = self.rater if lm is None else varied(self.rater, lm=lm)
        shared = {"seed": seed + self.seed, "journal": journal, "progress": progress}
        if self.repeats is None:
            return ProbeRatings(self, (rater.rate(self.corpus, **shared),))
        return ProbeRatings(self, rate_repeatedly(single(rater), self.corpus, self.repeats, **shared))

    def unasked(self, why: str) -> "ProbeRatings":
        """Return what comes of a probe that nobody was asked, for a reason."""
        nothing = tuple(Rating(item.id, None, "", "error", f"{NOT_ASKED}: {why}") for item in self.corpus)
        return ProbeRatings(self, (Ratings(nothing),) * (1 if self.repeats is None else self.repeats))


@dataclass(frozen=True)
class ProbeRatings:
    """What came of a probe.

    Attributes:
        probe: What was asked.
        ratings: The ratings, one set for each repeat.
    """

    probe: Probe
    ratings: tuple[Ratings, ...]

    @property
    def labels(self) -> list[Label | None]:
        """The labels of the first set, in the corpus's order."""
        return self.ratings[0].labels

    @property
    def by_item(self) -> list[list[Label | None]]:
        """The labels of each item, one for each repeat that was asked for."""
        columns = zip(*self.ratings, strict=True)
        return [[rating.label for rating in column if rating.asked] for column in columns]

    @property
    def asked(self) -> int:
        """Items that were asked about as often as was wanted, now or before."""
        return sum(all(rating.asked for rating in column) for column in zip(*self.ratings, strict=True))

    @property
    def begun(self) -> int:
        """Items that were asked about at all."""
        return sum(any(rating.asked for rating in column) for column in zip(*self.ratings, strict=True))

    @property
    def unparsed(self) -> Counter[str]:
        """Ratings without a label by reason; those that nobody was asked for do not count."""
        return Counter(rating.unparsed for ratings in self.ratings for rating in ratings if _failed(rating))

    @property
    def first_error(self) -> str:
        """What the first request that failed said; empty where none did."""
        said = (rating.error for ratings in self.ratings for rating in ratings if _failed(rating) and rating.error)
        return next(said, "")

    @property
    def refused(self) -> str:
        """Why ratings were not asked for; empty where all were."""
        said = (rating.error for ratings in self.ratings for rating in ratings if not rating.asked)
        return next(said, "")


def make_probes(
    rater: AnyRater,
    corpus: Corpus,
    *,
    repeats: int = 5,
    paraphrases: Mapping[str, Guideline] = FrozenDict(),
    seed: int = 0,
) -> tuple[Probe, ...]:
    """Return what an audit asks of a rater, the most telling first.

    ==============  =================================================================================================
    ``deployed``    a rating of each item, as the rater is deployed; everything is compared with it
    ``order``       on pairs: the same with the two exchanged; a `PairRater` has asked for that already
    ``repeats``     several replies at temperature 1; of a `PairRater` in the order given
    ``injection``   the items with a text that asks for the highest label, and for the lowest (`plant`)
    ``again``       the first set once more: how far the rater repeats itself as deployed. A model in this process
                    computes alike each time and is not asked
    ``template``    the same words in another frame (`TEMPLATES`)
    ``paraphrase``  other words for the guideline
    ==============  =================================================================================================

    Variants whose prompts do not differ (a checklist asks in a form of its own) are left out.

    Args:
        rater: Who is audited.
        corpus: The items, in the order in which they are asked; see `audit_sample`.
        repeats: Replies an item at temperature 1, at least 2.
        paraphrases: Guidelines that should ask for the same, by name; see `mechanical_paraphrases`.
        seed: Of the texts that ask for labels.

    Raises:
        SetupError: For fewer than two repeats.
    """
    if repeats < 2:
        raise SetupError(f"repeats={repeats}", place="make_probes", cure="Give at least 2: one reply repeats nothing.")
    found = [Probe("as deployed", "deployed", rater, corpus)]
    if isinstance(rater, Rater) and rater.scale.comparative and pair_fields(rater.fields) is not None:
        found.append(Probe("exchanged", "order", rater, _exchanged(corpus, PairRater(rater))))
    found.append(Probe("repeats", "repeats", rater, corpus, repeats=repeats))
    for target in outer_labels(rater.scale):
        planted = plant(corpus, target, seed=seed)
        name = f"asks for {rater.scale.write(target)}"
        found.append(Probe(name, "injection", rater, planted.corpus, target=target, attacks=planted.attacks))
    if not repeats_itself(rater):
        found.append(Probe("as deployed, again", "again", rater, corpus, seed=1))
    variants: list[Probe] = []
    for name, template in TEMPLATES.items():
        variants.append(Probe(f"template: {name}", "template", varied(rater, template=template), corpus))
    for name, guideline in paraphrases.items():
        variants.append(Probe(f"paraphrase: {name}", "paraphrase", varied(rater, guideline=guideline), corpus))
    return (*found, *_different(rater, corpus, variants))


def repeats_itself(rater: AnyRater) -> bool:
    """Tell whether a rater's model says the same each time as deployed, as one in this process does."""
    return isinstance(single(rater).lm.engine, LocalEngine) and rater.scoring.rule != "mean"


def single(rater: AnyRater) -> Rater:
    """Return the rater that is asked in one order."""
    return rater.rater if isinstance(rater, PairRater) else rater


def varied(rater: AnyRater, **changes: Any) -> AnyRater:
    """Return a rater that differs in what `Rater.variant` takes, asked in both orders if this one is."""
    made = single(rater).variant(**changes)
    return rater.over(made) if isinstance(rater, PairRater) else made


def _exchanged(corpus: Corpus, pairs: PairRater) -> Corpus:
    return Corpus([Item(item.id, pairs.swapped(item.fields)) for item in corpus], corpus.scale, corpus.fields)


def _different(rater: AnyRater, corpus: Corpus, variants: Sequence[Probe]) -> list[Probe]:
    """Return the variants that send something else than the rater and than one another."""
    if not corpus:
        return list(variants)
    shown = corpus[0].fields
    seen = {single(rater).prompt(shown).sha256}
    kept: list[Probe] = []
    for one in variants:
        sha256 = single(one.rater).prompt(shown).sha256
        if sha256 not in seen:
            kept.append(one)
            seen.add(sha256)
    return kept


def _failed(rating: Rating) -> bool:
    return rating.label is None and rating.asked
