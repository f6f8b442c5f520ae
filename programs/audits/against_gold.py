"""Knows which audits compare a rater's labels, as deployed, with people's; does not know how it was asked."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
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
    check_abstention,
    fit_abstention,
    human_mean,
    item_lengths,
)
from ...data.audits import LABEL_AUDITS
from ...data.frozen import FrozenDict
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
    judged = _GoldAudits(auditor)
    parts = {**_own_parts(auditor.ratings.corpus), **by}
    return [
        judged.length(),
        *judged.shares(),
        *(judged.part(name, column) for name, column in parts.items()),
        *judged.confidence(wanted),
        judged.label_errors(),
        judged.detectability(),
        judged.human_mean(),
    ]


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
        self.sure, self.source = auditor.ratings.confidences()
        self.sure_sets = [self.deployed, *(auditor.ratings.of("repeats") if self.source == "repeats" else [])]

    def _measure(
        self, audit: str, columns: Mapping[str, Sequence[Any]] = FrozenDict(), **options: Any
    ) -> Callable[[SeenRatings], Any]:
        """Return how an audit of the table is made; it needs these columns beside ratings and gold."""

        def measure(seen: SeenRatings) -> Finding | LabelErrors:
            known = {name: seen.of(cells) for name, cells in {"ratings": self.labels, **columns}.items()}
            return LABEL_AUDITS[audit].of({**known, "gold": seen.golds}, self.scale, **{**seen.options, **options})

        return measure

    def length(self) -> Audit:
        lengths = item_lengths(self.corpus)
        if lengths is None:
            return Audit("length", None, "which two fields are compared is not known")
        measure = self._measure("length bias", {"lengths": lengths})
        return self.auditor.audit("length", [self.deployed], measure, details={"lengths": "words"})

    def shares(self) -> list[Audit]:
        names = ("leniency", "level usage")
        return [self.auditor.audit(name, [self.deployed], self._measure(name)) for name in names]

    def part(self, name: str, column: Sequence[str | None]) -> Audit:
        # Where the parts are the groups themselves, each would be one witness.
        options = {"groups": None} if name == "group" else {}
        measure = self._measure("agreement by", {"by": column}, **options)
        return self.auditor.audit(f"agreement by {name}", [self.deployed], measure)

    def confidence(self, wanted: float) -> list[Audit]:
        """Ask what the rater's confidences are worth."""
        near, known = _near(self.scale), {"confidences": self.sure}
        details = {"confidence from": self.source, **near}

        def held_back(seen: SeenRatings) -> Finding:
            dev, test = self._halves(seen)
            fitted = fit_abstention(dev.sure, dev.labels, dev.gold, self.scale, wanted=wanted, **near, **dev.options)
            return check_abstention(fitted, test.sure, test.labels, test.gold, self.scale, **test.options)

        halves = {"wanted": wanted, "halves": "fitted on one half of the items, measured on the other"}
        calibrated, telling = (self._measure(name, known, **near) for name in ("calibration", "risk and coverage"))
        return [
            self.auditor.audit("calibration", self.sure_sets, calibrated, details=details),
            self.auditor.audit("confidence", self.sure_sets, telling, against=False, details=details),
            self.auditor.audit("abstention", self.sure_sets, held_back, against=False, details={**details, **halves}),
        ]

    def label_errors(self) -> Audit:
        """Look for gold labels that the rater contradicts though it is sure."""
        if self.scale.levels is None:
            return Audit("label errors", None, "it needs a scale with levels", (), against=False)
        believed = [
            one if rating.distribution is None else rating.distribution
            for one, rating in zip(self.sure, self.deployed.ratings[0], strict=True)
        ]
        people = [item.labels for item in self.corpus]
        measure = self._measure("label errors", {"confidences": believed, "ids": self.corpus.ids, "labels": people})
        found: list[LabelErrors] = []

        def listed(seen: SeenRatings) -> Finding:
            found.append(measure(seen))
            return found[0].finding

        made = self.auditor.audit("label errors", self.sure_sets, listed, against=False)
        candidates = [one.to_dict() for errors in found for one in errors.candidates[:_LISTED]]
        return replace(made, details={"candidates": candidates, "confidence from": self.source})

    def detectability(self) -> Audit:
        """Ask whether the rater's labels can be told from one person's."""
        rng = np.random.default_rng(int(self.auditor.options["seed"]))
        one_person = [
            item.gold if not item.annotations else item.labels[int(rng.integers(len(item.annotations)))]
            for item in self.corpus
        ]
        permutations = max(1, int(self.auditor.options["resamples"]) // 2 - 1)
        known = {"human": one_person, "texts": [item.text for item in self.corpus]}
        measure = self._measure("detectability", known, permutations=permutations)
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
        groups = seen.options["groups"]
        first, second = (
            _Half(
                [seen.of(self.sure)[at] for at in half],
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
