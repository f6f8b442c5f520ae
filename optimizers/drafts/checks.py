"""Knows what a rewritten guideline must not do; does not know who wrote it or how well it works."""

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import groupby

from ...data import Scale
from ...data.corpus import normal_form
from ...programs import Guideline, GuidelineRule, rules_of
from .contradictions import contradictions
from .leak_guard import LeakGuard
from .level_headings import headings_of, level_named, number_named
from .scale_mentions import other_scales
from .size_budget import SizeBudget

_SHOWN = 80


@dataclass(frozen=True)
class DraftRefusal:
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
        dimension: The name of the judged one; an other quality within it ("plot" in "plot holes") is not meant.
        budget: What the new text may have at most.
    """

    scale: Scale
    guard: LeakGuard
    others: Sequence[str] = ()
    dimension: str = ""
    budget: SizeBudget = SizeBudget()

    def refusals(self, new: Guideline, told: Guideline) -> list[DraftRefusal]:
        """Return what is wrong with a guideline in what it does not share with the one it comes from.

        Args:
            new: The rewritten guideline.
            told: The guideline it was made from; its rules are taken as they are, whatever they say.
        """
        known = {rule.id for rule in rules_of(told)}
        fresh = [rule for rule in rules_of(new) if rule.id not in known]
        found = [*self._headings(new, told), *self._ranges(fresh, told)]
        found += [*self._dimension(fresh, told), *self._copies(fresh, told)]
        found += self._contradicts(rules_of(new), known)
        size = self.budget.tokens(new)
        if self.budget.most is not None and size > self.budget.most:
            found.append(
                DraftRefusal("too_long", f"it has about {size:,} tokens, and {self.budget.most:,} are allowed")
            )
        return found

    def _headings(self, new: Guideline, told: Guideline) -> Iterator[DraftRefusal]:
        """Find headings of the rubric, or rules that begin as with a label, which name a label of another scale."""
        if self.scale.levels is None or new.rubric == told.rubric:
            return
        names = ", ".join(self.scale.write(level) for level in self.scale.levels)
        before, headings = headings_of(told.rubric), headings_of(new.rubric)
        known = {rule.text for rule in rules_of(told)}
        for rule in (rule for rule in rules_of(new) if rule.part == "rubric" and rule.text not in known):
            if self._another(rule.text):
                yield DraftRefusal(
                    "other_scale", f"{number_named(rule.text)!r} is none of the labels {names}", (rule.id,)
                )
        for heading in (heading for heading in headings if heading not in before):
            if self._another(heading):
                rules = tuple(rule.id for rule in rules_of(new) if rule.heading == heading)
                yield DraftRefusal("other_scale", f"{number_named(heading)!r} is none of the labels {names}", rules)
        by_level = [heading for heading in headings if level_named(heading, self.scale) is not None]
        if len(headings) == len(self.scale.levels) and not by_level and set(headings).isdisjoint(before):
            if not any(level_named(rule.text, self.scale) for rule in rules_of(new) if rule.part == "rubric"):
                shown = ", ".join(map(repr, headings))
                yield DraftRefusal("other_scale", f"its headings are {shown}, and the labels are {names}")

    def _another(self, text: str) -> bool:
        """Say whether a text begins as with a label, and with none of the scale's."""
        return number_named(text) is not None and level_named(text, self.scale) is None

    def _ranges(self, fresh: Sequence[GuidelineRule], told: Guideline) -> Iterator[DraftRefusal]:
        if self.scale.levels is None:
            return
        names = ", ".join(self.scale.write(level) for level in self.scale.levels)
        before = {said for text in (told.instruction, told.rubric) for said in other_scales(text, self.scale)}
        for rule in fresh:
            for said in other_scales(f"{rule.heading}. {rule.text}", self.scale):
                if said not in before:
                    yield DraftRefusal("other_scale", f"it speaks of {said}, and the labels are {names}", (rule.id,))

    def _dimension(self, fresh: Sequence[GuidelineRule], told: Guideline) -> Iterator[DraftRefusal]:
        own = normal_form(self.dimension)
        before = _words_of(f"{told.instruction}\n{told.rubric}", own)
        for other in self.others:
            name = re.compile(rf" {re.escape(normal_form(other))}s? ")
            if normal_form(other) in ("", own) or name.search(before):
                continue
            for rule in fresh:
                if name.search(_words_of(f"{rule.heading}\n{rule.text}", own)):
                    yield DraftRefusal("off_dimension", f"it speaks of {other}", (rule.id,))

    def _copies(self, fresh: Sequence[GuidelineRule], told: Guideline) -> Iterator[DraftRefusal]:
        """Find copies of items in a rule, in its heading, and in rules that follow each other."""
        known = f"{told.instruction}\n{told.rubric}"
        found = False
        for rule in fresh:
            for text in (rule.text, rule.heading):
                item = self.guard.copied(text, known=known)
                if item is not None:
                    found = True
                    yield DraftRefusal("copies_item", f"it copies item {item!r}: {_shown(text)}", (rule.id,))
        for _, rules in groupby(fresh, key=lambda rule: rule.part):
            several = list(rules)
            item = self.guard.copied(" ".join(rule.text for rule in several), known=known)
            if item is not None and not found:
                what = f"it copies item {item!r}, a piece in each of several rules"
                yield DraftRefusal("copies_item", what, tuple(rule.id for rule in several))

    def _contradicts(self, rules: Sequence[GuidelineRule], known: Set[str]) -> Iterator[DraftRefusal]:
        for pair in contradictions(rules, self.scale):
            if not {pair.one.id, pair.other.id} <= known:
                if pair.why == "levels":
                    one, other = pair.levels
                    what = f"{one!r} and {other!r} both claim: {_shown(pair.other.text)}"
                else:
                    what = f"{_shown(pair.one.text)} is denied by: {_shown(pair.other.text)}"
                yield DraftRefusal("contradiction", what, (pair.one.id, pair.other.id))


def _words_of(text: str, without: str) -> str:
    """Return the words of a text between blanks, without every mention of a name."""
    words = f" {normal_form(text)} "
    return words.replace(f" {without} ", " | ") if without else words


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}...")
