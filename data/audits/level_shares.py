"""Knows the shares of labels among ratings and gold, and tests of their difference; knows no audit."""

from typing import NamedTuple

import numpy as np

from ..metrics import Rated, gathered, pairs_of
from ..statistics import Bootstrap, Codes, Estimate, Floats, estimates, holm, share_as_extreme, sign_flips, totals

_BINS = 10
"""Equal parts of an interval without steps, which has no levels to count."""


class LevelShare(NamedTuple):
    """How often one label was given, by the rater, by people, and the difference."""

    rater: Estimate
    people: Estimate
    shift: Estimate


class Levelled(NamedTuple):
    """Labels as places among a scale's levels, or parts of its range.

    Attributes:
        names: The levels, lowest first.
        rater: (items,) the place of each rating's level.
        people: (items,) that of each gold label's.
    """

    names: list[str]
    rater: Codes
    people: Codes


def levelled(rated: Rated) -> Levelled:
    """Return the levels of all labels; a gold label off the steps of an interval counts as the nearest."""
    scale = rated.scale
    if scale.levels is not None:
        pairs = pairs_of(rated.rating, rated.gold, scale)
        ranks = pairs.levels[pairs.cell]
        return Levelled([scale.write(label) for label in scale.levels], ranks[:, 0], ranks[:, 1])
    low, high = map(float, scale.ends)
    edges = np.linspace(low, high, _BINS + 1)
    names = [f"{a:g} to {b:g}" for a, b in zip(edges, edges[1:], strict=False)]
    parts = [np.searchsorted(edges[1:-1], side, "right").astype(np.int64) for side in (rated.rating, rated.gold)]
    return Levelled(names, parts[0], parts[1])


def given_at_all(labels: Levelled) -> list[int]:
    """Return the places of the levels that somebody gave."""
    return sorted({int(place) for place in np.concatenate([labels.rater, labels.people])})


def shares_of(rated: Rated, bootstrap: Bootstrap) -> dict[str, LevelShare]:
    """Estimate each label's shares, for the labels that somebody gave."""
    labels = levelled(rated)
    cells = gathered([labels.rater.astype(float), labels.people.astype(float)], rated.groups)
    sides = [side.astype(np.int64) for side in cells.columns]
    places = given_at_all(labels)

    def statistics(weights: Floats) -> dict[str, Floats]:
        rater, people = (totals(side, len(labels.names), weights) / weights.sum(axis=0) for side in sides)
        found: dict[str, Floats] = {}
        for place in places:
            both = rater[place], people[place]
            found |= {f"rater {place}": both[0], f"people {place}": both[1], f"shift {place}": both[0] - both[1]}
        return found

    found = estimates(cells.units, statistics, bootstrap)
    return {
        labels.names[place]: LevelShare(*(found[f"{what} {place}"] for what in ("rater", "people", "shift")))
        for place in places
    }


def shifts(rated: Rated, *, draws: int, seed: int) -> dict[str, dict[str, float | None]]:
    """Test for each label whether rater and people give it equally often.

    Rating and gold of an item are exchanged by chance; no distribution is taken for granted, and few items only make
    the test less likely to find anything.

    Returns:
        By label ``p``, and ``adjusted`` by Holm over the labels.
    """
    labels = levelled(rated)
    places = given_at_all(labels)
    each = np.stack([(labels.rater == place) * 1.0 - (labels.people == place) for place in places], axis=1)
    observed, drawn = sign_flips(each, rated.groups, draws=draws, seed=seed)
    p = [share_as_extreme(abs(float(one)), np.abs(row)) for one, row in zip(observed, drawn, strict=True)]
    return {
        labels.names[place]: {"p": one, "adjusted": corrected}
        for place, one, corrected in zip(places, p, holm(p), strict=True)
    }


def distances(shares: Floats, rated: Rated) -> Floats:
    """Return how far apart two distributions over levels are.

    Names: total variation, half the sum of absolute differences: the share of labels that would have to be others.
    Ordinal and interval: the mean number of steps labels would have to be moved (Wasserstein's distance of order 1),
    the parts of an interval without steps being the steps.

    Args:
        shares: (levels, columns) differences of shares, lowest level first; each column sums to 0.
        rated: For its scale.
    """
    if not rated.scale.ordered:
        return np.abs(shares).sum(axis=0) / 2
    return np.abs(np.cumsum(shares, axis=0)[:-1]).sum(axis=0)
