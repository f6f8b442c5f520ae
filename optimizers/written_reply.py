"""Knows how to read what a writer model sends for a guideline; does not know how it was asked or whether it is good."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..data import Draw, InputError
from ..programs import Guideline, Part, rules_of
from ..programs.guideline import parse_guideline

_TAGGED = re.compile(r"<guideline>(.*?)</guideline>", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"\A\s*```\w*\n(.*?)\n```\s*\Z", re.DOTALL)
_CITED = re.compile(r"[ \t]*\[\s*(?:notes?\s+|lines?\s+)?(\d+(?:\s*(?:,|;|and)\s*\d+)*)\s*\](?=[ \t]*[.;]?[ \t]*$)")
_LONE = re.compile(r"\n[ \t]*(?=\[[^\]\n]*\d\][ \t]*$)", re.MULTILINE)
"""The break before a citation on a line of its own."""


@dataclass(frozen=True)
class Reading:
    """What was found in a reply.

    Attributes:
        guideline: The guideline with the part that was asked for, without citations; None where none can be read.
        cited: The numbers that each rule of that part cites, by the rule's id.
        reason: Why there is none: ``truncated``, ``no_tags``, ``unreadable``, ``empty``; '' where there is one.
        touched: Whether the part that was not asked for came back otherwise; it is not taken.
    """

    guideline: Guideline | None
    cited: Mapping[str, tuple[int, ...]]
    reason: str = ""
    touched: bool = False


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
    try:
        sent = parse_guideline(found[-1] if fenced is None else fenced.group(1), "the reply")
    except InputError:
        return Reading(None, {}, "unreadable")
    if not getattr(sent, part).strip() or not (sent.rubric or part == "instruction"):
        return Reading(None, {}, "empty")
    other: Part = "rubric" if part == "instruction" else "instruction"
    marked = replace(sent, **{part: _LONE.sub(" ", getattr(sent, part))})
    lines = getattr(marked, part).split("\n")
    clean = replace(told, **{part: "\n".join(_CITED.sub("", line) for line in lines)})
    cited: dict[str, tuple[int, ...]] = {}
    for rule in rules_of(clean):
        if rule.part == part:
            groups = (_CITED.search(line) for line in lines[rule.start : rule.end])
            numbers = [int(number) for group in groups if group for number in re.findall(r"\d+", group[1])]
            cited[rule.id] = tuple(dict.fromkeys(numbers))
    return Reading(clean, cited, touched=_flat(getattr(sent, other)) != _flat(getattr(told, other)))


def _flat(text: str) -> str:
    return " ".join(text.split())
