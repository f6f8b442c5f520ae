"""Knows which rationales may not stand for an item, and why; does not know whether their label matched."""

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from ...data import SetupError
from .words import words


class Filter(Protocol):
    """Refuses a rationale that would teach nothing, or something wrong.

    A refused draw is still a hit where its label matched, so filters change no hit rate; it only cannot stand for the
    item. The answer depends on the arguments alone.
    """

    def refuses(self, rationale: str, fields: Mapping[str, str], earlier: Sequence[str]) -> str:
        """Return a reason that can be counted, or the empty string where the rationale is fine.

        Args:
            rationale: What the teacher argued.
            fields: The texts of the item.
            earlier: The item's rationales that were accepted before this one.
        """
        ...


@dataclass(frozen=True)
class Empty:
    """Refuses a rationale without a single word, e.g. nothing but signs."""

    def refuses(self, rationale: str, fields: Mapping[str, str], earlier: Sequence[str]) -> str:
        """Return ``"empty"`` or nothing."""
        return "" if words(rationale) else "empty"


@dataclass(frozen=True)
class Length:
    """Refuses a rationale that says too little to be one, or does not come to an end.

    Attributes:
        least_words: Fewest words.
        most_words: Most words. Characters of scripts without spaces count as words.
    """

    least_words: int = 3
    most_words: int = 4_000

    def __post_init__(self) -> None:
        """Refuse limits that nothing can meet."""
        if not 0 <= self.least_words <= self.most_words:
            what = f"no text has from {self.least_words} to {self.most_words} words"
            raise SetupError(what, place="Length", cure="Give 0 <= least_words <= most_words.")

    def refuses(self, rationale: str, fields: Mapping[str, str], earlier: Sequence[str]) -> str:
        """Return ``"too_short"``, ``"too_long"`` or nothing."""
        count = len(words(rationale))
        if count < self.least_words:
            return "too_short"
        return "too_long" if count > self.most_words else ""


@dataclass(frozen=True)
class Copy:
    """Refuses a rationale that is mostly the item over again.

    Attributes:
        share: Share of the rationale's runs of words found in the item from which on it is a copy.
        run: Length of a run in words; a shorter rationale is one run.
    """

    share: float = 0.8
    run: int = 4

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        if not 0 < self.share <= 1 or self.run < 1:
            what = f"share={self.share}, run={self.run}"
            raise SetupError(what, place="Copy", cure="Give a share in (0, 1] and a run of 1 word or more.")

    def refuses(self, rationale: str, fields: Mapping[str, str], earlier: Sequence[str]) -> str:
        """Return ``"copies_item"`` or nothing."""
        said = words(rationale)
        if not said:
            return ""
        run = min(self.run, len(said))
        shown = _shown(tuple(fields.values()), run)
        runs = _runs(said, run)
        return "copies_item" if sum(part in shown for part in runs) >= self.share * len(runs) else ""


@dataclass(frozen=True)
class Duplicate:
    """Refuses a rationale in the same words as an earlier one of the item, whatever its punctuation and case."""

    def refuses(self, rationale: str, fields: Mapping[str, str], earlier: Sequence[str]) -> str:
        """Return ``"duplicate"`` or nothing."""
        if not earlier:
            return ""
        said = words(rationale)
        return "duplicate" if any(words(other) == said for other in earlier) else ""


@dataclass(frozen=True)
class OtherScript:
    """Refuses a rationale mostly in a script that neither the item nor the guideline is written in.

    It tells scripts, not languages: a Chinese or Russian rationale for an English item is refused, a French one is not.
    Digits, signs and emoji belong to no script, and Han and kana count as one.

    Attributes:
        known: Scripts that are fine for any item, by the first word of their characters' Unicode names: give the
            guideline's. HAN stands for Han and kana.
        least_letters: Fewest letters to judge by.
        part: Share of the item's letters from which on a script is the item's.
    """

    known: tuple[str, ...] = ("LATIN",)
    least_letters: int = 8
    part: float = 0.1

    def refuses(self, rationale: str, fields: Mapping[str, str], earlier: Sequence[str]) -> str:
        """Return ``"wrong_language"`` or nothing."""
        if rationale.isascii() and "LATIN" in self.known:
            return ""
        found = _scripts(rationale)
        if found.total() < self.least_letters:
            return ""
        script, letters = found.most_common(1)[0]
        if script in self.known or 2 * letters <= found.total():
            return ""
        shown = _item_scripts(tuple(fields.values()))
        return "" if shown[script] and shown[script] >= self.part * shown.total() else "wrong_language"


@dataclass(frozen=True)
class Degenerate:
    """Refuses a rationale that says one phrase over and over, as models do that got stuck.

    Attributes:
        share: Share of different ones among its runs of three words up to which it is stuck. Ordinary prose of any
            length stays above 0.8.
        least_words: Shorter rationales pass.
    """

    share: float = 0.4
    least_words: int = 6

    def refuses(self, rationale: str, fields: Mapping[str, str], earlier: Sequence[str]) -> str:
        """Return ``"repeats"`` or nothing."""
        said = words(rationale)
        if len(said) < max(self.least_words, 3):
            return ""
        runs = _runs(said, 3)
        return "repeats" if len(set(runs)) <= self.share * len(runs) else ""


DEFAULT_FILTERS: tuple[Filter, ...] = (Empty(), Length(), Degenerate(), Copy(), OtherScript(), Duplicate())
"""All of them; the first that refuses gives the reason."""


def refusal(filters: Sequence[Filter], rationale: str, fields: Mapping[str, str], earlier: Sequence[str]) -> str:
    """Return the reason of the first filter that refuses the rationale, or the empty string."""
    for each in filters:
        reason = each.refuses(rationale, fields, earlier)
        if reason:
            return reason
    return ""


def _runs(said: Sequence[str], run: int) -> list[tuple[str, ...]]:
    return list(zip(*(said[start:] for start in range(run)), strict=False))


# The draws of an item come one after the other, so that its own texts are cut up once and not for each of them.
@lru_cache(maxsize=64)
def _shown(texts: tuple[str, ...], run: int) -> frozenset[tuple[str, ...]]:
    return frozenset(part for text in texts for part in _runs(words(text), run))


@lru_cache(maxsize=64)
def _item_scripts(texts: tuple[str, ...]) -> Counter[str]:
    return _scripts("\n".join(texts))


def _scripts(text: str) -> Counter[str]:
    """Count the letters of each script."""
    found: Counter[str] = Counter()
    # Compatibility forms (full-width or mathematical letters) are written as the letters they stand for.
    for character, count in Counter(unicodedata.normalize("NFKC", text)).items():
        script = _script(character)
        if script:
            found[script] += count
    return found


@lru_cache(maxsize=65_536)
def _script(character: str) -> str:
    """Return a letter's script, or the empty string for what is no letter."""
    if not character.isalpha():
        return ""
    first = unicodedata.name(character, "").split(" ")[0]
    return "HAN" if first in ("CJK", "HIRAGANA", "KATAKANA", "BOPOMOFO") else first
