"""Knows how to read what a writer model sends for a guideline; does not know how it was asked or whether it is good."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ...data import Draw, InputError
from ...programs import Checklist, Guideline, Part, rules_of
from ...programs.guideline import parse_guideline

_TAGGED = re.compile(r"<guideline>(.*?)</guideline>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"\A\s*```\w*\n(.*?)\n```\s*\Z", re.DOTALL)
_SECTION = re.compile(
    r"^#{1,6}[ \t]*\**[ \t]*(Instruction|Rubric)s?[ \t]*:?[ \t]*\**[ \t]*:?[ \t]*$", re.MULTILINE | re.IGNORECASE
)
"""A heading of a part, however deep and decorated; it is taken for one where none stands as it was asked for."""

_ASKED = re.compile(r"^## +(?:Instruction|Rubric) *$", re.MULTILINE)
_CITED = re.compile(r"[ \t]*\[\s*(?:notes?\s+|lines?\s+)?(\d+(?:\s*(?:,|;|and)\s*\d+)*)\s*\](?=[ \t]*[.;]?[ \t]*$)")
_LONE = re.compile(r"\n[ \t]*(?=\[[^\]\n]*\d\][ \t]*$)", re.MULTILINE)
"""The break before a citation on a line of its own."""


@dataclass(frozen=True)
class Reading:
    """What was found in a reply.

    Attributes:
        guideline: The guideline with the part that was asked for, without citations; None where none can be read.
        cited: The numbers that each rule of that part cites, by the rule's id.
        reason: Why there is none: ``truncated``, ``no_tags``, ``unreadable``, ``empty``, and of a checklist
            ``no_checklist`` or ``no_question``; '' where there is one.
    """

    guideline: Guideline | None
    cited: Mapping[str, tuple[int, ...]]
    reason: str = ""


def read_reply(draw: Draw, told: Guideline, part: Part) -> Reading:
    """Take one part of the guideline in a reply's last ``<guideline>`` tags; all else stays as it was, byte for byte.

    Args:
        draw: The writer's reply.
        told: The guideline that was to be improved.
        part: The part that was asked for.
    """
    found = _TAGGED.findall(draw.text)
    if not found:
        return Reading(None, {}, "truncated" if draw.finish_reason == "length" else "no_tags")
    fenced = _FENCE.match(found[-1])
    text = found[-1] if fenced is None else fenced.group(1)
    if _ASKED.search(text) is None:
        text = _SECTION.sub(lambda heading: f"## {heading[1].title()}", text)
    try:
        sent = parse_guideline(text, "the reply")
    except InputError:
        return Reading(None, {}, "no_checklist" if part == "checklist" else "unreadable")
    if part == "checklist":
        return _with_checklist(sent, told)
    if not getattr(sent, part).strip() or not (sent.rubric or part == "instruction"):
        return Reading(None, {}, "empty")
    marked = replace(sent, **{part: _LONE.sub(" ", getattr(sent, part))})
    lines = getattr(marked, part).split("\n")
    clean = replace(told, **{part: "\n".join(_CITED.sub("", line) for line in lines)})
    cited: dict[str, tuple[int, ...]] = {}
    for rule in rules_of(clean):
        if rule.part == part:
            groups = (_CITED.search(line) for line in lines[rule.start : rule.end])
            numbers = [int(number) for group in groups if group for number in re.findall(r"\d+", group[1])]
            cited[rule.id] = tuple(dict.fromkeys(numbers))
    return Reading(clean, cited)


def _with_checklist(sent: Guideline, told: Guideline) -> Reading:
    """Take the questions that were sent; what share of them makes which label is not the writer's to say."""
    if sent.checklist is None:
        return Reading(None, {}, "no_question")
    marks = [_CITED.search(question.text) for question in sent.checklist.questions]
    try:
        questions = [replace(one, text=_CITED.sub("", one.text)) for one in sent.checklist.questions]
        clean = told.with_checklist(Checklist(tuple(questions)))
    except InputError:
        return Reading(None, {}, "no_checklist")
    rules = (rule for rule in rules_of(clean) if rule.part == "checklist")
    cited = {
        rule.id: () if mark is None else tuple(dict.fromkeys(int(number) for number in re.findall(r"\d+", mark[1])))
        for rule, mark in zip(rules, marks, strict=True)
    }
    return Reading(clean, cited)
