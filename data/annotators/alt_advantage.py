"""Knows how often a rater stands in for each person at least as well as that person does; knows no verdict on skew.

Source: N. Calderon, R. Reichart, R. Dror, The Alternative Annotator Test for LLM-as-a-Judge (2025, arXiv 2501.10970),
section 3. For person j and an item i of theirs, the rater's label and j's own are each scored by how well they fit the
other people's labels of i. ``W_f = 1`` if the rater scores at least as well as j, ``W_h = 1`` if j scores at least as
well as the rater (a tie counts for both). j is beaten if ``mean(W_h - W_f) < epsilon`` is significant.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ..jsonable import JsonableRecord
from ..statistics import Codes, Floats, benjamini_yekutieli
from .alt_classes import LEAST_ITEMS, Moments, moments, pooled
from .annotation_matrix import Packed

Fit = Callable[[Floats, Floats], Floats]
"""How well one label fits another, elementwise on numbers; larger is better."""

ENOUGH = 30
"""Items from which on the t-test is used; below, Wilcoxon's signed-rank test."""

ALL_SIGNS = 13
"""Items up to which Wilcoxon's test goes through all patterns of signs, as scipy does where values are tied."""

ADVISED = 50
"""Items of each person that the paper advises at least."""


@dataclass(frozen=True)
class AgainstOne:
    """A rater against one person.

    Attributes:
        annotator: The person.
        n: Items that the person, another person and the rater have labelled.
        rater: Advantage probability of the rater: the share of items where it fits the others at least as well.
        human: The same of the person. Ties count for both, so the two can sum to more than 1.
        p: One-sided p of "the rater is worse by epsilon or more"; None where the person was not tested.
        adjusted: The same, adjusted over the people tested (Benjamini-Yekutieli).
        beaten: Whether ``adjusted`` is at or below q.
        test: "t" or "wilcoxon"; "" where the person was not tested.
        note: What needs care; "" when there is nothing to say.
    """

    annotator: str
    n: int
    rater: float
    human: float
    p: float | None
    adjusted: float | None
    beaten: bool
    test: str
    note: str = ""


@dataclass(frozen=True)
class Advantage(JsonableRecord):
    """The outcome of one test of one rater against all people.

    Attributes:
        omega: Winning rate: the share of the people tested whom the rater beats. None where nobody could be tested.
        rho: Average advantage probability: the mean of the rater's over the people tested.
        passed: Whether omega is at least 0.5; None where omega is.
        annotators: One row a person.
        note: Why something is None or needs care; "" when there is nothing to say.
    """

    omega: float | None
    rho: float | None
    passed: bool | None
    annotators: tuple[AgainstOne, ...]
    note: str = ""


class AdvantageContest(NamedTuple):
    """What stays the same for every rater: who labelled what, and how well each person fits the others.

    Attributes:
        names: The people.
        labels: Their labels, packed.
        fit: How well one label fits another.
        own: (labels given,) how well each label fits the other people's labels of its item.
        rest: (labels given,) the typical label of the others, as a class to balance by.
    """

    names: tuple[str, ...]
    labels: Packed
    fit: Fit
    own: Floats
    rest: Floats

    @classmethod
    def of(cls, names: tuple[str, ...], packed: Packed, fit: Fit, *, ordered: bool) -> "AdvantageContest":
        """Score every person against the others of each item."""
        given = packed.who >= 0
        columns = range(packed.labels.shape[1])
        own = np.zeros(packed.labels.shape)
        rest = np.full(packed.labels.shape, np.nan)
        for one in columns:
            others = packed.labels.copy()
            others[:, one] = np.nan
            own[:, one] = _mean_fit(fit, packed.labels[:, one], others)
            rest[:, one] = _typical(others, ordered=ordered)
        return cls(names, packed, fit, own[given], rest[given])

    def advantage(self, rating: Floats, *, epsilon: float, q: float, balanced: bool) -> Advantage:
        """Test a rater against everybody.

        Args:
            rating: (items,) its labels.
            epsilon: How much worse than a person it may be.
            q: Level of the Benjamini-Yekutieli rule.
            balanced: Whether each class of labels weighs the same; classes of fewer than `LEAST` items are pooled.
        """
        given = self.labels.who >= 0
        person = self.labels.who[given]
        fits = np.zeros(self.labels.labels.shape)
        for one in range(len(fits.T)):
            others = self.labels.labels.copy()
            others[:, one] = np.nan
            fits[:, one] = _mean_fit(self.fit, rating, others)
        slack = 1e-9 * np.abs(self.own)  # means of the same labels may differ by their rounding
        gap = fits[given] - self.own
        rater, human = (gap >= -slack).astype(float), (gap <= slack).astype(float)
        classes = pooled(person, self.rest, len(self.names)) if balanced else None
        return _summed(self.names, person, rater, human, classes, epsilon=epsilon, q=q)


def _mean_fit(fit: Fit, labels: Floats, others: Floats) -> Floats:
    each = np.where(np.isfinite(others), fit(labels[:, None], others), 0.0)
    return each.sum(axis=1) / np.maximum(np.isfinite(others).sum(axis=1), 1)


def _typical(others: Floats, *, ordered: bool) -> Floats:
    """Return the lower median of each row, of names the most frequent (of equals the first); gaps are left out."""
    ascending = np.sort(others, axis=1)  # gaps last
    lines = np.arange(len(others))
    if ordered:
        return ascending[lines, np.maximum(np.isfinite(others).sum(axis=1) - 1, 0) // 2]
    votes = np.stack([(ascending == column[:, None]).sum(axis=1) for column in ascending.T], axis=1)
    return ascending[lines, votes.argmax(axis=1)]


def _summed(
    names: tuple[str, ...],
    person: Codes,
    rater: Floats,
    human: Floats,
    classes: Codes | None,
    *,
    epsilon: float,
    q: float,
) -> Advantage:
    balanced = classes is not None
    codes = classes if balanced else np.zeros(person.size, dtype=np.int64)
    found = moments(person, codes, rater, human, len(names), lost=int(balanced))
    n = np.bincount(person, minlength=len(names))
    made = [_test((human - rater)[person == one], found, one, epsilon, balanced=balanced) for one in range(len(names))]
    adjusted = benjamini_yekutieli([test.p for test in made])
    rows = tuple(
        AgainstOne(
            annotator=names[one],
            n=int(n[one]),
            rater=float(found.rater[one]),
            human=float(found.human[one]),
            p=made[one].p,
            adjusted=adjusted[one],
            beaten=(value := adjusted[one]) is not None and value <= q,
            test=made[one].name,
            note=made[one].note,
        )
        for one in range(len(names))
    )
    tested = [row for row in rows if row.p is not None]
    notes = []
    if len(tested) < len(rows):
        what = f"no two classes of {LEAST_ITEMS} items" if balanced else f"fewer than {LEAST_ITEMS} items"
        notes.append(f"{len(rows) - len(tested)} of {len(rows)} annotators are not tested: {what}")
    if not tested:
        return Advantage(None, None, None, rows, "; ".join(notes) if notes else "no item has two human labels")
    if len(tested) < 3:
        notes.append(f"only {len(tested)} annotators tested: 3 or more are advised")
    if np.median([row.n for row in tested]) < ADVISED:
        notes.append(
            f"half of the {len(tested)} annotators tested have fewer than {ADVISED} items:"
            " a low winning rate may be for want of labels"
        )
    omega = float(np.mean([row.beaten for row in tested]))
    rho = float(np.mean([row.rater for row in tested]))
    return Advantage(omega, rho, omega >= 0.5, rows, "; ".join(notes))


class _Test(NamedTuple):
    p: float | None
    name: str
    note: str


def _test(worse: Floats, found: Moments, one: int, epsilon: float, *, balanced: bool) -> _Test:
    from scipy.stats import t

    smallest = int(found.smallest[one])
    if balanced and found.classes[one] < 2:
        return _Test(None, "", f"the others gave one level only, or no two classes have {LEAST_ITEMS} items")
    if smallest < LEAST_ITEMS:
        which = "in the smallest class" if balanced else ""
        return _Test(None, "", f"{smallest} items {which}".strip() + f": fewer than {LEAST_ITEMS}")
    if worse.size < ENOUGH and not balanced:
        counts = [int((worse == step).sum()) for step in (-1, 0, 1)]
        note = f"{worse.size} items: fewer than {ENOUGH}, so Wilcoxon's signed-rank test"
        return _Test(_signed_rank(*counts, epsilon), "wilcoxon", note)
    mean, error = float(found.mean[one]), float(found.error[one])
    note = f"the smallest class has {smallest} items: the test is cautious" if smallest < ENOUGH else ""
    if error < 1e-12:
        return _Test(0.0 if mean < epsilon else 1.0, "t", "the same outcome on every item: no spread to test against")
    return _Test(float(t.cdf((mean - epsilon) / error, found.freedom[one])), "t", note)


@lru_cache(maxsize=4096)
def _signed_rank(ahead: int, tied: int, behind: int, epsilon: float) -> float:
    """Return Wilcoxon's one-sided p; only three values occur, so it depends on their counts alone."""
    from scipy.stats import permutation_test, rankdata, wilcoxon

    worse = np.repeat([-1.0, 0.0, 1.0], [ahead, tied, behind]) - epsilon
    if not worse.any():
        return 1.0
    if worse.size > ALL_SIGNS:
        found: Any = wilcoxon(worse, alternative="less")
        return float(found.pvalue)

    # What `wilcoxon` does on so few items with ties, a thousand times faster: it ranks one pattern of signs at a time.
    def ranks(worse: Floats, axis: int) -> Floats:
        return (rankdata(np.abs(worse), axis=axis) * (worse > 0)).sum(axis=axis)

    found = permutation_test(
        (worse[worse != 0],), ranks, permutation_type="samples", vectorized=True, alternative="less"
    )
    return float(found.pvalue)
