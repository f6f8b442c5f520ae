"""Knows how well two kinds of rows can be told apart, beside runs with kinds exchanged; knows no labels."""

from dataclasses import dataclass

import numpy as np

from .bootstrap import CHUNK
from .cells import Codes, Floats

_FOLDS = 5
PENALTY = 0.02
"""Ridge penalty, as a share of the rows, on standardized inputs."""


@dataclass(frozen=True, eq=False)
class ToldApart:
    """What a classifier learned.

    Attributes:
        scores: (rows,) how much each row looks like one of the first kind to a classifier that has not seen it.
        areas: (permutations + 1,) area under the ROC curve of such scores, as things are, then for each exchange.
        weights: (inputs,) of the classifier that has seen all rows.
    """

    scores: Floats
    areas: Floats
    weights: Floats


def told_apart(inputs: Floats, group: Codes, groups: int, *, permutations: int, seed: int) -> ToldApart:
    """Train on items in turns, as they are and with the two rows of random groups of items exchanged.

    An exchange turns the kinds of two rows and leaves the rows as they are. So all runs share the inputs, and a ridge
    regression on +1 and -1 learns them all with one factorization a fold.

    Args:
        inputs: (2 x items, inputs) standardized; all items with a row of the first kind, then with one of the second.
        group: (items,) which group each item is in; a group is exchanged and left out of learning as a whole.
        groups: How many groups there are.
        permutations: How many exchanges.
        seed: Of folds and exchanges.
    """
    rng = np.random.default_rng([seed, 3])
    fold = rng.permutation(np.arange(groups) % _FOLDS)[group]
    held_out = np.concatenate([fold, fold])
    maps = []
    for number in range(_FOLDS):
        train, test = held_out != number, held_out == number
        maps.append((train, test, _solver(inputs[train])))
    size = max(1, CHUNK // len(inputs))
    scores, areas = np.empty(0), []
    for start in range(0, permutations + 1, size):
        sides = rng.choice([-1.0, 1.0], (groups, min(size, permutations + 1 - start)))
        if start == 0:
            sides[:, 0] = 1.0
        kinds = np.concatenate([sides[group], -sides[group]])
        found = np.empty_like(kinds)
        for train, test, solver in maps:
            found[test] = inputs[test] @ (solver @ kinds[train])
        # Equal rows have equal scores but for rounding, which depends on their places.
        found = np.asarray(np.round(found, 9), dtype=np.float64)
        if start == 0:
            scores = found[:, 0]
        areas.append(_areas(found, kinds))
    first = np.concatenate([np.ones(group.size), -np.ones(group.size)])
    return ToldApart(scores, np.concatenate(areas), _solver(inputs) @ first)


def _solver(rows: Floats) -> Floats:
    """Return (inputs, rows): what turns targets into the weights of a ridge regression."""
    inner = rows.T @ rows + PENALTY * len(rows) * np.eye(rows.shape[1])
    return np.asarray(np.linalg.solve(inner, rows.T), dtype=np.float64)


def _areas(scores: Floats, kinds: Floats) -> Floats:
    """Return the area under the ROC curve of each column, ties counted half."""
    from scipy.stats import rankdata

    n = len(scores) // 2
    ranks = rankdata(scores, axis=0)
    return ((kinds > 0) * ranks).sum(axis=0) / n**2 - (n + 1) / (2 * n)
