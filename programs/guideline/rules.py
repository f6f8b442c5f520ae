"""Knows the single rules that a guideline's text is made of; does not know where they come from or what they bring."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from ...data import InputError
from .checklist import Checklist
from .checklist_markdown import marked, read_question
from .guideline import Guideline

Part = Literal["instruction", "rubric", "checklist"]

HEADING = re.compile(r"^#{1,6}\s+(.+?)(?:\s+#+)?\s*$")
"""A line that is a heading, and its words: signs behind a blank that close it are none of them."""

_ITEM = re.compile(r"^(\s*)(?:[-*+]|\d{1,3}[.)])\s+(.*)$")
_MARK = re.compile(r"^\[(?:yes|no)\] ")
_SUPPORT = re.compile(r"\s*\(\d+ items?\)$")
"""What extractive rules end with; it may grow without the rule becoming another one."""


@dataclass(frozen=True)
class GuidelineRule:
    """One list item or paragraph of a guideline, or one question of its checklist.

    Attributes:
        part: Which part it stands in.
        heading: The nearest heading above it (a level's name, in a rubric by level); '' where there is none.
        text: Its words, without the list's mark and with single spaces; support counts are left out. A question has
            the answer that passes in front of it: ``[no] Does the story break off?``.
        start: Its first line within the part, from 0; of a question its place among the questions.
        end: The line, or place, after its last.
    """

    part: Part
    heading: str
    text: str
    start: int
    end: int

    @property
    def id(self) -> str:
        """The first 8 hexadecimal digits of the SHA-256 of part, heading and text: its name wherever it stands.

        Which answer passes is fitted, so it is not part of a question's name.
        """
        text = _MARK.sub("", self.text) if self.part == "checklist" else self.text
        content = "\0".join((self.part, self.heading.casefold(), text.casefold()))
        return hashlib.sha256(content.encode()).hexdigest()[:8]


def rules_of(guideline: Guideline) -> tuple[GuidelineRule, ...]:
    """Return the rules of the instruction, the rubric and the checklist, in the order in which they stand there."""
    questions = () if guideline.checklist is None else guideline.checklist.questions
    return (
        *_rules("instruction", guideline.instruction),
        *_rules("rubric", guideline.rubric),
        *(
            GuidelineRule("checklist", question.level, marked(question), place, place + 1)
            for place, question in enumerate(questions)
        ),
    )


def find_rule(guideline: Guideline, id: str) -> GuidelineRule:
    """Return the rule with an id, of which the beginning is enough.

    Raises:
        InputError: If no rule or more than one begins so.
    """
    found = {rule.id: rule for rule in rules_of(guideline) if id and rule.id.startswith(id.lower())}
    if len(found) == 1:
        return next(iter(found.values()))
    what = f"no rule {id!r}" if not found else f"{len(found)} rules begin with {id!r}"
    raise InputError(what, place="guideline", cure="'accord guideline show' lists the rules with their ids.")


def without_rule(guideline: Guideline, rule: GuidelineRule) -> Guideline:
    """Return the guideline without one of its rules; a heading that would stand over nothing goes too.

    Every other line stays as it is, byte for byte, but for empty ones that would follow each other where it stood.
    A checklist without its last question is none.

    Raises:
        InputError: If the rule does not stand there.
    """
    if rule not in rules_of(guideline):
        raise InputError(f"rule {rule.id} does not stand in it", place="guideline", cure="Take it from rules_of().")
    if rule.part == "checklist" and guideline.checklist is not None:
        questions = guideline.checklist.questions
        left = (*questions[: rule.start], *questions[rule.end :])
        return guideline.with_checklist(replace(guideline.checklist, questions=left) if left else None)
    lines = getattr(guideline, rule.part).split("\n")
    kept = [*lines[: rule.start], *lines[rule.end :]]
    place = rule.start - 1
    while place >= 0 and not kept[place].strip():
        place -= 1
    below = next((line for line in kept[rule.start :] if line.strip()), None)
    bare = below is None or HEADING.match(below) is not None
    cut = rule.start
    if place >= 0 and HEADING.match(kept[place]) and bare and _deep(kept[place]) >= _deep(below):
        del kept[place:cut]
        cut = place
    while 0 < cut < len(kept) and not kept[cut - 1].strip() and not kept[cut].strip():
        del kept[cut]
    return replace(guideline, **{rule.part: "\n".join(kept)})


def with_rule(guideline: Guideline, rule: GuidelineRule) -> Guideline:
    """Return the guideline with a rule of another one, as a list item at the end of what stands under its heading.

    A heading that is not there is added at the end of the part; a rule without one comes first. A guideline that has
    the rule is returned as it is. A question goes to the end of those of its level.
    """
    rules = rules_of(guideline)
    if rule.id in {own.id for own in rules}:
        return guideline
    if rule.part == "checklist":
        return _with_question(guideline, rule)
    lines = getattr(guideline, rule.part).split("\n")
    beside = [own for own in rules if own.part == rule.part and own.heading.casefold() == rule.heading.casefold()]
    if beside:
        last = beside[-1]
        gap = [] if _ITEM.match(lines[last.start]) else [""]
        lines[last.end : last.end] = [*gap, f"- {rule.text}"]
    elif rule.heading:
        lines += ["", f"### {rule.heading}", f"- {rule.text}"]
    else:
        lines[:0] = [f"- {rule.text}", ""]
    return replace(guideline, **{rule.part: "\n".join(lines)})


def _with_question(guideline: Guideline, rule: GuidelineRule) -> Guideline:
    """Return the guideline with a question more, which takes the place of one with the same words."""
    new = read_question(rule.text, rule.heading)
    if guideline.checklist is None:
        return guideline.with_checklist(Checklist((new,)))
    questions = [own for own in guideline.checklist.questions if own.text.casefold() != new.text.casefold()]
    beside = [place for place, own in enumerate(questions) if own.level == new.level]
    questions.insert(beside[-1] + 1 if beside else len(questions), new)
    return guideline.with_checklist(replace(guideline.checklist, questions=tuple(questions)))


def _rules(part: Part, text: str) -> Iterator[GuidelineRule]:
    lines = text.split("\n")
    heading, start = "", None
    for number, line in enumerate([*lines, ""]):
        titled, item = HEADING.match(line), _ITEM.match(line)
        ends = not line.strip() or titled is not None or (item is not None and _tops(lines, start, item))
        if start is not None and ends:
            found = _rule(part, heading, lines, start, number)
            if found.text:
                yield found
            start = None
        if titled is not None:
            heading = titled.group(1)
        elif line.strip() and start is None:
            start = number


def _tops(lines: list[str], start: int | None, item: re.Match[str]) -> bool:
    """Say whether a list item is no deeper than the rule that is being read: deeper ones are parts of it."""
    begun = None if start is None else _ITEM.match(lines[start])
    return begun is None or len(item.group(1)) <= len(begun.group(1))


def _rule(part: Part, heading: str, lines: list[str], start: int, end: int) -> GuidelineRule:
    item = _ITEM.match(lines[start])
    first = lines[start] if item is None else item.group(2)
    text = " ".join(" ".join([first, *lines[start + 1 : end]]).split())
    return GuidelineRule(part, heading, _SUPPORT.sub("", text), start, end)


def _deep(line: str | None) -> int:
    """Return how deep a heading is; the end of a text is the highest of all."""
    return 0 if line is None else len(line) - len(line.lstrip("#"))
