"""Knows whether a text copies a training item word by word; does not know what the text is for."""

from collections.abc import Iterable

from ..data.near_duplicates import normal_form

RUN = 8
"""Words in a row that are a copy."""

WHOLE = 4
"""Fewest words of an item that is shorter than a run and is copied when it stands in the text as a whole."""


class LeakGuard:
    """Finds runs of at least 8 words, or whole items of 4 to 7 words, of training items in a text.

    Words are compared without case and punctuation.

    Args:
        items: Id and text of the training items; an item of several fields is there once for each.
    """

    def __init__(self, items: Iterable[tuple[str, str]]) -> None:
        """Remember every run by its hash."""
        self._runs: dict[int, str] = {}
        for id, text in items:
            words = normal_form(text).split()
            if len(words) >= WHOLE:
                for run in _runs(words, min(len(words), RUN)):
                    self._runs.setdefault(hash(run), id)

    def copied(self, text: str) -> str | None:
        """Return the id of an item that the text copies, None where it copies none."""
        words = normal_form(text).split()
        runs = (run for length in range(WHOLE, RUN + 1) for run in _runs(words, length))
        return next((self._runs[hash(run)] for run in runs if hash(run) in self._runs), None)


def _runs(words: list[str], length: int) -> list[tuple[str, ...]]:
    return [tuple(words[start : start + length]) for start in range(len(words) - length + 1)]
