"""Knows whether a text copies a training item word by word; does not know what the text is for."""

from collections import Counter
from collections.abc import Iterable

from ...data.corpus import normal_form

RUN = 8
"""Words in a row that are a copy."""

WHOLE = 4
"""Fewest words of an item that is shorter than a run and is copied when it stands in the text as a whole."""

COMMON = 10
"""Items from which on words that stand in more than half of them are no item's own: a question that all answer."""


class LeakGuard:
    """Finds runs of at least 8 words, or whole items of 4 to 7 words, of training items in a text.

    Words are compared without case and punctuation; in languages written without blanks a clause is one word. A run
    that stands in more than half of 10 or more items is nobody's: a question that all answers repeat may be quoted.

    Args:
        items: Id and text of the training items; an item of several fields is there once for each.
    """

    def __init__(self, items: Iterable[tuple[str, str]]) -> None:
        """Remember every run by its hash."""
        owner: dict[int, str] = {}
        items_with: Counter[int] = Counter()
        runs_of: dict[str, set[int]] = {}
        for id, text in items:
            words = normal_form(text).split()
            if len(words) >= WHOLE:
                runs_of.setdefault(id, set()).update(_runs(words, min(len(words), RUN)))
        for id, runs in runs_of.items():
            items_with.update(runs)
            for run in runs:
                owner.setdefault(run, id)
        most = len(runs_of) / 2 if len(runs_of) >= COMMON else len(runs_of)
        self._runs = {run: id for run, id in owner.items() if items_with[run] <= most}

    def copied(self, text: str, *, known: str = "") -> str | None:
        """Return the id of an item that the text copies, None where it copies none.

        Args:
            text: The text.
            known: A text that was there before; what it quotes is not copied by who quotes it again.
        """
        before = set(_all_runs(known))
        return next((self._runs[run] for run in _all_runs(text) if run in self._runs and run not in before), None)


def _all_runs(text: str) -> list[int]:
    words = normal_form(text).split()
    return [run for length in range(WHOLE, RUN + 1) for run in _runs(words, length)]


def _runs(words: list[str], length: int) -> list[int]:
    return [hash(tuple(words[start : start + length])) for start in range(len(words) - length + 1)]
