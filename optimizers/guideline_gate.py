"""Knows whether a rewritten guideline may replace the original one; does not know how either was written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..data import Agreement, Corpus, Journal, Label, agreement
from ..data.comparison import Difference, paired_difference
from ..programs import Candidate, Progress, rate
from .drafts import Draft


@dataclass(frozen=True)
class Gate:
    """Measures candidates on dev and lets one of them replace the original, or none.

    Attributes:
        dev: The items everything is rated on.
        fill: The label that stands for an unreadable answer: the constant baseline's.
        resamples: Of the bootstrap.
        seed: Of the bootstrap, and part of the ratings' key in the journal.
        journal: Where ratings are kept and found again.
        progress: Called with (done, total, note) over all candidates.
    """

    dev: Corpus
    fill: Label
    resamples: int = 2000
    seed: int = 0
    journal: Journal | None = None
    progress: Progress | None = None

    def choose(self, drafts: Sequence[Draft]) -> tuple[Candidate, ...]:
        """Rate dev with every candidate and return them, the chosen one first and the others by alpha.

        The candidate with the highest alpha is chosen if its alpha is above the original's and the paired bootstrap
        does not call it worse (an interval of the difference that lies below 0). Else the original stays.

        Args:
            drafts: The original is the first.
        """
        total = len(drafts)
        tried: list[Candidate] = []
        labels: list[list[Label | None]] = []
        for number, draft in enumerate(drafts):
            part = self._part(number, total, draft.name)
            ratings = rate(draft.rater, self.dev, seed=self.seed, journal=self.journal, progress=part)
            details: dict[str, Any] = {**draft.to_dict(), "unparsed": dict(ratings.unparsed)}
            labels.append(ratings.labels)
            if tried:
                details["difference"] = self._difference(labels[-1], labels[0]).to_dict()
            dev = self._agreement(labels[-1])
            tried.append(Candidate(draft.name, draft.rater, dev, len(draft.items), details=details))
        chosen = self._passed(tried)
        ranked = sorted(tried, key=lambda candidate: (candidate is not chosen, -alpha(candidate.dev)))
        return (replace(ranked[0], chosen=True), *ranked[1:])

    def _passed(self, tried: Sequence[Candidate]) -> Candidate:
        """Return the best candidate if it may replace the first one, the original; else the original."""
        original, *others = tried
        best = max(others, key=lambda candidate: alpha(candidate.dev), default=original)
        if alpha(best.dev) <= alpha(original.dev):
            return original
        high = best.details["difference"]["high"]
        return original if high is not None and high < 0 else best

    def _agreement(self, labels: Sequence[Label | None]) -> Agreement:
        dev = self.dev
        options = {"fill": self.fill, "resamples": self.resamples, "seed": self.seed}
        return agreement(labels, dev.golds(), dev.scale, groups=dev.groups(), **options)

    def _difference(self, a: Sequence[Label | None], b: Sequence[Label | None]) -> Difference:
        dev = self.dev
        options = {"fill": self.fill, "resamples": self.resamples, "seed": self.seed}
        return paired_difference(a, b, dev.golds(), dev.scale, metric="alpha", groups=dev.groups(), **options)

    def _part(self, number: int, total: int, name: str) -> Progress | None:
        report = self.progress
        if report is None:
            return None
        items = len(self.dev)
        return lambda done, _, __: report(number * items + done, total * items, f"rating dev: {name}")


def alpha(dev: Agreement) -> float:
    """Return Krippendorff's alpha; where it is undefined, less than any number."""
    value = dev.metrics["alpha"].value
    return float("-inf") if value is None else value
