"""Knows what the answers to a checklist stand for, learnt from labelled items; does not know who asked or chooses.

Two things are learnt. Which answer passes a question stays as it was given unless the answers speak against it beyond
luck (more than two standard errors of their correlation with the labels). The thresholds are those with the highest
Krippendorff's alpha between computed and given labels among all that ascend: every placement is tried where there are
few, else one threshold after another is moved to its best place until none gains (coordinate ascent from thresholds
that give each level its share of the items).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from ...data import Corpus, Label, Scale
from ...data.metrics import Distance, distance_of, krippendorff
from ...data.statistics import Floats
from ...programs import Checklist, Ratings, Threshold, read_answers, rules_of
from ...programs.guideline import Answer
from ..drafts import Draft

_FOLDS = 5

_MOST_PLACEMENTS = 20_000
_MOST_SWEEPS = 20
_STANDARD_ERRORS = 2.0

_Given = Sequence[Answer]


@dataclass(frozen=True)
class CrossFitted:
    """A draft whose checklist was fitted on dev, and the labels that dev judges it by.

    Attributes:
        draft: The draft, its checklist fitted on all of dev.
        labels: By model, of each item the label that a checklist fitted without the item's fold makes.
    """

    draft: Draft
    labels: Mapping[str, list[Label | None]]


def cross_fitted(draft: Draft, rated: Mapping[str, Ratings], dev: Corpus, seed: int) -> CrossFitted:
    """Fit a draft's checklist on dev, and label each item of dev with a fit that has not seen it.

    Dev decides both what the answers stand for and whether the draft is taken. Labels from a fit on the same items
    would flatter it, so the items (whole groups, where there are groups) are put into five folds, and those of each are
    labelled by a fit on the other four. Answers of several models are fitted together: there is one guideline for all.

    Args:
        draft: With a checklist.
        rated: The ratings of dev by each model that follows it, by the model's name.
        dev: The items, with gold labels.
        seed: Of the folds; the same for every draft.
    """
    checklist = draft.rater.checklist
    if checklist is None:
        return CrossFitted(draft, {name: ratings.labels for name, ratings in rated.items()})
    scale, golds = dev.scale, dev.golds()
    given = {name: [read_answers(one.rationale, checklist).whole for one in rated[name]] for name in rated}
    folds = _folds(dev, seed)
    count = max(folds) + 1

    def fit_on(kept: Sequence[int]) -> Checklist:
        pairs = [(answers[place], golds[place]) for answers in given.values() for place in kept]
        known = [(answers, gold) for answers, gold in pairs if answers is not None]
        return fit_checklist(
            checklist, [one for one, _ in known], [gold for _, gold in known], scale, raters=len(given)
        )

    every = range(len(dev))
    if count < 2:
        fits = {0: checklist}
    else:
        fits = {fold: fit_on([place for place in every if folds[place] != fold]) for fold in range(count)}
    labels = {
        name: [None if one is None else fits[folds[place]].label(one, scale) for place, one in enumerate(answers)]
        for name, answers in given.items()
    }
    final = fit_on(every)
    guideline = draft.rater.guideline.with_checklist(final)
    told = {rule.id: rule.text for rule in rules_of(guideline)}
    known = [one for answers in given.values() for one in answers if one is not None]
    return CrossFitted(
        replace(
            draft,
            rater=draft.rater.variant(guideline=guideline),
            rules=tuple(replace(rule, text=told.get(rule.id, rule.text)) for rule in draft.rules),
            details={**draft.details, "fitted": _described(final, known, count, scale)},
        ),
        labels,
    )


def fit_checklist(
    checklist: Checklist, given: Sequence[_Given], golds: Sequence[Label], scale: Scale, *, raters: int = 1
) -> Checklist:
    """Return the checklist with the answers that pass and the thresholds that these labelled items teach.

    Args:
        checklist: The questions; what is learnt takes the place of its thresholds.
        given: The answers to all questions, of each item.
        golds: The items' labels.
        scale: Of the labels. Without an order there are no thresholds.
        raters: How many answer each item: what they say of one item is no more proof than what one of them says.
    """
    if len(set(golds)) < 2:
        return checklist
    questions = []
    for number, question in enumerate(checklist.questions):
        yes = np.array([answers[number] == "yes" for answers in given], dtype=np.float64)
        contrary: Answer = "no" if question.passes == "yes" else "yes"
        speaks = correlation(yes, _targets(question.level, golds, scale)) * (1 if question.passes == "yes" else -1)
        against = speaks * math.sqrt(len(golds) / raters) < -_STANDARD_ERRORS
        questions.append(replace(question, passes=contrary) if against else question)
    told = replace(checklist, questions=tuple(questions))
    if not scale.ordered:
        return told
    return replace(told, thresholds=thresholds([told.share(answers) for answers in given], golds, scale))


def thresholds(shares: Sequence[float], golds: Sequence[Label], scale: Scale) -> tuple[Threshold, ...]:
    """Return the thresholds with the highest alpha between the labels they make and those given.

    Only levels that occur among the labels are given; a threshold lies half-way between two shares that occur.

    Args:
        shares: Share passed, of each item.
        golds: Label of each item, at least one.
        scale: An ordinal or interval scale.
    """
    occurring = np.unique(np.round(shares, 9))
    levels = sorted(set(golds), key=scale.position)
    counts = np.zeros((occurring.size, len(levels)))
    for share, gold in zip(np.round(shares, 9), golds, strict=True):
        counts[np.searchsorted(occurring, share), levels.index(gold)] += 1
    cuts = _best_cuts(counts, np.array([scale.position(level) for level in levels]), distance_of(scale))
    bounds = [0, *cuts, occurring.size]
    found: list[Threshold] = []
    for level, start, end in zip(levels, bounds, bounds[1:], strict=False):
        if start < end:
            share = 0.0 if start == 0 else float(occurring[start - 1] + occurring[start]) / 2
            found.append(Threshold(share, scale.write(level)))
    return tuple(found)


def _best_cuts(counts: Floats, values: Floats, distance: Distance) -> list[int]:
    """Return where each level but the lowest begins among the shares: (shares, levels) counts to levels - 1 places."""
    places, levels = counts.shape
    sums = np.vstack([np.zeros(levels), counts.cumsum(axis=0)])
    if math.comb(places + levels - 1, levels - 1) <= _MOST_PLACEMENTS:
        every = np.array(list(combinations_with_replacement(range(places + 1), levels - 1)), dtype=np.int64)
        return every.reshape(-1, levels - 1)[_alphas(sums, every, values, distance).argmax()].tolist()
    wanted = counts.sum(axis=0).cumsum()[:-1]
    cuts = np.abs(sums.sum(axis=1)[:, None] - wanted).argmin(axis=0)
    best = _alphas(sums, cuts[None, :], values, distance)[0]
    for _ in range(_MOST_SWEEPS):
        before = best
        for level in range(levels - 1):
            low = cuts[level - 1] if level else 0
            high = cuts[level + 1] if level + 2 < levels else places
            moved = np.repeat(cuts[None, :], high - low + 1, axis=0)
            moved[:, level] = np.arange(low, high + 1)
            found = _alphas(sums, moved, values, distance)
            if found.max() > best:
                best, cuts = found.max(), moved[found.argmax()]
        if best <= before:
            break
    return cuts.tolist()


def _alphas(sums: Floats, cuts: Any, values: Floats, distance: Distance) -> Floats:
    """Return alpha of each placement: (placements, levels - 1) cuts; undefined ones are less than any number."""
    placements, levels = len(cuts), values.size
    first, last = np.zeros((placements, 1), dtype=np.int64), np.full((placements, 1), len(sums) - 1)
    bounds = np.hstack([first, np.reshape(cuts, (placements, levels - 1)), last])
    confusion = np.diff(sums[bounds], axis=1).reshape(placements, levels * levels)
    codes = np.array([(one, other) for one in range(levels) for other in range(levels)], dtype=np.int64)
    return np.nan_to_num(krippendorff(codes, values, distance, confusion.T), nan=-np.inf)


def _targets(level: str, golds: Sequence[Label], scale: Scale) -> Floats:
    """Return what a passed question should go along with: a higher level, or without an order its own one."""
    if scale.ordered:
        return np.array([scale.position(gold) for gold in golds])
    own = scale.read(level)
    return np.array([gold == own for gold in golds], dtype=np.float64)


def correlation(one: np.ndarray, other: np.ndarray) -> float:
    """Return Pearson's correlation of numbers or booleans to nine decimals, 0 where one of the two never changes."""
    first, second = one.astype(np.float64), other.astype(np.float64)
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return round(float(np.corrcoef(first, second)[0, 1]), 9)


def _folds(dev: Corpus, seed: int) -> list[int]:
    """Return the fold of each item; items of one group are in one fold."""
    groups = [
        f"item {item.id}" if group is None else f"group {group}" for item, group in zip(dev, dev.groups(), strict=True)
    ]
    units = sorted(set(groups))
    order = np.random.default_rng(seed).permutation(len(units)).tolist()
    fold = {unit: place % _FOLDS for unit, place in zip(units, order, strict=True)}
    return [fold[group] for group in groups]


def _described(checklist: Checklist, given: Sequence[_Given], folds: int, scale: Scale) -> dict[str, Any]:
    """Return what a report says of a fit."""
    yes = [sum(answers[number] == "yes" for answers in given) for number in range(len(checklist.questions))]
    return {
        "on": "dev",
        "folds": folds,
        "answered": len(given),
        "yes": {question.text: count for question, count in zip(checklist.questions, yes, strict=True)},
        **({"maximizes": "alpha"} if scale.ordered else {}),
    }
