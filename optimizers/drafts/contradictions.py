"""Knows which rules of a guideline cannot both be followed, as far as words tell; does not know what they mean.

Criteria of neighbouring labels are often one sentence in which one word changes (some, most, all). So two
statements are one only where all their words are, but for articles, auxiliaries, plurals and the denial itself.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ...data import Scale
from ...data.corpus import normal_form
from ...programs import GuidelineRule
from .level_headings import level_of, said_of_level

_NEGATION = re.compile(
    r"\b(?:(?:is|are|was|were|do|does|did|has|have|had|ca|wo|would|should|could|must|need)n t|can t|won t|cannot"
    r"|not|never|no|without|lack(?:s|ing)?|fail(?:s|ing)? to|absent|missing)\b"
)
_AUXILIARY = frozenset("do does did is are was were be been has have had any a an the there".split())
_COMPARES = re.compile(r"[<>≤≥=±+]|[-−](?=\d)|(?<=\d)\s*%")
_SIDE = re.compile(r"\b([AB])\b(?!-)")
_PLURAL = re.compile(r"(?<=[^\W\d]{2})(ies|(?<![sui])s)\b")
_LEAST_WORDS = {"levels": 3, "negation": 2}
"""Of a statement that counts: short ones are often shared by neighbouring labels and say little."""


@dataclass(frozen=True)
class Contradiction:
    """Two rules of which at most one can be followed.

    Attributes:
        one: The rule that stands first.
        other: The other one.
        why: ``levels`` (two labels claim the same statement) or ``negation`` (under one heading, one says what the
            other denies).
        levels: The labels that claim it; empty for ``negation``.
    """

    one: GuidelineRule
    other: GuidelineRule
    why: str
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Statement:
    """What a rule states: its words, whether it denies them, and of which label."""

    words: tuple[str, ...]
    denies: bool
    level: str | None


def contradictions(rules: Sequence[GuidelineRule], scale: Scale) -> Iterator[Contradiction]:
    """Yield pairs of rubric rules that claim one statement for two labels, or state and deny it for one.

    Statements are compared by their words, of which two or three at least are needed; what is said in other words is
    not found. On a pairwise scale their order counts: A beats B is not B beats A.

    Args:
        rules: Rules of one guideline.
        scale: Whose labels head the rubric; rules under other headings are compared with their own heading's only.
    """
    stated = [(rule, _stated(rule, scale)) for rule in rules if rule.part == "rubric"]
    for (one, first), (other, second) in combinations(stated, 2):
        if first.words != second.words:
            continue
        if first.level is not None and second.level is not None and first.level != second.level:
            if first.denies == second.denies and len(first.words) >= _LEAST_WORDS["levels"]:
                yield Contradiction(one, other, "levels", (first.level, second.level))
        elif first.denies != second.denies and _together(one, first, other, second):
            if len(first.words) >= _LEAST_WORDS["negation"]:
                yield Contradiction(one, other, "negation")


def _together(one: GuidelineRule, first: _Statement, other: GuidelineRule, second: _Statement) -> bool:
    """Say whether two rules hold for the same items: of one label, or under one heading that is no label's."""
    if first.level is None and second.level is None:
        return one.heading.casefold() == other.heading.casefold()
    return first.level == second.level


def _stated(rule: GuidelineRule, scale: Scale) -> _Statement:
    """Return the words of a statement without its negations; two of those cancel out."""
    text = said_of_level(rule.text, scale)
    if scale.comparative:
        text = _SIDE.sub(lambda found: f"side{found[1]}", text)
    form = normal_form(_COMPARES.sub(lambda found: f" sign{ord(found[0].strip()[0])} ", text))
    found = [word for word in _NEGATION.sub(" ", form).split() if word not in _AUXILIARY]
    words = [_PLURAL.sub(lambda ending: "y" if ending[1] == "ies" else "", word) for word in found]
    denies = len(_NEGATION.findall(form)) % 2 == 1
    return _Statement(tuple(words) if scale.comparative else tuple(sorted(set(words))), denies, level_of(rule, scale))
