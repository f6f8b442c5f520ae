"""Knows how to gather equal rows into cells and to add up weights by cell; knows nothing about what the rows mean.

Every coefficient of agreement depends on the items only through how often each distinct row of labels occurs. So rows
are gathered into *cells* once, and a resample is a column of cell weights: 2,000 resamples of 10,000 items on a
five-level scale are a matrix of 25 x 2,000, not 2,000 passes over 10,000 items.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


class _Cells(NamedTuple):
    """Distinct rows of a table of codes.

    Attributes:
        rows: (cells, columns) the distinct rows, in ascending order.
        cell: (items,) the cell each item lies in.
    """

    rows: Codes
    cell: Codes


class Coded(NamedTuple):
    """A table as places in its sorted values.

    Attributes:
        values: (values,) the numbers that occur, ascending.
        codes: (items, columns) the place of each number, -1 for a gap.
    """

    values: Floats
    codes: Codes


def distinct_rows(codes: Codes) -> _Cells:
    """Gather equal rows.

    The order of the cells depends on the codes only, never on the order of the items, so that a seeded resample is
    the same for a shuffled file.

    Args:
        codes: (items, columns) whole numbers from -1 up.
    """
    items, columns = codes.shape
    cell = np.zeros(items, dtype=np.int64)
    first = np.zeros(min(items, 1), dtype=np.int64)
    for j in range(columns):
        column = codes[:, j] + 1
        # Renumbering after each column keeps the joint code small: at most items x levels, far from overflow.
        joint = cell * (int(column.max(initial=0)) + 1) + column
        _, first, cell = np.unique(joint, return_index=True, return_inverse=True)
        cell = cell.astype(np.int64)
    return _Cells(codes[first], cell)


def totals(codes: Codes, size: int, weights: Floats) -> Floats:
    """Add up weights by code: ``out[c] = sum of weights[i] over i with codes[i] == c``.

    Args:
        codes: (rows,) whole numbers below ``size``; rows with a negative code are left out.
        size: How many codes there are.
        weights: (rows, resamples).

    Returns:
        (size, resamples).
    """
    from scipy.sparse import csr_matrix

    rows = np.flatnonzero(codes >= 0)
    adder = csr_matrix((np.ones(rows.size), (codes[rows], rows)), shape=(size, codes.size))
    return adder @ weights


def midranks(sizes: Floats) -> Floats:
    """Return the mean rank of each level, less 0.5: what stands below it plus half of what stands on it.

    Args:
        sizes: (levels, resamples) weight on each level, lowest level first.
    """
    return np.cumsum(sizes, axis=0) - sizes / 2


def ratio(numerator: Floats, denominator: Floats, defined: NDArray[np.bool_]) -> Floats:
    """Divide where the coefficient is defined, NaN elsewhere (NaN never leaves the room: it becomes a note)."""
    out = np.full(np.shape(denominator), np.nan)
    np.divide(numerator, denominator, out=out, where=np.asarray(defined) & (denominator != 0))
    return out


def coded(table: Floats) -> Coded:
    """Number the values of a table with gaps.

    Args:
        table: (items, columns) numbers, NaN where there is none.
    """
    there = np.isfinite(table)
    values = np.unique(table[there])
    return Coded(values, np.where(there, np.searchsorted(values, table), -1).astype(np.int64))
