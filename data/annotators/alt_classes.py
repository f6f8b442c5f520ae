"""Knows how often each person and a rater were ahead, class by class of items; knows nothing about tests or labels."""

from typing import NamedTuple

import numpy as np

from ..statistics import Codes, Floats, distinct_rows

LEAST_ITEMS = 10
"""Items below which a person is not tested: hardly any outcome would be significant."""


class Moments(NamedTuple):
    """By person.

    Attributes:
        mean: Mean of "the person fits at least as well" - "the rater does".
        error: Its standard error.
        freedom: Degrees of freedom of that.
        rater: Advantage probability of the rater.
        human: The same of the person.
        classes: How many classes there are.
        smallest: Items of the smallest.
    """

    mean: Floats
    error: Floats
    freedom: Floats
    rater: Floats
    human: Floats
    classes: Floats
    smallest: Codes


def moments(person: Codes, classes: Codes, rater: Floats, human: Floats, people: int, *, lost: int) -> Moments:
    """Average over the classes of each person, every class weighing the same.

    Args:
        person: (labels,) who gave the label.
        classes: (labels,) whole numbers from 0.
        rater: (labels,) whether the rater fits at least as well.
        human: (labels,) whether the person does.
        people: How many there are.
        lost: Items added to each class on which the rater lost. Where few items have shown no loss, their spread is 0
            and would let through a rater that is worse on one in five; one such item keeps the test's level.
    """
    joint = distinct_rows(np.stack([person, classes], axis=1))
    of, cells = joint.rows[:, 0], len(joint.rows)

    def add(values: Floats) -> Floats:
        return np.bincount(joint.cell, weights=values, minlength=cells).astype(np.float64)

    def average(values: Floats) -> Floats:
        return np.bincount(of, weights=values, minlength=people) / many

    many = np.bincount(of, minlength=people).astype(np.float64)
    sizes, worse = add(np.ones(person.size)), human - rater
    n = sizes + lost
    means = (add(worse) + lost) / n
    # Of a single item there is no spread; people with so few items are not tested.
    spread = np.maximum((add(worse**2) + lost) - n * means**2, 0.0) / np.maximum(n - 1, 1) / n
    variance = average(spread) / many
    # Welch and Satterthwaite: classes of unlike spread.
    pull = average(spread**2 / np.maximum(n - 1, 1)) / many**3
    freedom = np.divide(variance**2, pull, out=np.ones(people), where=pull > 0)
    smallest = np.full(people, person.size, dtype=np.int64)
    np.minimum.at(smallest, of, sizes.astype(np.int64))
    shares = average(add(rater) / sizes), average(add(human) / sizes)
    return Moments(average(means), np.sqrt(variance), freedom, *shares, many, smallest)


def pooled(person: Codes, typical: Floats, people: int) -> Codes:
    """Number the classes of items; for each person those with fewer than `LEAST_ITEMS` items are made one.

    Where they have fewer than that together, the next smallest joins them; the largest class stays by itself.
    """
    levels, code = np.unique(typical, return_inverse=True)
    sizes = np.bincount(person * levels.size + code, minlength=people * levels.size).reshape(people, levels.size)
    order = np.argsort(sizes, axis=1, kind="stable")
    ascending = np.take_along_axis(sizes, order, axis=1)
    before = np.cumsum(ascending, axis=1) - ascending
    small = (ascending < LEAST_ITEMS) | ((before > 0) & (before < LEAST_ITEMS))
    small[:, -1:] = False
    joined = np.zeros(sizes.shape, dtype=bool)
    np.put_along_axis(joined, order, small, axis=1)
    return np.where(joined[person, code], levels.size, code).astype(np.int64)
