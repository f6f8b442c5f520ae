"""Knows which human labels raters surely speak against; does not know which of the two is right.

Candidates are found by confident learning (Northcutt, Jiang and Chuang 2021, Confident learning: estimating uncertainty
in dataset labels, JAIR 70): raters believe in a label only where they are at least as sure of it as they usually are of
items that people gave that label. So a rater that is seldom sure of a level is not held to the standard of another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import InputError, SetupError
from ..frozen import FrozenDict
from ..jsonable import JsonableRecord
from ..scales import Label, Scale
from ..statistics import Bootstrap, Codes, Estimate, Finding, Floats
from .label_noise import WRONG_SHARE, LabelNoise, fit_label_noise
from .label_posterior import Beliefs, Confidences, RatingsByRater, ranks_of

_NAME, _PRECISION = "label errors", "expected precision of the candidates"


@dataclass(frozen=True)
class LabelError(JsonableRecord):
    """An item whose human label may be an error.

    Attributes:
        id: Its id.
        place: Its place among the items, from 0.
        gold: The human label.
        believed: What the raters believe instead.
        confidence: How sure they are of it together.
        probability: That the true label is further from gold than a step, as the fitted model has it.
        speaking: How many raters gave a label that far from gold.
        raters: How many raters gave a label.
        people: The labels of single people, where they were given.
        dissent: Share of the people whose label is that far from gold too; None where none were given.
    """

    id: str
    place: int
    gold: Label
    believed: Label
    confidence: float
    probability: float
    speaking: int
    raters: int
    people: tuple[Label, ...] = ()
    dissent: float | None = None


@dataclass(frozen=True)
class LabelErrors(JsonableRecord):
    """Candidates for label errors, the most suspicious first.

    Attributes:
        candidates: The items.
        finding: The answer as that of an audit.
    """

    candidates: tuple[LabelError, ...]
    finding: Finding


def label_errors(
    ratings: RatingsByRater,
    confidences: Confidences,
    gold: Sequence[Label],
    scale: Scale,
    *,
    ids: Sequence[str] | None = None,
    labels: Sequence[Sequence[Label] | Mapping[Any, Label]] | None = None,
    step: float | None = None,
    groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> LabelErrors:
    """List items whose human label sure raters contradict, most suspicious first.

    Several raters are heard together: their probabilities are averaged. Listed is an item if what they believe is
    further from gold than `step`. The order is that of ``probability``, for which two numbers are fitted to the labels:
    how far the raters' probabilities are to be flattened, and which share of the labels is further
    from the truth than a step (`fit_label_noise`). Its mean over the candidates is the ``expected precision of the
    candidates``. It is no better than the model: where raters are surely wrong about a kind of item, people's labels of
    these look like errors.

    `shown` is True where the interval of ``share of wrong labels`` lies above 0.

    Args:
        ratings: A rater's labels, or those of several raters by name; None where there was no readable answer.
        confidences: For each label how sure the rater was of it, from 0 to 1, or the probability of every label (as in
            ``Rating.distribution``), or None; of several raters by the same names. What a bare confidence leaves for
            other labels goes where gold lies on the other items that this rater rates so.
        gold: The human labels.
        scale: The scale of all; it must have levels.
        ids: The items' ids; None takes the places.
        labels: For each item the labels of single people, to be shown with a candidate.
        step: Distance from gold, in steps, that is still no error. None takes 1 on ordinal scales, a quarter of the
            range on interval scales, and 0 where there is no order or there are two levels only.
        groups: Group of each item; whole groups are resampled. None resamples items.
        resamples: Bootstrap resamples; 0 for no intervals.
        seed: Seed of the bootstrap.
        level: Confidence level of the percentile intervals.

    Raises:
        InputError: For lengths that differ, a label off the scale, or a confidence that is not from 0 to 1.
        SetupError: For a scale without levels, or a negative step.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    levels = scale.levels
    if levels is None:
        raise SetupError("label errors need a scale with levels", cure="Give the interval a step.")
    near = scale.one_step if step is None else step
    if not near >= 0:
        raise SetupError(f"step={step}", cure="Give 0 or more.")
    names = [str(place) for place in range(len(gold))] if ids is None else list(ids)
    for what, given in (("ids", names), ("groups", groups), ("lists of people's labels", labels)):
        if given is not None and len(given) != len(gold):
            raise InputError(f"{len(given)} {what} for {len(gold)} gold labels", cure="Give one for each item.")
    held = ranks_of(gold, scale, "gold")
    if (held < 0).any():
        raise InputError("a label is missing", place="gold", cure="Leave items without a gold label out.")
    heard = Beliefs.of(ratings, confidences, held, scale)
    kept = np.flatnonzero(heard.raters > 0)
    left_out = {"no label with a confidence": len(gold) - kept.size} if kept.size < len(gold) else {}
    if kept.size == 0:
        why = "no item has a label and a confidence"
        nothing = FrozenDict({name: Estimate(None, None, None, why) for name in (WRONG_SHARE, _PRECISION)})
        return LabelErrors((), Finding(_NAME, None, f"not measured: {why}", nothing, 0, FrozenDict(left_out)))
    beliefs, said, held = heard.probabilities[kept], heard.said[kept], held[kept]
    apart = np.array([[scale.distance(a, b) > near for b in levels] for a in levels])
    believed = _believed(beliefs, held)
    chosen = None if groups is None else [groups[place] for place in kept.tolist()]
    noise = fit_label_noise(beliefs, held, apart, chosen, bootstrap)
    suspicious = np.flatnonzero((believed >= 0) & apart[held, believed])
    order = suspicious[
        np.lexsort((kept[suspicious], -beliefs[suspicious, believed[suspicious]], -noise.probability[suspicious]))
    ]
    given = [() if labels is None else _labels_of(labels[place], scale) for place in kept.tolist()]
    candidates = [
        LabelError(
            id=names[place],
            place=place,
            gold=gold[place],
            believed=levels[mine],
            confidence=float(beliefs[row, mine]),
            probability=float(noise.probability[row]),
            speaking=int(said[row] @ apart[held[row]]),
            raters=int(said[row].sum()),
            people=given[row],
            dissent=_dissent(given[row], levels[int(held[row])], scale, near),
        )
        for row, place, mine in zip(order.tolist(), kept[order].tolist(), believed[order].tolist(), strict=True)
    ]
    return LabelErrors(tuple(candidates), _finding(candidates, noise, kept.size, left_out, scale, float(near)))


def _believed(beliefs: Floats, held: Codes) -> Codes:
    """Return the level that is believed in: the likeliest of those that pass their threshold, or -1."""
    people_said = np.bincount(held, minlength=beliefs.shape[1])
    sums = np.array([beliefs[held == level, level].sum() for level in range(beliefs.shape[1])])
    thresholds = np.divide(sums, people_said, out=np.zeros_like(sums), where=people_said > 0)
    # A level that no person gave has no threshold of its own.
    thresholds[people_said == 0] = thresholds[people_said > 0].mean()
    passing = np.where(beliefs >= thresholds - 1e-12, beliefs, -1.0)
    return np.where(passing.max(axis=1) >= 0, passing.argmax(axis=1), -1)


def _labels_of(given: Sequence[Label] | Mapping[Any, Label], scale: Scale) -> tuple[Label, ...]:
    people = given.values() if isinstance(given, Mapping) else given
    return tuple(scale.check(label, "labels") for label in people)


def _dissent(people: Sequence[Label], gold: Label, scale: Scale, near: float) -> float | None:
    return sum(scale.distance(label, gold) > near for label in people) / len(people) if people else None


def _finding(
    candidates: Sequence[LabelError], noise: LabelNoise, n: int, left_out: Mapping[str, int], scale: Scale, step: float
) -> Finding:
    expected = sum(one.probability for one in candidates)
    precision = (
        Estimate(expected / len(candidates), None, None, "as the fitted model has it")
        if candidates
        else Estimate(None, None, None, "there are no candidates")
    )
    wrong = noise.wrong
    shown = None if wrong.low is None else wrong.low > 0
    levels = {scale.write(level): 0 for level in scale.levels or ()}
    for one in candidates:
        levels[scale.write(one.gold if scale.unit is None else scale.nearest(float(one.gold)))] += 1
    details = {"candidates": len(candidates), "by gold": levels, "sharpness": noise.sharpness, "step": step}
    found = f"{len(candidates):,} of {n:,} labels are contradicted by what sure raters say"
    if candidates:
        found += f"; of these {expected:.0f} are expected to be wrong"
    if shown is None:
        verdict = f"not decided: {wrong.note}; {found}"
    elif shown:
        verdict = f"{found}: label errors, or items that the raters are surely wrong about"
    else:
        verdict = f"{found}, which raters that are sometimes wrong may explain without any label error"
    return Finding(
        _NAME, shown, verdict, FrozenDict({WRONG_SHARE: wrong, _PRECISION: precision}), n, FrozenDict(left_out),
        FrozenDict(details),
    )  # fmt: skip
