"""Knows how to fit Davidson's model of paired comparisons to many weightings at once; knows nothing about intervals.

Of systems with log-strengths s, compared with a shown first (or at home) and b second,

    P(a wins) : P(b wins) : P(tie)  =  exp(s_a + h / 2) : exp(s_b - h / 2) : exp(t + (s_a + s_b) / 2)

Without h and t it is the model of Bradley & Terry (1952); with t that of R. R. Davidson (1970, On extending the
Bradley-Terry model to accommodate ties in paired comparison experiments, JASA 65), whose parameter is exp(t); with h
that of Davidson & Beaver (1977). The logarithm of the likelihood is concave in (s, h, t), and Newton's method finds its
one maximum.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..statistics import Codes, Floats

_MOST_STEPS = 200
_LONGEST = 2.0
"""A step's longest move of a parameter: where the likelihood is flat, Newton's own steps overshoot."""

_CLOSE = 1e-9


@dataclass(frozen=True, eq=False)
class Design:
    """What was compared with what, row by row.

    Attributes:
        a: (rows,) the system shown first.
        b: (rows,) the system shown second.
        outcome: (rows,) 0 where a won, 1 where b won, 2 for a tie.
        systems: How many systems there are.
        home: Whether the first place has an effect of its own.
        ties: Whether there can be ties.
        prior: Comparisons that each parameter is given beforehand: half won, half lost against the average.
    """

    a: Codes
    b: Codes
    outcome: Codes
    systems: int
    home: bool
    ties: bool
    prior: float

    @property
    def parameters(self) -> int:
        """How many parameters there are: strengths, then home, then ties."""
        return self.systems + self.home + self.ties

    def chances(self, found: Floats, a: Codes, b: Codes) -> Floats:
        """Return (3, pairs, columns): the probability that a wins, that b wins, and of a tie.

        Args:
            found: (parameters, columns).
            a: (pairs,) the systems shown first.
            b: (pairs,) the systems shown second.
        """
        first, second = found[a], found[b]
        home = found[self.systems] / 2 if self.home else np.zeros(found.shape[1])
        tie = (first + second) / 2 + found[self.systems + self.home] if self.ties else np.full_like(first, -np.inf)
        logs = np.stack([first + home, second - home, tie])
        weights = np.exp(logs - logs.max(axis=0))
        return weights / weights.sum(axis=0)


def fit_davidson(design: Design, weights: Floats, start: Floats | None = None) -> Floats:
    """Return (parameters, columns), the maximum of each column's likelihood; NaN where there is none in reach.

    The strengths of a column add up to 0.

    Args:
        design: The rows.
        weights: (rows, columns) how often each row counts.
        start: (parameters,) where to begin.
    """
    pairs = _Pairs.of(design, weights)
    found = np.zeros((design.parameters, weights.shape[1]))
    if start is not None:
        found += start[:, None]
    busy = np.arange(weights.shape[1])
    for _ in range(_MOST_STEPS):
        if not busy.size:
            break
        step = pairs.step(found[:, busy], busy)
        longest = np.abs(step).max(axis=0)
        found[:, busy] += step * np.minimum(1, _LONGEST / np.maximum(longest, _CLOSE))
        busy = busy[~(longest < _CLOSE)]
    found[:, busy] = np.nan
    found[: design.systems] -= found[: design.systems].mean(axis=0)
    return found


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Rows gathered by ordered pair, and where the derivatives of each pair's likelihood belong.

    Attributes:
        design: The rows.
        a: (pairs,) the system shown first.
        b: (pairs,) the system shown second.
        counts: (3, pairs, columns) how often a won, b won, and nobody.
        shown: (3, parameters of a pair) what each outcome adds to: the derivatives of its logarithm.
        gradient: Carries (pairs x parameters of a pair) to parameters.
        hessian: Carries (pairs x parameters of a pair squared) to parameters squared.
    """

    design: Design
    a: Codes
    b: Codes
    counts: Floats
    shown: Floats
    gradient: Any
    hessian: Any

    @classmethod
    def of(cls, design: Design, weights: Floats) -> "_Pairs":
        from scipy.sparse import csr_matrix

        size = design.systems
        ordered, row = np.unique(design.a * size + design.b, return_inverse=True)
        a, b = ordered // size, ordered % size
        count = ordered.size
        adder = csr_matrix(
            (np.ones(row.size), (design.outcome * count + row, np.arange(row.size))), shape=(3 * count, row.size)
        )
        counts = np.asarray(adder @ weights).reshape(3, count, -1)
        shown = np.array([[1.0, 0.0, 0.5, 0.0], [0.0, 1.0, -0.5, 0.0], [0.5, 0.5, 0.0, 1.0]])
        shown = shown[:, [True, True, design.home, design.ties]]
        extra = [np.full(count, number) for number in range(size, design.parameters)]
        place = np.stack([a, b, *extra], axis=1)
        both = (place[:, :, None] * design.parameters + place[:, None, :]).ravel()

        def carrier(target: Codes, rows: int) -> Any:
            return csr_matrix((np.ones(target.size), (target, np.arange(target.size))), shape=(rows, target.size))

        return cls(
            design,
            a,
            b,
            counts,
            shown,
            carrier(place.ravel(), design.parameters),
            carrier(both, design.parameters**2),
        )

    def step(self, found: Floats, columns: Codes) -> Floats:
        """Return Newton's step at ``found``, (parameters, columns)."""
        design = self.design
        size, parameters = design.systems, design.parameters
        counts = self.counts[:, :, columns]
        chances = design.chances(found, self.a, self.b)
        total = counts.sum(axis=0)
        slope = np.einsum("ok,opc->pkc", self.shown, counts - total * chances)
        mean = np.einsum("ok,opc->pkc", self.shown, chances)
        square = np.einsum("ok,ol,opc->pklc", self.shown, self.shown, chances)
        bend = total[:, None, None] * (square - mean[:, :, None] * mean[:, None, :])
        gradient = self.gradient @ slope.reshape(-1, columns.size)
        hessian = (self.hessian @ bend.reshape(-1, columns.size)).reshape(parameters, parameters, -1)
        half = 1 / (1 + np.exp(-found))
        gradient += design.prior * (0.5 - half)
        every = np.arange(parameters)
        hessian[every, every] += design.prior * half * (1 - half) + 1e-12
        # Strengths are known up to a constant: a stiff spring holds their sum at 0.
        gradient[:size] -= found[:size].sum(axis=0)
        hessian[:size, :size] += 1.0
        return np.linalg.solve(hessian.transpose(2, 0, 1), gradient.T[:, :, None])[:, :, 0].T
