"""Knows how to adjust the p-values of a family of tests; knows nothing about what was tested.

Of twenty comparisons without any difference one comes out below 0.05 by chance. `holm` keeps the chance of *any* false
finding in the family below the level, `benjamini_yekutieli` the expected *share* of false ones among the findings; both
hold however the tests depend on each other.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ..errors import InputError
from .cells import Floats


def holm(p: Sequence[float | None]) -> list[float | None]:
    """Adjust p-values by Holm's step-down rule; a finding is an adjusted value at or below the level.

    The i-th smallest of m is multiplied by ``m - i + 1``, and no adjusted value is below that of a smaller p
    (S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979).

    Args:
        p: The p-values of the whole family; None for a test that could not be made. It stays None and does not count.

    Raises:
        InputError: For a p that is not between 0 and 1.
    """
    return _adjusted(p, _step_down)


def benjamini_yekutieli(p: Sequence[float | None]) -> list[float | None]:
    """Adjust p-values by Benjamini and Yekutieli's rule for tests that depend on each other in any way.

    The i-th smallest of m is multiplied by ``(m / i) (1 + 1/2 + ... + 1/m)``, and no adjusted value is above that of a
    larger p (The control of the false discovery rate under dependency, Annals of Statistics 29(4), 2001).

    Args:
        p: The p-values of the whole family; None for a test that could not be made. It stays None and does not count.

    Raises:
        InputError: For a p that is not between 0 and 1.
    """
    return _adjusted(p, _false_discoveries)


def _step_down(p: Floats) -> Floats:
    order = np.argsort(p, kind="stable")
    found = np.empty(p.size)
    found[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(p.size, 0, -1)), 1)
    return found


def _false_discoveries(p: Floats) -> Floats:
    from scipy.stats import false_discovery_control

    return np.asarray(false_discovery_control(p, method="by"), dtype=float)


def _adjusted(p: Sequence[float | None], rule: Callable[[Floats], Floats]) -> list[float | None]:
    family = np.array([value for value in p if value is not None], dtype=float)
    for value in family:
        if not 0 <= value <= 1:
            raise InputError(f"{value} is no p-value", cure="Give numbers from 0 to 1, None for a test not made.")
    found = iter(rule(family).tolist() if family.size else [])
    return [None if value is None else next(found) for value in p]
