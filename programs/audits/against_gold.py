"""Knows which audits compare a rater's labels, as deployed, with people's; does not know how it was asked."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...data import (
    Corpus,
    Finding,
    Item,
    Label,
    LabelErrors,
    Scale,
    agreement_by,
    calibration,
    check_abstention,
    detectability,
    fit_abstention,
    human_mean,
    item_lengths,
    label_errors,
    length_bias,
    leniency,
    level_usage,
    risk_coverage,
)
from .record import Audit, Auditor, SeenRatings

GOLD_AUDITS = (
    "length",
    "leniency",
    "level usage",
    "calibration",
    "confidence",
    "abstention",
    "label errors",
    "detectability",
    "human mean",
)
"""What is looked for with gold labels, beside the agreement in parts of the data."""

_LISTED = 50
"""Candidates for label errors that are listed: more than anybody will look at in one go."""

_NEAR = 0.1
"""Share of an interval without steps within which a rating counts as right."""


def gold_audits(auditor: Auditor, *, by: Mapping[str, Sequence[str | None]], wanted: float) -> list[Audit]:
    """Compare labels as deployed with gold labels; see `audit_findings` for the arguments."""
    corpus = auditor.ratings.corpus
    judged = _GoldAudits(auditor)
    parts = {name: judged.part(name, column) for name, column in {**_own_parts(corpus), **by}.items()}
    found = [judged.length(), judged.leniency(), judged.usage(), *parts.values(), *judged.confidence(wanted)]
    return [*found, judged.label_errors(), judged.detectability(), judged.human_mean()]


@dataclass(frozen=True)
class _Half:
    """What is known of one half of the items."""

    sure: list[float | None]
    labels: list[Label | None]
    gold: list[Label]
    options: Mapping[str, Any]


class _GoldAudits:
    """The audits of one rater's labels as deployed."""

    def __init__(self, auditor: Auditor) -> None:
        self.auditor = auditor
        self.corpus = auditor.ratings.corpus
        self.scale = auditor.ratings.rater.scale
        (self.deployed,) = auditor.ratings.of("deployed")
        self.labels = self.deployed.labels

    def length(self) -> Audit:
        lengths = item_lengths(self.corpus)
        if lengths is None:
            return Audit("length", None, "which two fields are compared is not known")

        def measure(seen: SeenRatings) -> Finding:
            return length_bias(seen.of(self.labels), seen.golds, seen.of(lengths), self.scale, **seen.options)

        return self.auditor.audit("length", [self.deployed], measure, details={"lengths": "words"})

    def leniency(self) -> Audit:
        return self.auditor.audit(
            "leniency",
            [self.deployed],
            lambda seen: leniency(seen.of(self.labels), seen.golds, self.scale, **seen.options),
        )

    def usage(self) -> Audit:
        return self.auditor.audit(
            "level usage",
            [self.deployed],
            lambda seen: level_usage(seen.of(self.labels), seen.golds, self.scale, **seen.options),
        )

    def part(self, name: str, column: Sequence[str | None]) -> Audit:
        def measure(seen: SeenRatings) -> Finding:
            # Where the parts are the groups themselves, each would be one witness.
            options = {**seen.options, **({"groups": None} if name == "group" else {})}
            return agreement_by(seen.of(self.labels), seen.golds, seen.of(column), self.scale, **options)

        return self.auditor.audit(f"agreement by {name}", [self.deployed], measure)

    def confidence(self, wanted: float) -> list[Audit]:
        """Ask what the rater's confidences are worth."""
        sure, source = self.auditor.ratings.confidences()
        sets = [self.deployed, *(self.auditor.ratings.of("repeats") if source == "repeats" else [])]
        near = _near(self.scale)
        details = {"confidence from": source, **near}

        def calibrated(seen: SeenRatings) -> Finding:
            return calibration(seen.of(sure), seen.of(self.labels), seen.golds, self.scale, **near, **seen.options)

        def telling(seen: SeenRatings) -> Finding:
            return risk_coverage(seen.of(sure), seen.of(self.labels), seen.golds, self.scale, **near, **seen.options)

        def held_back(seen: SeenRatings) -> Finding:
            dev, test = self._halves(seen)
            fitted = fit_abstention(dev.sure, dev.labels, dev.gold, self.scale, wanted=wanted, **near, **dev.options)
            return check_abstention(fitted, test.sure, test.labels, test.gold, self.scale, **test.options)

        halves = {"wanted": wanted, "halves": "fitted on one half of the items, measured on the other"}
        return [
            self.auditor.audit("calibration", sets, calibrated, details=details),
            self.auditor.audit("confidence", sets, telling, against=False, details=details),
            self.auditor.audit("abstention", sets, held_back, against=False, details={**details, **halves}),
        ]

    def label_errors(self) -> Audit:
        """Look for gold labels that the rater contradicts though it is sure."""
        sure, source = self.auditor.ratings.confidences()
        sets = [self.deployed, *(self.auditor.ratings.of("repeats") if source == "repeats" else [])]
        believed = [
            one if rating.distribution is None else rating.distribution
            for one, rating in zip(sure, self.deployed.ratings[0], strict=True)
        ]
        if self.scale.levels is None:
            return Audit("label errors", None, "it needs a scale with levels", (), against=False)
        found: list[LabelErrors] = []

        def measure(seen: SeenRatings) -> Finding:
            items = [self.corpus[place] for place in seen.places]
            found.append(
                label_errors(
                    seen.of(self.labels),
                    seen.of(believed),
                    seen.golds,
                    self.scale,
                    ids=[item.id for item in items],
                    labels=[item.labels for item in items],
                    **seen.options,
                )
            )
            return found[0].finding

        made = self.auditor.audit("label errors", sets, measure, against=False)
        candidates = [one.to_dict() for errors in found for one in errors.candidates[:_LISTED]]
        return replace(made, details={"candidates": candidates, "confidence from": source})

    def detectability(self) -> Audit:
        """Ask whether the rater's labels can be told from one person's."""
        rng = np.random.default_rng(int(self.auditor.options["seed"]))
        one_person = [
            item.gold if not item.annotations else item.labels[int(rng.integers(len(item.annotations)))]
            for item in self.corpus
        ]
        texts = [item.text for item in self.corpus]
        permutations = max(1, int(self.auditor.options["resamples"]) // 2 - 1)

        def measure(seen: SeenRatings) -> Finding:
            sides = seen.of(self.labels), seen.of(one_person)
            return detectability(*sides, self.scale, texts=seen.of(texts), permutations=permutations, **seen.options)

        return self.auditor.audit("detectability", [self.deployed], measure, against=False)

    def human_mean(self) -> Audit:
        """Ask how many human labels the rater's labels spare where people's mean is wanted."""

        def measure(seen: SeenRatings) -> Finding:
            known, rest = self._halves(seen)
            return human_mean(
                known.labels,
                known.gold,
                rest.labels,
                self.scale,
                unlabelled_groups=rest.options["groups"],
                **known.options,
            )

        details = {"halves": "people's labels of one half of the items are used, the rater's of both"}
        return self.auditor.audit("human mean", [self.deployed], measure, against=False, details=details)

    def _halves(self, seen: SeenRatings) -> "tuple[_Half, _Half]":
        sure, _ = self.auditor.ratings.confidences()
        groups = seen.options["groups"]
        first, second = (
            _Half(
                [seen.of(sure)[at] for at in half],
                [seen.of(self.labels)[at] for at in half],
                [seen.golds[at] for at in half],
                {**seen.options, "groups": None if groups is None else [groups[at] for at in half]},
            )
            for half in _halves([self.corpus[place] for place in seen.places], seed=int(seen.options["seed"]))
        )
        return first, second


def _near(scale: Scale) -> dict[str, float]:
    """Return how far from gold a rating on a scale without levels may be to count as right."""
    return {"within": _NEAR * scale.span} if scale.levels is None else {}


def _own_parts(corpus: Corpus) -> dict[str, list[str | None]]:
    """Return the parts that a corpus knows of itself: groups, and annotators where each item has one."""
    people = [item.annotations[0].annotator if len(item.annotations) == 1 else None for item in corpus]
    found = {"group": corpus.groups(), "annotator": people}
    # As many parts as items tell nothing apart.
    return {name: column for name, column in found.items() if 1 < len(set(column) - {None}) <= len(column) / 2}


def _halves(items: Sequence[Item], *, seed: int) -> tuple[list[int], list[int]]:
    """Divide items by lot into two halves; a group is never divided."""
    keys: list[Hashable] = [(item.group is not None, item.id if item.group is None else item.group) for item in items]
    order = list(dict.fromkeys(keys))
    drawn = np.random.default_rng(seed).permutation(len(order))
    first: set[Hashable] = set()
    taken = 0
    sizes = Counter(keys)
    for place in drawn.tolist():
        if taken >= len(items) / 2:
            break
        first.add(order[place])
        taken += sizes[order[place]]
    sides = [key in first for key in keys]
    return [at for at, side in enumerate(sides) if side], [at for at, side in enumerate(sides) if not side]
