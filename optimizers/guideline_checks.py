"""Knows what a rewritten guideline must not do; does not know who wrote it or how well it works."""

import math
import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from ..data import Scale
from ..data.near_duplicates import normal_form
from ..programs import Guideline, GuidelineRule, rules_of
from .contradictions import contradictions
from .leak_guard import LeakGuard

_RANGE = re.compile(
    r"\b(?:scales?|rat(?:e|es|ing|ings)|scor(?:e|es|ing)|labels?|from)\b[^.\n]{0,30}?"
    r"(-?\d+(?:\.\d+)?)\s*(?:-|–|—|to|through)\s*(-?\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:(?:label|level|score|rating)\s+)?(-?\d+(?:\.\d+)?)\b", re.IGNORECASE)
_SHOWN = 80
_CHARS_A_TOKEN = 4
"""What a token of English is long on average; the size is a budget, not a bill."""


@dataclass(frozen=True)
class Refusal:
    """One thing that is wrong with a guideline.

    Attributes:
        reason: ``other_scale``, ``off_dimension``, ``copies_item``, ``contradiction`` or ``too_long``.
        what: What exactly, in words that a writer can act upon.
        rules: The ids of the rules it is about.
    """

    reason: str
    what: str
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checks:
    """What guidelines are held to.

    Attributes:
        scale: The scale they are for.
        guard: Knows the training items.
        others: Names of other qualities that a guideline for this one must not speak of, unless the original does.
        max_tokens: The most that the new text may have, at 4 characters a token; None for any size.
    """

    scale: Scale
    guard: LeakGuard
    others: Sequence[str] = ()
    max_tokens: int | None = None

    def refusals(self, new: Guideline, told: Guideline) -> list[Refusal]:
        """Return what is wrong with a guideline in what it does not share with the one it comes from.

        Args:
            new: The rewritten guideline.
            told: The guideline it was made from; its rules are taken as they are, whatever they say.
        """
        known = {rule.id for rule in rules_of(told)}
        fresh = [rule for rule in rules_of(new) if rule.id not in known]
        found = [*self._scale(fresh, told), *self._dimension(fresh, told), *self._copies(fresh)]
        found += self._contradicts(rules_of(new), known)
        size = tokens_of(new)
        if self.max_tokens is not None and size > self.max_tokens:
            found.append(Refusal("too_long", f"it has about {size:,} tokens, and {self.max_tokens:,} are allowed"))
        return found

    def _scale(self, fresh: Sequence[GuidelineRule], told: Guideline) -> Iterator[Refusal]:
        """Find headings that look like a level and are none, and ranges that reach beyond the scale."""
        if self.scale.levels is None:
            return
        names = [self.scale.write(level) for level in self.scale.levels]
        known = {rule.heading for rule in rules_of(told)}
        for heading in dict.fromkeys(rule.heading for rule in fresh):
            number = _NUMBERED.match(heading)
            if number is not None and heading not in known and number[1] not in names:
                rules = tuple(rule.id for rule in fresh if rule.heading == heading)
                yield Refusal("other_scale", f"{number[1]!r} is none of the labels {', '.join(names)}", rules)
        for rule in fresh:
            for low, high in _RANGE.findall(rule.text):
                if not (low in names and high in names):
                    what = f"it speaks of {low} to {high}, and the labels are {', '.join(names)}"
                    yield Refusal("other_scale", what, (rule.id,))

    def _dimension(self, fresh: Sequence[GuidelineRule], told: Guideline) -> Iterator[Refusal]:
        before = " ".join(normal_form(rule.text) for rule in rules_of(told))
        for other in self.others:
            name = f" {normal_form(other)} "
            for rule in fresh:
                if name in f" {normal_form(rule.text)} " and name not in f" {before} ":
                    yield Refusal("off_dimension", f"it speaks of {other}", (rule.id,))

    def _copies(self, fresh: Sequence[GuidelineRule]) -> Iterator[Refusal]:
        for rule in fresh:
            item = self.guard.copied(rule.text)
            if item is not None:
                yield Refusal("copies_item", f"it copies item {item!r}: {_shown(rule.text)}", (rule.id,))

    def _contradicts(self, rules: Sequence[GuidelineRule], known: Set[str]) -> Iterator[Refusal]:
        for pair in contradictions(rules, self.scale):
            if not {pair.one.id, pair.other.id} <= known:
                if pair.why == "levels":
                    what = f"{pair.one.heading!r} and {pair.other.heading!r} both claim: {_shown(pair.other.text)}"
                else:
                    what = f"{_shown(pair.one.text)} is denied by: {_shown(pair.other.text)}"
                yield Refusal("contradiction", what, (pair.one.id, pair.other.id))


def tokens_of(guideline: Guideline) -> int:
    """Return about how many tokens a guideline adds to every request, at 4 characters a token."""
    return math.ceil(len(guideline.to_markdown()) / _CHARS_A_TOKEN)


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...")
