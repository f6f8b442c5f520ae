"""Knows raters whose confidence is worth a known amount, and labels that are wrong on purpose; knows no audit."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from accord.data import Label, Nominal, Ordinal

FIVE = Ordinal(1, 5)
THREE = Nominal(["anger", "joy", "fear"])

Trust = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Confidence to the probability of being right."""


def honest(said: NDArray[np.float64]) -> NDArray[np.float64]:
    """Be right as often as is said."""
    return said


def boastful(said: NDArray[np.float64]) -> NDArray[np.float64]:
    """Be right less often than is said, by 0.15."""
    return said - 0.15


def modest(said: NDArray[np.float64]) -> NDArray[np.float64]:
    """Be right more often than is said."""
    return 1 - (1 - said) / 2


@dataclass(frozen=True)
class Sure:
    """Labels with a confidence.

    Attributes:
        confidences: Of the labels.
        ratings: The labels, on five levels; a wrong one is a step off.
        gold: The right ones.
        groups: Groups of five items that are right or wrong together, or None.
    """

    confidences: list[float]
    ratings: list[Label]
    gold: list[Label]
    groups: list[str] | None

    @classmethod
    def of(cls, items: int, seed: int, trust: Trust = honest, *, grouped: bool = False) -> "Sure":
        """Draw items: confidences from 0.2 to 1, most of them high."""
        rng = np.random.default_rng(seed)
        said = confidence_drawn(rng, items)
        luck = rng.random(items)
        if grouped:
            # Items of one group share how sure the rater is and whether it is right.
            said, luck = (np.repeat(some[: -(-items // 5)], 5)[:items] for some in (said, luck))
        gold = rng.integers(1, 6, items)
        off = np.where(gold == 5, -1, 1)
        ratings = np.where(luck < trust(said), gold, gold + off)
        groups = [f"author {place // 5}" for place in range(items)] if grouped else None
        return cls(said.tolist(), ratings.tolist(), gold.tolist(), groups)


def confidence_drawn(rng: np.random.Generator, items: int) -> NDArray[np.float64]:
    """Draw the confidences that `Sure` has."""
    return 0.2 + 0.8 * rng.beta(4, 1.5, items)


@dataclass(frozen=True)
class Flipped:
    """Human labels of which some were replaced, and a rater that knows how likely each label is.

    Attributes:
        beliefs: The rater's probability of each label.
        ratings: Its labels, the likeliest.
        confidences: How sure it is of them.
        gold: The human labels.
        wrong: The places of those that were replaced.
    """

    beliefs: list[dict[Label, float]]
    ratings: list[Label]
    confidences: list[float]
    gold: list[Label]
    wrong: frozenset[int]

    @classmethod
    def of(cls, items: int, seed: int, *, share: float = 0.1, sharp: float = 1.0, ordered: bool = True) -> "Flipped":
        """Draw items.

        Args:
            items: How many.
            seed: Of everything.
            share: Of labels that are replaced: on five levels by one two steps away or more, on names by another.
            sharp: The power that the rater's probabilities are raised to; above 1 it is too sure.
            ordered: Whether labels are five levels, on which the rater errs by neighbours, or three names.
        """
        rng = np.random.default_rng(seed)
        count, scale = (5, FIVE) if ordered else (3, THREE)
        levels, places = scale.levels, np.arange(count)
        if ordered:
            blur = rng.choice([0.3, 0.6, 1.0], items)
            seen = rng.integers(0, count, items) + rng.normal(0, blur)
            logs = -0.5 * ((places - seen[:, None]) / blur[:, None]) ** 2
        else:
            logs = rng.normal(0, 1, (items, count))
            logs[np.arange(items), rng.integers(0, count, items)] += rng.choice([1.0, 3.0, 5.0], items)
        known = _normal(np.exp(logs - logs.max(axis=1, keepdims=True)))
        truth = (known.cumsum(axis=1) < rng.random((items, 1))).sum(axis=1)
        wrong = np.flatnonzero(rng.random(items) < share)
        gold = truth.copy()
        for place in wrong:
            gold[place] = rng.choice(places[np.abs(places - truth[place]) > (1 if ordered else 0)])
        said = _normal(known**sharp)
        return cls(
            beliefs=[dict(zip(levels, row, strict=True)) for row in said.tolist()],
            ratings=[levels[place] for place in said.argmax(axis=1)],
            confidences=said.max(axis=1).tolist(),
            gold=[levels[place] for place in gold],
            wrong=frozenset(wrong.tolist()),
        )


def _normal(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    return weights / weights.sum(axis=1, keepdims=True)


@dataclass(frozen=True)
class Population:
    """A few labelled items and many that are only rated, of one population.

    Attributes:
        ratings: Of the labelled items.
        gold: Their human labels.
        others: Ratings of the other items.
        groups: Groups of the labelled items, four to each, or None.
        other_groups: Groups of the other items, or None.
    """

    ratings: list[Label]
    gold: list[Label]
    others: list[Label]
    groups: list[str] | None
    other_groups: list[str] | None

    @classmethod
    def of(
        cls, labelled: int, unlabelled: int, seed: int, *, right: float = 0.9, shift: int = 0, grouped: bool = False
    ) -> "Population":
        """Draw items; people give the true label in 85 % of cases, the rater in `right`, then moves it by `shift`."""
        rng = np.random.default_rng(seed)
        n = labelled + unlabelled
        truth = rng.choice(np.arange(1, 6), n, p=MIX)
        if grouped:
            truth = np.repeat(truth[: -(-n // 4)], 4)[:n]
        people = np.where(rng.random(n) < 0.85, truth, rng.integers(1, 6, n))
        rated = np.clip(np.where(rng.random(n) < right, truth, rng.integers(1, 6, n)) + shift, 1, 5)
        groups = [f"author {place // 4}" for place in range(n)] if grouped else None
        parts = (None, None) if groups is None else (groups[:labelled], groups[labelled:])
        return cls(rated[:labelled].tolist(), people[:labelled].tolist(), rated[labelled:].tolist(), *parts)


MIX = (0.1, 0.1, 0.2, 0.3, 0.3)
HUMAN_MEAN = 0.85 * sum(share * level for share, level in zip(MIX, range(1, 6), strict=True)) + 0.15 * 3.0
"""The mean label of people in `Population`."""


@dataclass(frozen=True)
class TwoRaters:
    """Labels of a rater and of one person, on texts.

    Attributes:
        ratings: The rater's.
        human: The person's.
        texts: What was labelled.
    """

    ratings: list[Label]
    human: list[Label]
    texts: list[str]

    @classmethod
    def of(cls, items: int, seed: int, *, lenient: float = 0.0, by_length: float = 0.0) -> "TwoRaters":
        """Draw items; both err alike, but for the rater's leaning upwards, everywhere or with the text's length."""
        rng = np.random.default_rng(seed)
        truth, length = rng.integers(1, 6, items), rng.integers(20, 400, items)
        leaning = lenient + by_length * (length - 210) / 110

        def labels(leans: NDArray[np.float64]) -> list[Label]:
            moved = (rng.random(items) < np.abs(leans)) * np.sign(leans)
            return np.clip(truth + rng.choice([-1, 0, 1], items, p=[0.2, 0.6, 0.2]) + moved, 1, 5).astype(int).tolist()

        texts = ["word " * (count // 5) for count in length.tolist()]
        return cls(labels(leaning), labels(np.zeros(items)), texts)
