"""Knows which level of a scale a heading or a rule of a guideline is about; does not know what is said of it."""

import re

from ...data import Scale
from ...programs import GuidelineRule
from ...programs.guideline import HEADING

_OPEN, _CLOSE = r"[*_\"'`“‘(\[]*", r"[*_\"'`”’)\]]*"
_BEFORE = rf"{_OPEN}(?:(?:labels?|levels?|scores?|ratings?|grades?|class|category)\s*[:=]?\s*)?{_OPEN}"
_AFTER = rf"{_CLOSE}\s*(?:(?:stars?|points?)\b\s*)?(?:\Z|[:=(]|[—–-]+\s+(?!\s*\d)){_CLOSE}"
"""Behind the name of a level that the rest is about there is nothing, or a sign that introduces what is said of it."""

_NUMBER = re.compile(rf"\A{_BEFORE}([-−]?\d{{1,3}}(?:\.\d+)?){_AFTER}", re.IGNORECASE)


def headings_of(text: str) -> tuple[str, ...]:
    """Return the headings of a part of a guideline, each once, in their order."""
    return tuple(dict.fromkeys(found.group(1) for found in map(HEADING.match, text.split("\n")) if found is not None))


def level_named(text: str, scale: Scale) -> str | None:
    """Return the level, as it is written, that a text begins with: ``3``, ``Label 3: dull``, ``**toxic** - insults``.

    Args:
        text: A heading, or a rule.
        scale: Whose levels count; without levels nothing is found.
    """
    number = number_named(text)
    names = [scale.write(level) for level in scale.levels or ()]
    for name in sorted(names, key=len, reverse=True):
        alike = number is not None and number_of(name) == number_of(number)
        if alike or re.match(rf"\A{_BEFORE}{re.escape(name)}{_AFTER}", text, re.IGNORECASE):
            return name
    return None


def number_named(text: str) -> str | None:
    """Return the number that a text begins with as with a level: ``7`` of ``Label 7: superb``, none of ``7 steps``."""
    found = _NUMBER.match(text)
    return None if found is None else found[1]


def level_of(rule: GuidelineRule, scale: Scale) -> str | None:
    """Return the level that a rule is about, by its heading or by how it begins; None for a rule of the instruction."""
    if rule.part == "instruction":
        return None
    named = level_named(rule.heading, scale)
    return level_named(rule.text, scale) if named is None else named


def said_of_level(text: str, scale: Scale) -> str:
    """Return what a rule says behind the level that it begins with; all of it where it begins with none."""
    named = level_named(text, scale)
    if named is None:
        return text
    number = _NUMBER.match(text)
    found = number if number is not None else re.match(rf"\A{_BEFORE}{re.escape(named)}{_AFTER}", text, re.IGNORECASE)
    return text if found is None else text[found.end() :].strip()


def number_of(name: str) -> float | None:
    """Return the number that a level's name is, None where it is a word."""
    try:
        return float(name.replace("−", "-"))
    except ValueError:
        return None
