"""Knows what changed from one version of a guideline to another, rule by rule; does not know why."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from .checklist import SHARE_PASSED
from .guideline import Case, Guideline
from .rules import GuidelineRule, rules_of

_ALIKE = 0.6
"""Share of words in common from which two rules are one that was changed."""


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        kind: ``added``, ``dropped`` or ``changed``.
        where: ``instruction``, ``rubric``, ``checklist`` or ``cases``.
        old: The text before; '' for what was added.
        new: The text after; '' for what was dropped.
        old_id: The rule's id before; '' for cases, thresholds and what was added.
        new_id: The rule's id after; '' for cases, thresholds and what was dropped. Where it is the old one, a question
            is passed with the other answer now.
        heading: The heading it stands, or stood, under.
    """

    kind: Literal["added", "dropped", "changed"]
    where: Literal["instruction", "rubric", "checklist", "cases"]
    old: str = ""
    new: str = ""
    old_id: str = ""
    new_id: str = ""
    heading: str = ""


def guideline_diff(old: Guideline, new: Guideline) -> tuple[Change, ...]:
    """Return what was added, dropped and changed, in the order of the new text; what was dropped comes first.

    A rule with the same id and text in both is the same; its place among the others does not matter. Of the rest, two
    of one part with most of their words in common are one rule that was changed, the most alike first.
    """
    before, after = rules_of(old), rules_of(new)
    same = {(rule.id, _said(rule)) for rule in before} & {(rule.id, _said(rule)) for rule in after}
    gone = [rule for rule in before if (rule.id, _said(rule)) not in same]
    come = [rule for rule in after if (rule.id, _said(rule)) not in same]
    became = _changed(gone, come)
    dropped = [_dropped(rule) for rule in gone if rule not in became.values()]
    changed = [_new(rule, became.get(rule)) for rule in come]
    return (*dropped, *changed, *_thresholds(old, new), *_cases(old.cases, new.cases))


def _changed(gone: Sequence[GuidelineRule], come: Sequence[GuidelineRule]) -> dict[GuidelineRule, GuidelineRule]:
    """Return for each new rule the old one it comes from, where there is one."""
    pairs = [
        (_likeness(one, other), place, number)
        for place, one in enumerate(gone)
        for number, other in enumerate(come)
        if one.part == other.part
    ]
    found: dict[GuidelineRule, GuidelineRule] = {}
    for likeness, place, number in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if likeness >= _ALIKE and come[number] not in found and gone[place] not in found.values():
            found[come[number]] = gone[place]
    return found


def _likeness(one: GuidelineRule, other: GuidelineRule) -> float:
    words = one.text.casefold().split(), other.text.casefold().split()
    return SequenceMatcher(a=words[0], b=words[1], autojunk=False).ratio()


def _dropped(rule: GuidelineRule) -> Change:
    return Change("dropped", rule.part, old=rule.text, old_id=rule.id, heading=rule.heading)


def _new(rule: GuidelineRule, old: GuidelineRule | None) -> Change:
    if old is None:
        return Change("added", rule.part, new=rule.text, new_id=rule.id, heading=rule.heading)
    return Change("changed", rule.part, old.text, rule.text, old.id, rule.id, rule.heading)


def _said(rule: GuidelineRule) -> str:
    """Return the beginning of a question, which says what passes; other rules are told apart by their ids."""
    return rule.text[:5] if rule.part == "checklist" else ""


def _thresholds(old: Guideline, new: Guideline) -> list[Change]:
    before, after = (
        "" if one.checklist is None else "; ".join(map(str, one.checklist.thresholds)) for one in (old, new)
    )
    if before == after:
        return []
    kind = "changed" if before and after else "added" if after else "dropped"
    return [Change(kind, "checklist", before, after, heading=SHARE_PASSED)]


def _cases(old: Sequence[Case], new: Sequence[Case]) -> list[Change]:
    dropped = [Change("dropped", "cases", old=_shown(case)) for case in old if case not in new]
    return [*dropped, *(Change("added", "cases", new=_shown(case)) for case in new if case not in old)]


def _shown(case: Case) -> str:
    return " / ".join([*case.fields.values(), f"{case.rationale} -> {case.label}"])
