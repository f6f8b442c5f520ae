"""Knows the mean label people would give a large set of items, from few human labels and many ratings; rates nothing.

Prediction-powered inference: the ratings of all items say much about the mean, the human labels say by how much the
ratings are off, and the sum is unbiased however bad the rater is (Angelopoulos, Bates, Fannjiang, Jordan and Zrnic
2023, Prediction-powered inference, Science 382). How far the ratings are trusted is fitted so that the interval is as
short as can be (Angelopoulos, Duchi and Zrnic 2023, PPI++, arXiv 2311.01453): a useless rater is not trusted at all,
and what is left is the mean of the human labels.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError
from ..frozen import FrozenDict
from ..metrics import Numbers, ends_of
from ..scales import Label, Scale
from ..statistics import Bootstrap, Estimate, Finding, Floats, Places, PoweredColumn, Units, estimates, powered, ratio

_NAME = "human mean"
_RHO, _LIMIT, _GAINED = "correlation with human labels", "label multiplier, limit", "label multiplier, realised"


def human_mean(
    ratings: Sequence[Label | None],
    gold: Sequence[Label],
    unlabelled_ratings: Sequence[Label | None],
    scale: Scale,
    *,
    groups: Sequence[str | None] | None = None,
    unlabelled_groups: Sequence[str | None] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> Finding:
    """Estimate the mean human label of a population from a labelled sample of it and ratings of many more items.

    **The labelled items have to be a random sample of the same population as the others.** On ordinal and interval
    scales the measures are ``human mean`` and, beside it, ``human mean from labels alone``; on names the same of the
    share of each level, as in ``share of A``. Then, for the level whose share is most uncertain on names:
    ``correlation with human labels`` (rho); ``label multiplier, limit``, 1 / (1 - rho^2), what each label is worth with
    ratings of ever more items; ``label multiplier, realised``, by how much the squared standard error fell here.
    `shown` is True where the interval of rho lies above 0: the ratings spare labels.

    The estimate is mean(gold) + trust (mean(unlabelled ratings) - mean(ratings)). Its standard error adds up what each
    group contributes, so it holds where items of one group are alike. Intervals are of Student's t with one degree of
    freedom less than usual, as the trust, from 0 to 1, is fitted to the same labels; where the interval would not be
    shorter than that of labels alone the trust is 0. An item without a readable answer
    counts as rated at the mean of all ratings (on names: as rated none of them). That is as good a guess as another,
    and leaves the estimate unbiased where leaving the item out would not.

    Details: ``trust`` and standard errors by measure, ``items`` in number, ``unreadable`` ratings, and ``mean rating``
    of labelled and unlabelled items: far apart they speak against a random sample.

    Args:
        ratings: The rater's labels of the labelled items; None where there was no readable answer.
        gold: The human labels of the same items, in the same order.
        unlabelled_ratings: The rater's labels of other items.
        scale: The scale of all three.
        groups: Group of each labelled item.
        unlabelled_groups: Group of each unlabelled item; a name that both have is one and the same group.
        resamples: Bootstrap resamples, for the intervals of rho and its limit.
        seed: Seed of the bootstrap.
        level: Confidence level.

    Raises:
        InputError: For lengths that differ, or a label that is not on the scale.
    """
    bootstrap = Bootstrap(resamples, seed, level)
    _check(ratings, gold, unlabelled_ratings, groups, unlabelled_groups)
    places = Places.of(groups, unlabelled_groups, len(gold), len(unlabelled_ratings))
    columns = _columns(ratings, gold, unlabelled_ratings, scale)
    named = not scale.ordered
    # Nothing outside what a mean, or a share, can be.
    ends = (0.0, 1.0) if named else ends_of(scale)
    found = {name: powered(column, places, ends, level) for name, column in columns.items()}
    measures: dict[str, Estimate] = {}
    for name, one in found.items():
        measures[name] = one.estimate
        measures[f"{name} from labels alone"] = one.alone
    main = max(found, key=lambda name: found[name].error_alone)
    correlation = _correlation(columns[main], groups, bootstrap)
    one = found[main]
    gained = (one.error_alone / one.error) ** 2 if one.error > 0 else math.nan
    measures |= correlation
    measures[_GAINED] = (
        Estimate(gained, None, None, f"of {main}" if named else "")
        if math.isfinite(gained)
        else Estimate(None, None, None, one.estimate.note or "the labels do not vary: there is nothing to spare")
    )
    rho = correlation[_RHO]
    shown = None if rho.low is None else rho.low > 0
    details: dict[str, Any] = {
        "trust": {name: one.trust for name, one in found.items()},
        "standard error": {name: _defined(one.error) for name, one in found.items()},
        "standard error from labels alone": {name: _defined(one.error_alone) for name, one in found.items()},
        "items": {"labelled": len(gold), "unlabelled": len(unlabelled_ratings)},
        "unreadable": {
            "labelled": sum(label is None for label in ratings),
            "unlabelled": sum(label is None for label in unlabelled_ratings),
        },
        "mean rating": {
            name: {"labelled": _mean(column.rated), "unlabelled": _mean(column.others)}
            for name, column in columns.items()
        },
    }
    n = len(gold) + len(unlabelled_ratings)
    verdict = _verdict(shown, rho, gained, len(gold))
    return Finding(_NAME, shown, verdict, FrozenDict(measures), n, details=FrozenDict(details))


def _correlation(
    column: PoweredColumn, groups: Sequence[str | None] | None, bootstrap: Bootstrap
) -> dict[str, Estimate]:
    """Estimate Pearson's r of ratings and labels, and the limit of the label multiplier that follows from it."""
    rows, cell = np.unique(np.column_stack([column.truth, column.rated]), axis=0, return_inverse=True)
    units = Units.of(cell.reshape(-1).astype(np.int64), len(rows), groups)

    def statistics(weights: Floats) -> dict[str, Floats]:
        n = weights.sum(axis=0)
        means = ratio(rows.T @ weights, np.stack([n, n]), np.stack([n, n]) > 0)
        apart = rows[:, :, None] - means[None]
        both = (weights[:, None] * apart**2).sum(axis=0)
        squared = both[0] * both[1]
        shared = (weights * apart[:, 0] * apart[:, 1]).sum(axis=0)
        rho = np.clip(ratio(shared, np.sqrt(squared), squared > 1e-18), -1, 1)
        return {_RHO: rho, _LIMIT: ratio(np.ones_like(rho), 1 - rho**2, rho**2 < 1 - 1e-12)}

    def why(name: str) -> str:
        flat = [what for what, row in (("labels", column.truth), ("ratings", column.rated)) if np.unique(row).size < 2]
        if flat:
            return f"the {' and the '.join(flat)} do not vary"
        return "ratings and labels go together perfectly: there is no limit"

    # Of (cells, 2, resamples) numbers.
    return estimates(units, statistics, bootstrap, why=why, rows=2 * len(rows))


def _columns(
    ratings: Sequence[Label | None], gold: Sequence[Label], others: Sequence[Label | None], scale: Scale
) -> dict[str, PoweredColumn]:
    """Return what is to be averaged, by its name."""
    number = Numbers(scale)
    truth = np.array([number(label, "gold") for label in gold], dtype=float)
    rated, rest = (
        np.array([math.nan if label is None else number(label, name) for label in labels], dtype=float)
        for name, labels in (("ratings", ratings), ("unlabelled ratings", others))
    )
    if not scale.ordered:
        return {
            f"share of {level}": PoweredColumn(*((row == place).astype(float) for row in (truth, rated, rest)))
            for place, level in enumerate(scale.levels or ())
        }
    known = np.concatenate([rated, rest])
    usual = float(np.nanmean(known)) if np.isfinite(known).any() else 0.0
    return {_NAME: PoweredColumn(truth, *(np.where(np.isfinite(row), row, usual) for row in (rated, rest)))}


def _defined(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _mean(row: Floats) -> float | None:
    return float(row.mean()) if row.size else None


def _verdict(shown: bool | None, rho: Estimate, gained: float, n: int) -> str:
    if rho.value is None:
        return f"the ratings spare no label: {rho.note}"
    worth = "" if not math.isfinite(gained) else f"; {n} labels with the ratings are worth {gained * n:.0f} without"
    if shown is None:
        return f"not decided: {rho.note}{worth}"
    if shown:
        return f"the ratings spare labels{worth}"
    return f"no sign that the ratings spare labels{worth}"


def _check(
    ratings: Sequence[Label | None],
    gold: Sequence[Label],
    others: Sequence[Label | None],
    groups: Sequence[str | None] | None,
    unlabelled_groups: Sequence[str | None] | None,
) -> None:
    given = (
        ("ratings", ratings, gold, "gold labels"),
        ("groups", gold if groups is None else groups, gold, "gold labels"),
        ("groups", others if unlabelled_groups is None else unlabelled_groups, others, "unlabelled ratings"),
    )
    for name, have, wanted, what in given:
        if len(have) != len(wanted):
            raise InputError(f"{len(have)} {name} for {len(wanted)} {what}", cure="Give one for each item.")
