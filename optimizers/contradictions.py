"""Knows which rules of a guideline cannot both be followed, as far as words tell; does not know what they mean."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from ..data import Scale
from ..data.near_duplicates import normal_form
from ..programs import GuidelineRule

_NEGATION = re.compile(
    r"\b(?:not|never|no|without|lacks?|lacking|isn t|aren t|doesn t|don t|didn t|can t|cannot|won t|absent|missing)\b"
)
_AUXILIARY = re.compile(r"\b(?:do|does|did|is|are|be|any|a|an|the)\b")
_LEAST_WORDS = 3
_ALIKE = 0.8


@dataclass(frozen=True)
class Contradiction:
    """Two rules of which at most one can be followed.

    Attributes:
        one: The rule that stands first.
        other: The other one.
        why: ``levels`` (two labels claim what is nearly the same statement) or ``negation`` (under one heading, one
            says what the other denies).
    """

    one: GuidelineRule
    other: GuidelineRule
    why: str


def contradictions(rules: Sequence[GuidelineRule], scale: Scale) -> Iterator[Contradiction]:
    """Yield pairs of rubric rules that claim one statement for two labels, or state and deny it for one.

    Statements are compared as sets of words; what is said in quite other words is not found.

    Args:
        rules: Rules of one guideline.
        scale: Whose labels head the rubric; rules under other headings are compared with their own heading's only.
    """
    levels = {scale.write(level).casefold() for level in scale.levels or ()}
    of_rubric = [rule for rule in rules if rule.part == "rubric"]
    stated = {rule: _stated(rule.text) for rule in of_rubric}
    for one, other in combinations(of_rubric, 2):
        (words, denied), (others, also_denied) = stated[one], stated[other]
        if min(len(words), len(others)) < _LEAST_WORDS or len(words & others) < _ALIKE * len(words | others):
            continue
        same = one.heading.casefold() == other.heading.casefold()
        if same and denied != also_denied:
            yield Contradiction(one, other, "negation")
        elif not same and denied == also_denied and {one.heading.casefold(), other.heading.casefold()} <= levels:
            yield Contradiction(one, other, "levels")


def _stated(text: str) -> tuple[frozenset[str], bool]:
    """Return the words of a statement without its negations, and whether it denies: two of them cancel out."""
    form = normal_form(text)
    denies = len(_NEGATION.findall(form)) % 2 == 1
    return frozenset(_AUXILIARY.sub(" ", _NEGATION.sub(" ", form)).split()), denies
