"""Knows how items become a few numbers that a small classifier can learn from; knows nothing about labels."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ..errors import InputError
from ..statistics import Floats
from ..values import is_number, plain, show

DIRECTIONS = 8
"""Most directions of words: the more inputs, the more labels it takes to learn from them."""

_WORDS = 20_000


class ItemFeatures(NamedTuple):
    """Numbers of items.

    Attributes:
        names: What each column is.
        values: (items, columns); columns that vary have mean 0 and standard deviation 1.
    """

    names: list[str]
    values: Floats


def item_features(
    texts: Sequence[str] | None, given: Mapping[str, Sequence[float]] | None, items: int, seed: int
) -> ItemFeatures:
    """Make features of texts, and of numbers that are given.

    Of texts: the logarithm of the length in characters, and the main directions of their TF-IDF weights by word.

    Args:
        texts: One for each item, or None.
        given: Further numbers by name, one for each item, or None.
        items: How many items there are.
        seed: Of the decomposition.

    Raises:
        InputError: For a length that differs, or a number that is not finite.
    """
    columns: dict[str, Floats] = {}
    if texts is not None:
        _check_length("texts", len(texts), items)
        columns["length"] = np.log1p(np.array([len(text) for text in texts], dtype=float))
        columns |= _directions(texts, seed)
    for name, numbers in ({} if given is None else given).items():
        _check_length(f"numbers of the feature {name!r}", len(numbers), items)
        columns[name] = np.array([_number(number, name) for number in numbers], dtype=float)
    return ItemFeatures(
        list(columns), standardized(np.stack(list(columns.values()), axis=1) if columns else np.empty((items, 0)))
    )


def standardized(columns: Floats) -> Floats:
    """Bring columns to mean 0 and, where they vary, standard deviation 1."""
    if not columns.size:
        return columns
    apart = columns - columns.mean(axis=0)
    spread = apart.std(axis=0)
    return np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 1e-12)


def _directions(texts: Sequence[str], seed: int) -> dict[str, Floats]:
    if not any(text.strip() for text in texts):
        return {}
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(sublinear_tf=True, max_features=_WORDS, token_pattern=r"(?u)\S+").fit_transform(texts)
    count = min(DIRECTIONS, min(words.shape) - 1)
    if count < 1:
        return {}
    made = TruncatedSVD(count, random_state=seed).fit_transform(words)
    return {f"words {number + 1}": made[:, number] for number in range(count)}


def _number(number: float, name: str) -> float:
    number = plain(number)
    if not is_number(number) or not math.isfinite(number):
        raise InputError(f"{show(number)} is no finite number", place=f"feature {name!r}", cure="Give finite numbers.")
    return float(number)


def _check_length(what: str, have: int, wanted: int) -> None:
    if have != wanted:
        raise InputError(f"{have} {what} for {wanted} items", cure="Give one for each item.")
