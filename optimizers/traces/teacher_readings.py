"""Knows how to infer what a teacher reads in each item, and how that bears on its label; does not list suspects.

A model in the manner of A. P. Dawid and A. M. Skene (Applied Statistics 28(1), 1979, doi:10.2307/2346806), with one
layer more. An item has a true label, of which two things are seen:

- the human label: right, or, in a share `noise` of the items, any other label;
- the teacher's *reading* of the item, one label, right or wrong as often as the table P(reading | truth) says. It is
  not seen itself, only in draws, which follow it as often as the table P(draw | reading) says.

The draws of an item are independent given the reading, not given the truth: all of them together tell what the reading
is, and the reading is one witness. So sixteen agreeing draws of a stubborn teacher weigh no more than a teacher's
reading is worth, and a teacher whose draws scatter around the truth has a reading that its draws establish together.
"""

from dataclasses import dataclass

import numpy as np

from .luck_control import WholeNumbers, _Floats

_STEPS = 200
_CONVERGED = 1e-5
_DRAW_SHARE = 0.7
"""Of draws that equal the reading, at the start: it ties each reading to the label that it is named after."""
_READING_SHARE = 0.9
"""Of readings that are right, at the start."""
_READING_PRIOR = 0.2
_DRAW_PRIOR = 1.0
"""Pseudo-counts of a row of either table, so that nothing is impossible because it was not seen."""


@dataclass(frozen=True)
class Readings:
    """What the fitted model says.

    Attributes:
        reading: P(reading | draws, human label) of each item, shape (items, labels).
        truth: P(truth | human label, reading), shape (labels of truth, of people, of readings).
    """

    reading: _Floats
    truth: _Floats


def fit_readings(counts: _Floats, said: WholeNumbers, noise: float) -> Readings:
    """Fit the model by EM, which takes the recorded draws as they are.

    Stopping rules that look at the draws and the human label, both of which are seen, leave the likelihood as it is:
    data that stopped at the first match needs no correction.

    The data cannot tell a wrong label from a teacher that errs far (either fills the same cells), so `noise` is given,
    not estimated; it scales the probabilities and hardly moves their order.

    Args:
        counts: How often each label was drawn for each item, shape (items, labels); at least one draw an item.
        said: The number of each item's human label, shape (items,).
        noise: Share of the human labels that are wrong, in (0, 1).
    """
    labels = counts.shape[1]
    same = np.eye(labels)
    labelling = (1 - noise) * same + noise * (1 - same) / (labels - 1)
    drawn = _normal((counts / counts.sum(axis=1, keepdims=True)).sum(axis=0) + 1)
    truths = _normal(np.bincount(said, minlength=labels) + 1.0)
    drawing = _DRAW_SHARE * same + (1 - _DRAW_SHARE) * drawn
    reading = _READING_SHARE * same + (1 - _READING_SHARE) * drawn
    for _ in range(_STEPS):
        together = truths[:, None, None] * labelling[:, :, None] * reading[:, None, :]
        each = _each_reading(counts, said, drawing, together.sum(axis=0))
        # Expected items by human label and reading, then split by truth.
        cells = np.stack([each[said == label].sum(axis=0) for label in range(labels)])
        split = together / together.sum(axis=0) * cells
        before = reading
        reading = _normal(split.sum(axis=1) + _READING_PRIOR * (same + 1 / labels))
        truths = _normal(split.sum(axis=(1, 2)) + 1)
        drawing = _normal(each.T @ counts + _DRAW_PRIOR * (same + 1 / labels))
        if np.abs(reading - before).max() < _CONVERGED:
            break
    together = truths[:, None, None] * labelling[:, :, None] * reading[:, None, :]
    return Readings(_each_reading(counts, said, drawing, together.sum(axis=0)), together / together.sum(axis=0))


def _each_reading(counts: _Floats, said: WholeNumbers, drawing: _Floats, cells: _Floats) -> _Floats:
    """Return P(reading | draws, human label) from P(draw | reading) and P(human label, reading)."""
    log = counts @ np.log(drawing).T + np.log(cells)[said]
    return _normal(np.exp(log - log.max(axis=1, keepdims=True)))


def _normal(table: np.ndarray) -> _Floats:
    return table / table.sum(axis=-1, keepdims=True)
