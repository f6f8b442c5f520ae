"""Knows how to cut a text into words, for counting and comparing; knows no language."""

import re
from functools import lru_cache

_ALONE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Thai to Khmer, kana and Han: written without spaces, so that each character is taken as a word."""
_MARKS = "\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0963\u0966-\u0dff"
r"""Marks written on letters, which ``\w`` leaves out, and the Indic blocks that are full of them."""
_LETTER = rf"(?:[^\W_{_ALONE}]|[{_MARKS}])"
_WORD = re.compile(rf"[{_ALONE}]|{_LETTER}+(?:['’]{_LETTER}+)*")
_PLAIN = re.compile(r"[a-z0-9]+(?:'[a-z0-9]+)*")


# Each filter and the selection ask for the words of the same few rationales, one item after the other.
@lru_cache(maxsize=128)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in lower case, without punctuation, signs and emoji."""
    # Twice as fast, and the same words, for what most texts are.
    return tuple(_PLAIN.findall(text.lower()) if text.isascii() else _WORD.findall(text.lower()))
