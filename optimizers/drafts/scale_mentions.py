"""Knows where a text speaks of rating on a scale of numbers that is not the one in use; knows no rules."""

import math
import re
from collections.abc import Iterator

from ...data import Scale
from .level_headings import number_of

_NUMBER = r"([-−]?\d+(?:\.\d+)?)"
_TO = r"\s*(?:-|–|—|to|through|and|up to)\s*"
_RATING = (
    r"\b(?:scales?|rat(?:e|es|ed|ing|ings)|scor(?:e|es|ed|ing)|labels?|labell?ed|grad(?:e|es|ed|ing)|marks?|levels?"
    r"|assign)\b"
)
_ENDS = (
    r"(?!\.\d)(?:\s*(?:stars?|points?|scale)\b)?"
    r"(?=\s*(?:\Z|[.,;:!?)(\]\"'”’—]"
    r"|\b(?:scale|where|with|as|based|depending|according|by|only|in|for|from|so|and|or|is|are|means?)\b))"
)
"""What follows the numbers of a scale; other numbers are followed by what they count: "5 to 10 words"."""

_RANGE = re.compile(rf"{_RATING}[^.\n;]{{0,30}}?(?<![\d.]){_NUMBER}{_TO}{_NUMBER}{_ENDS}", re.IGNORECASE)
_RANGE_FIRST = re.compile(
    rf"(?<![\d.]){_NUMBER}\s*(?:-|–|—|to)\s*{_NUMBER}[\s-]+(?:rating\s+|point\s+)?scale\b", re.IGNORECASE
)
_COUNTED = re.compile(rf"(?<![\d.]){_NUMBER}\s*(?:-|–|—|to)\s*{_NUMBER}\s+(?:points|stars)\b", re.IGNORECASE)
_OUT_OF = re.compile(
    rf"{_RATING}[^.\n;]{{0,30}}?(?<![\d.])(?:\d+(?:\.\d+)?\s*)?(?:\bout of\s+|/\s*)(\d+){_ENDS}", re.IGNORECASE
)
_POINTS = re.compile(
    r"\b(\d+|three|four|five|six|seven|eight|nine|ten|hundred)[\s-]+(?:point|star)s?[\s-]+(?:\w+\s+)?scale\b",
    re.IGNORECASE,
)
_WORDS = {"three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "hundred": 100}


def other_scales(text: str, scale: Scale) -> Iterator[str]:
    """Yield what a text says of rating on numbers beyond a scale's: ``1 to 10``, ``a label out of 10``.

    Numbers that count something else are left alone (rate it lower if 5 to 10 words are misspelled).

    Args:
        text: What is said in a guideline.
        scale: The scale in use; on one of names every range of numbers is another.
    """
    numbers = [number_of(scale.write(level)) for level in scale.levels or ()]
    known = [number for number in numbers if number is not None]
    lowest, highest = (min(known), max(known)) if known else (math.inf, -math.inf)
    for found in (*_RANGE.finditer(text), *_RANGE_FIRST.finditer(text), *_COUNTED.finditer(text)):
        named = [number for number in map(number_of, found.groups()) if number is not None]
        if not all(lowest <= number <= highest for number in named):
            yield f"{found[1]} to {found[2]}"
    for found in _OUT_OF.finditer(text):
        if float(found[1]) != highest:
            yield f"a label out of {found[1]}"
    for found in _POINTS.finditer(text):
        count = _WORDS.get(found[1].casefold())
        if (int(found[1]) if count is None else count) not in (len(numbers), highest):
            yield f"a scale of {found[1]} points"
