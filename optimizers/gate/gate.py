"""Knows whether a rewritten guideline may replace the original one; does not know how either was written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import dspy

from ...data import Agreement, Corpus, Journal, Label, agreement, paired_difference, panel_change
from ...programs import Candidate, Progress, Ratings, rate
from ..drafts import Draft
from .checklist_fit import cross_fitted
from .outcomes import FEWEST_DEV_ITEMS, gate_refusal

Accept = Literal["better", "not_worse"]

LEVEL = 0.95
"""Of the intervals of differences."""


@dataclass(frozen=True)
class MeasuredDraft:
    """A draft and how it did on dev.

    Attributes:
        draft: The draft, its checklist fitted where that was still to be done.
        proposed: The draft as it was handed in, which has seen nothing of dev.
        labels: The labels of each model that follows it, by the model's name.
        dev: The agreement of the first model.
        alphas: Alpha of each model, by name; undefined ones are None.
        unparsed: Unreadable answers of all models, by reason.
    """

    draft: Draft
    proposed: Draft
    labels: Mapping[str, list[Label | None]]
    dev: Agreement
    alphas: Mapping[str, float | None]
    unparsed: Mapping[str, int]

    @property
    def mean(self) -> float:
        """Mean alpha over the models; where one is undefined, less than any number."""
        known = [alpha for alpha in self.alphas.values() if alpha is not None]
        return sum(known) / len(known) if len(known) == len(self.alphas) else float("-inf")


@dataclass(frozen=True)
class Gate:
    """Measures drafts on dev, with every model that is to follow them, and lets one replace the original, or none.

    Attributes:
        dev: The items everything is rated on.
        fill: The label that stands for an unreadable answer: the constant baseline's.
        resamples: Of the bootstrap.
        seed: Of the bootstrap, and part of the ratings' key in the journal.
        journal: Where ratings are kept and found again.
        progress: Called with (done, total, note) over all drafts.
        lms: Models by name; none takes each draft's own.
        accept: What a draft has to show: see `choose`.
    """

    dev: Corpus
    fill: Label
    resamples: int = 2000
    seed: int = 0
    journal: Journal | None = None
    progress: Progress | None = None
    lms: Mapping[str, dspy.LM] = field(default_factory=dict)
    accept: Accept = "better"

    def measure(self, drafts: Sequence[Draft], note: str = "rating dev") -> list[MeasuredDraft]:
        """Rate dev with every draft and every model.

        What the answers to a draft's checklist stand for is learnt from them, where that is still to be done; the
        labels are then of fits that have not seen the item (see `cross_fitted`).
        """
        passes = len(drafts) * max(len(self.lms), 1)
        found: list[MeasuredDraft] = []
        for proposed in drafts:
            draft = proposed
            models = {name: draft.rater.variant(lm=lm) for name, lm in self.lms.items()} or {"own": draft.rater}
            rated: dict[str, Ratings] = {}
            unparsed: dict[str, int] = {}
            for number, (name, rater) in enumerate(models.items()):
                part = self._part(len(found) * len(models) + number, passes, f"{note}: {draft.name}")
                ratings = rate(rater, self.dev, seed=self.seed, journal=self.journal, progress=part)
                rated[name] = ratings
                unparsed = {
                    reason: unparsed.get(reason, 0) + ratings.unparsed.get(reason, 0)
                    for reason in (*unparsed, *ratings.unparsed)
                }
            labels: Mapping[str, list[Label | None]] = {name: ratings.labels for name, ratings in rated.items()}
            if draft.to_fit:
                fitted = cross_fitted(draft, rated, self.dev, self.seed)
                draft, labels = fitted.draft, fitted.labels
            each = {name: self._agreement(given) for name, given in labels.items()}
            alphas = {name: one.metrics["alpha"].value for name, one in each.items()}
            found.append(MeasuredDraft(draft, proposed, labels, next(iter(each.values())), alphas, unparsed))
        return found

    def choose(self, tried: Sequence[MeasuredDraft]) -> tuple[Candidate, ...]:
        """Return the drafts as candidates, the chosen one first and the others by mean alpha.

        The draft with the highest mean alpha over the models is chosen among those that pass. With ``better`` a draft
        passes if the paired bootstrap says that it agrees better than the original: the interval of the difference lies
        above 0, at a level that allows for the number of drafts (Bonferroni), so that where there is nothing to learn
        one compile in twenty at most is fooled. With ``not_worse`` it passes if its alpha is higher and the interval
        does not lie below 0. If none passes the original stays.

        Args:
            tried: The original is the first.
        """
        original, *others = tried
        level = _allowing_for(len(others))
        differences = {id(one): self.difference(one, original, level=level) for one in others}
        passed = [one for one in others if self._passes(one, original, differences[id(one)])]
        chosen = max(passed, key=lambda one: one.mean, default=original)
        ranked = sorted(tried, key=lambda one: (one is not chosen, -one.mean))
        return tuple(
            Candidate(
                one.draft.name,
                one.draft.rater,
                one.dev,
                len(one.draft.items),
                chosen=one is chosen,
                details={
                    **self._details(one, differences.get(id(one))),
                    **self._outcome(one, chosen, passed, differences.get(id(one))),
                },
            )
            for one in ranked
        )

    def _outcome(
        self,
        one: MeasuredDraft,
        chosen: MeasuredDraft,
        passed: Sequence[MeasuredDraft],
        difference: Mapping[str, Any] | None,
    ) -> dict[str, str]:
        """Return what became of a draft, and why."""
        if one is chosen:
            if difference is None:
                return {"outcome": "kept", "why": "no draft passed"}
            if len(self.dev) < FEWEST_DEV_ITEMS:
                return {
                    "outcome": "chosen",
                    "why": f"the highest alpha, on too few items ({len(self.dev)}) for a claim",
                }
            why = "better than the original" if self.accept == "better" else "higher, and not worse than the original"
            return {"outcome": "chosen", "why": why if len(passed) == 1 else f"{why}, and the highest alpha"}
        if difference is None:
            return {"outcome": "replaced", "why": f"'{chosen.draft.name}' takes its place"}
        if any(one is other for other in passed):
            return {"outcome": "passed", "why": f"'{chosen.draft.name}' agrees as well or better"}
        return {"outcome": "refused", "why": gate_refusal(difference, better=self.accept == "better")}

    def passes(self, one: MeasuredDraft, original: MeasuredDraft, drafts: int) -> bool:
        """Return whether `choose` would let one of so many drafts through."""
        return self._passes(one, original, self.difference(one, original, level=_allowing_for(drafts)))

    def _passes(self, one: MeasuredDraft, original: MeasuredDraft, difference: Mapping[str, Any]) -> bool:
        low, high = difference["low"], difference["high"]
        if self.accept == "better":
            return low is not None and low > 0
        return one.mean > original.mean and not (high is not None and high < 0)

    def difference(self, new: MeasuredDraft, old: MeasuredDraft, *, level: float = LEVEL) -> dict[str, Any]:
        """Return how much better one measured draft agrees with people than another, on the same resamples.

        With several models it is the change of their mean alpha; ``among`` is that of their agreement with each other,
        and ``warning`` says where the two went apart.
        """
        dev = self.dev
        options: dict[str, Any] = {
            "groups": dev.groups(),
            "fill": self.fill,
            "resamples": self.resamples,
            "seed": self.seed,
            "level": level,
        }
        if len(new.labels) == 1:
            one, other = next(iter(new.labels.values())), next(iter(old.labels.values()))
            return paired_difference(one, other, dev.golds(), dev.scale, metric="alpha", **options).to_dict()
        change = panel_change(old.labels, new.labels, dev.golds(), dev.scale, **options)
        told = {"metric": "mean alpha", "n": len(dev), "level": level, **change.with_gold.to_dict()}
        return {**told, "among": change.alpha.to_dict(), "warning": change.warning}

    def _details(self, one: MeasuredDraft, difference: Mapping[str, Any] | None) -> dict[str, Any]:
        details = {**one.draft.to_dict(), "unparsed": dict(one.unparsed)}
        if len(one.alphas) > 1:
            details["alphas"] = dict(one.alphas)
        return details if difference is None else {**details, "difference": difference}

    def _agreement(self, labels: Sequence[Label | None]) -> Agreement:
        dev = self.dev
        options: dict[str, Any] = {"fill": self.fill, "resamples": self.resamples, "seed": self.seed}
        return agreement(labels, dev.golds(), dev.scale, groups=dev.groups(), **options)

    def _part(self, number: int, total: int, note: str) -> Progress | None:
        report = self.progress
        if report is None:
            return None
        items = len(self.dev)
        return lambda done, _, __: report(number * items + done, total * items, note)


def _allowing_for(drafts: int) -> float:
    """Return the level of each of several intervals that are to hold together (Bonferroni)."""
    return 1 - (1 - LEVEL) / max(drafts, 1)
