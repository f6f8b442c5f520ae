"""Knows how all probes of a rater are asked, one after the other; does not know what they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...data import Corpus, Journal, Label
from ..guideline import Guideline
from ..rating import Progress, Ratings
from .paraphrases import mechanical_paraphrases
from .probes import AnyRater, Probe, ProbeKind, ProbeRatings, make_probes, repeats_itself, single


@dataclass(frozen=True)
class AuditRatings:
    """Everything that a rater was asked in an audit.

    Attributes:
        rater: Who was asked.
        corpus: The items.
        sets: What came of each probe, in the order in which they were asked.
        steady: Whether the rater says the same each time as deployed, so that it was not asked again.
        repeats: Replies an item at temperature 1.
        seed: Of the draws and of the texts that ask for labels.
    """

    rater: AnyRater
    corpus: Corpus
    sets: tuple[ProbeRatings, ...]
    steady: bool
    repeats: int
    seed: int

    def of(self, *kinds: ProbeKind) -> list[ProbeRatings]:
        """Return the sets of some kinds."""
        return [found for found in self.sets if found.probe.kind in kinds]

    @property
    def deployed(self) -> Ratings:
        """The ratings as the rater is deployed."""
        return self.of("deployed")[0].ratings[0]

    @property
    def refused(self) -> str:
        """Why something was not asked; empty where everything was."""
        return next((found.refused for found in self.sets if found.refused), "")

    def confidences(self) -> tuple[list[float | None], str]:
        """Return how sure the rater is of each label it gives as deployed, and what that is taken from.

        ``levels``: the probability of the label, of a rater that scores; ``repeats``: the share of the readable repeats
        that give the label too (of a `PairRater` those in the order given).
        """
        sure = [rating.confidence for rating in self.deployed]
        if any(one is not None for one in sure):
            return sure, "levels"
        repeated = self.of("repeats")
        if not repeated:
            return sure, ""
        pairs = zip(self.deployed.labels, repeated[0].by_item, strict=True)
        return [_share(label, said) for label, said in pairs], "repeats"


def audit_ratings(
    rater: AnyRater,
    corpus: Corpus,
    *,
    repeats: int = 5,
    paraphrases: Mapping[str, Guideline] | None = None,
    seed: int = 0,
    journal: Journal | None = None,
    progress: Progress | None = None,
) -> AuditRatings:
    """Ask a rater everything that an audit looks at; see `make_probes` for what that is.

    To keep a budget, give the rater a model that has one: ``rater.variant(lm=budgeted(rater.lm, ledger))``.

    Args:
        rater: Who is audited.
        corpus: The items; `audit_sample` chooses some that stand for all.
        repeats: Replies an item at temperature 1, at least 2.
        paraphrases: Guidelines that should ask for the same, by name; None takes `mechanical_paraphrases`.
        seed: Of the draws and of the texts that ask for labels.
        journal: Where ratings are kept and found again: a killed audit goes on where it was.
        progress: Called with (done, total, name of the set) over all sets.

    Raises:
        SetupError: If the corpus lacks a field of the rater, or no call can succeed.
    """
    told = mechanical_paraphrases(single(rater).guideline) if paraphrases is None else paraphrases
    probes = make_probes(rater, corpus, repeats=repeats, paraphrases=told, seed=seed)
    found = [
        probe.ask(seed=seed, journal=journal, progress=_part(progress, number, probe, probes))
        for number, probe in enumerate(probes)
    ]
    return AuditRatings(rater, corpus, tuple(found), repeats_itself(rater), repeats, seed)


def _part(progress: Progress | None, number: int, probe: Probe, probes: Sequence[Probe]) -> Progress | None:
    if progress is None:
        return None
    return lambda done, total, _: progress(number * total + done, len(probes) * total, probe.name)


def _share(label: Label | None, said: Sequence[Label | None]) -> float | None:
    readable = [one for one in said if one is not None]
    if label is None or not readable:
        return None
    return sum(one == label for one in readable) / len(readable)
