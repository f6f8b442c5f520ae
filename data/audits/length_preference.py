"""Knows whether a rater prefers the longer of two more than people do; knows nothing about texts but their lengths.

In the spirit of H. Wei and others (2024), arXiv 2408.13006, who measure length bias by accuracies: that on pairs where
people prefer the longer is set against that where they prefer the shorter. With P(longer) the share of pairs in which
the rater prefers the longer one, a tie counting half::

    bias = (P(longer | people: longer) + P(longer | people: shorter)) / 2 - 1/2

which is half the difference of the two accuracies: 0 for a rater that is right equally often either way, and so for one
that answers at random or that only shares people's own taste; 1/2 for one that always takes the longer. The plain
difference, how much more often than people the rater prefers the longer, is no bias: a rater that is often wrong comes
nearer to one half than people whatever its taste.

Where people prefer the longer more often than not, noise in their verdicts looks like a bias of the rater, as verdicts
for the shorter are then wrong more often. Errors of people that do not depend on the rater's can be taken out: if they
are wrong in a share e of all pairs, the true counts are ``((1 - e) N(longer) - e N(shorter)) / (1 - 2 e)``, and the
other way round. A bias that is still there at e = 0.1 is taken for one.
"""

import numpy as np

from ..frozen import FrozenDict
from ..metrics import Rated, gathered
from ..statistics import Bootstrap, Estimate, Finding, Floats, estimates, ratio, rules_out, said

_WRONG = 0.1
"""Share of the pairs in which people may be wrong about which is better before a bias goes unproven."""

OWN, GAP = "people prefer the longer, beyond one half", "the rater prefers the longer, less people"
ROBUST = f"the same, if people were wrong in {_WRONG:.0%} of pairs"
NOISE = "people's labels go with length the same way, and noise in the gold alone may look like this"


def may_be_noise(bias: Estimate, own: Estimate, gap: Estimate) -> bool:
    """Tell whether a bias given gold may be no more than noise in the gold.

    It may where people's own labels go with length the same way, and the plain difference of rater and people does not.
    That difference errs the other way: noise in the ratings makes it too small.

    Args:
        bias: Given gold.
        own: How people's labels go with length.
        gap: How ratings go with length, less people's.
    """
    if bias.value is None or not _alike(own, bias.value):
        return False
    return not _alike(gap, bias.value)


def longer_preferred(name: str, rated: Rated, doublings: Floats, bootstrap: Bootstrap) -> Finding:
    """Measure the length bias of verdicts on pairs.

    Args:
        name: Of the finding.
        rated: Verdicts on a pairwise scale.
        doublings: (items,) log2 of A's length over B's.
        bootstrap: How.
    """
    unlike = np.abs(doublings) > 1e-12
    rated, doublings = rated.only(unlike, "both equally long"), doublings[unlike]
    rater, people = (_longer(side, doublings) for side in (rated.rating, rated.gold))
    cells = gathered([rater, people], rated.groups)
    rater, people = cells.columns
    sides = {side: people == value for side, value in (("longer", 1.0), ("shorter", 0.0), ("tie", 0.5))}

    def chance(chosen: Floats, weights: Floats) -> Floats:
        size = chosen @ weights
        return ratio((chosen * rater) @ weights, size, size > 0)

    def robust(weights: Floats) -> Floats:
        each = []
        for side, other in (("longer", "shorter"), ("shorter", "longer")):
            true = ((1 - _WRONG) * sides[side] - _WRONG * sides[other]) / (1 - 2 * _WRONG)
            each.append(chance(true, weights))
        return (each[0] + each[1]) / 2 - 0.5

    def statistics(weights: Floats) -> dict[str, Floats]:
        n = weights.sum(axis=0)
        given = {side: chance(there.astype(float), weights) for side, there in sides.items()}
        return {
            "chance of the longer beyond one half, given gold": (given["longer"] + given["shorter"]) / 2 - 0.5,
            ROBUST: robust(weights),
            "the longer is preferred where people prefer it": given["longer"],
            "the longer is preferred where people prefer the shorter": given["shorter"],
            "the longer is preferred where people tie": given["tie"],
            OWN: ratio(people @ weights, n, n > 0) - 0.5,
            GAP: ratio((rater - people) @ weights, n, n > 0),
        }

    found = estimates(
        cells.units,
        statistics,
        bootstrap,
        why=lambda _: "no such pair: people have to prefer the longer in some and the shorter in others",
    )
    bias = next(iter(found.values()))
    shown = rules_out(bias)
    counts = {f"people: {side}": int(there[cells.cell].sum()) for side, there in sides.items()}
    told = f"{said(bias, signed=True)} beyond one half, given gold"
    if rated.n == 0:
        verdict = "no pair of unlike length"
    elif shown is None:
        verdict = f"the chance of the longer one is {told}: {bias.note}" if bias.value is not None else bias.note
    elif np.unique(rated.rating).size == 1:
        shown, verdict = None, "the rater gave one verdict throughout: a taste for a place, not for length"
    elif shown and may_be_noise(bias, found[OWN], found[GAP]) and not _alike(found[ROBUST], bias.value or 0.0):
        shown, verdict = None, f"{told}, but {NOISE}"
    elif shown and bias.value is not None:
        verdict = f"prefers the {'longer' if bias.value > 0 else 'shorter'} more than people do: {told}"
    else:
        verdict = f"not shown to like length otherwise than people do: {told}"
    return Finding(name, shown, verdict, FrozenDict(found), rated.n, rated.left_out, FrozenDict({"pairs": counts}))


def _alike(found: Estimate, sign: float) -> bool:
    return found.value is not None and rules_out(found) is True and found.value * sign > 0


def _longer(verdict: Floats, doublings: Floats) -> Floats:
    """1 where the longer is preferred, 0 where the shorter is, 0.5 for a tie; verdicts are positions A, B, tie."""
    first = np.where(verdict == 0, 1.0, np.where(verdict == 1, 0.0, 0.5))
    return np.where(doublings > 0, first, 1 - first)
