"""Knows whether a rewritten guideline may replace the original one; does not know how either was written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..data import Agreement, Corpus, Journal, Label, agreement
from ..data.comparison import Difference, paired_difference
from ..programs import Candidate, Progress, Rater, rate


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

    def choose(self, candidates: Sequence[tuple[str, Rater, int, Mapping[str, Any]]]) -> tuple[Candidate, ...]:
        """Rate dev with every candidate and return them, the chosen one first and the others by alpha.

        The candidate with the highest alpha is chosen if its alpha is above the original's and the paired bootstrap
        does not call it worse (an interval of the difference that lies below 0). Else the original stays.

        Args:
            candidates: Name, rater, number of training items it was made of and details; the original is the first.
        """
        total = len(candidates)
        tried: list[Candidate] = []
        labels: list[list[Label | None]] = []
        for number, (name, rater, items, details) in enumerate(candidates):
            part = self._part(number, total, name)
            ratings = rate(rater, self.dev, seed=self.seed, journal=self.journal, progress=part)
            details = {**details, "unparsed": dict(ratings.unparsed)}
            labels.append(ratings.labels)
            if tried:
                details["difference"] = self._difference(labels[-1], labels[0]).to_dict()
            tried.append(Candidate(name, rater, self._agreement(labels[-1]), items, details=details))
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
