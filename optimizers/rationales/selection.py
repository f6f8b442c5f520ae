"""Knows which of an item's accepted rationales stands for the item; does not know how they were accepted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...data import InputError
from .words import words

_TIE = 1e-9
"""Similarities that differ by less are one and the same, added up in another order."""
_PAIR = 1 << 32
"""Above the number of different words in any item's rationales, so that pairs of words have numbers of their own."""


class Selection(Protocol):
    """Chooses the accepted rationale that stands for an item.

    Deterministic, and ties go to the earliest: the same draws must give the same traces when a run is resumed.
    """

    def choose(self, rationales: Sequence[str]) -> int:
        """Return the place of the chosen one.

        Args:
            rationales: The item's accepted rationales in the order of their draws, at least one.

        Raises:
            InputError: If there is none to choose from.
        """
        ...


@dataclass(frozen=True)
class Earliest:
    """The first match, whatever it says (Zhang et al., arXiv 2510.25860, section 3)."""

    def choose(self, rationales: Sequence[str]) -> int:
        """Return 0."""
        _some(rationales, "Earliest")
        return 0


@dataclass(frozen=True)
class Shortest:
    """The rationale with the fewest words."""

    def choose(self, rationales: Sequence[str]) -> int:
        """Return the place of the shortest."""
        _some(rationales, "Shortest")
        lengths = [len(words(text)) for text in rationales]
        return lengths.index(min(lengths))


@dataclass(frozen=True)
class Medoid:
    """The rationale most like the other accepted ones: the argument the teacher comes back to, not a stray one.

    Likeness is the cosine of two texts' sets of words and pairs of neighbouring words, |A and B| / sqrt(|A| |B|): a
    light measure that sees shared wording, not shared meaning. The chosen text has the greatest sum over the others. Of
    one or two texts it is the earlier.
    """

    def choose(self, rationales: Sequence[str]) -> int:
        """Return the place of the medoid."""
        _some(rationales, "Medoid")
        if len(rationales) < 3:
            return 0
        # A text's similarities to all texts are one product with the sum of their unit vectors; less 1 for itself.
        rows = _terms(rationales)
        sizes = np.array([len(row) for row in rows])
        _, terms = np.unique(np.concatenate(rows), return_inverse=True)
        unit = 1 / np.sqrt(np.maximum(sizes, 1))
        total = np.bincount(terms, weights=np.repeat(unit, sizes))
        places = np.repeat(np.arange(len(rows)), sizes)
        likeness = np.bincount(places, weights=total[terms], minlength=len(rows)) * unit - (sizes > 0)
        return int(np.argmax(likeness > likeness.max() - _TIE))


def _terms(texts: Sequence[str]) -> list[np.ndarray]:
    """Return for each text the numbers of the different words and pairs of words in it."""
    known: dict[str, int] = {}
    rows = []
    for text in texts:
        row = np.array([known.setdefault(word, len(known) + 1) for word in words(text)], dtype=np.int64)
        rows.append(np.unique(np.concatenate([row, row[:-1] * _PAIR + row[1:]])))
    return rows


def _some(rationales: Sequence[str], place: str) -> None:
    if not rationales:
        raise InputError("there is no rationale to choose from", place=place, cure="Give at least one.")
