"""Knows how a checklist is written in a guideline's markdown and read back; does not know what it is good for."""

import re

from ...data import InputError
from .checklist import SHARE_PASSED, Answer, Checklist, ChecklistQuestion, Threshold

_MARKED = re.compile(r"^ {0,3}(?:[-*+]|\d{1,3}[.)]) +\[(yes|no)\] +(\S.*)$", re.IGNORECASE | re.MULTILINE)
_HEADING = re.compile(r"^### +(\S.*)$")
_FROM = re.compile(r"^ {0,3}[-*+] +from +(\d*\.?\d+) *: *(\S.*)$", re.IGNORECASE)
_CONTINUES = re.compile(r"^(?: {2,}|\t)\S")
_CURE = "Write '- [yes] Question?' with the answer that passes, or '- from 0.5: level' under '### Share passed'."


def write_checklist(checklist: Checklist) -> str:
    """Write questions by level and the thresholds; `read_checklist` gives an equal checklist back."""
    blocks: list[list[str]] = [[]]
    level = ""
    for question in checklist.questions:
        if question.level != level:
            level = question.level
            blocks.append([f"### {level}"])
        blocks[-1].append(write_question(question))
    if checklist.thresholds:
        blocks.append([f"### {SHARE_PASSED}", *(f"- {threshold}" for threshold in checklist.thresholds)])
    return "\n\n".join("\n".join(block) for block in blocks if block)


def write_question(question: ChecklistQuestion) -> str:
    """Write a question as a list item, e.g. ``- [no] Does the story break off?``."""
    return f"- {marked(question)}"


def marked(question: ChecklistQuestion) -> str:
    """Return a question's text behind the answer that passes, e.g. ``[no] Does the story break off?``."""
    return f"[{question.passes}] {question.text}"


def holds_checklist(text: str) -> bool:
    """Return whether there is a question with its mark: a section ``## Checklist`` without one is an author's own."""
    return _MARKED.search(text) is not None


def read_question(text: str, level: str) -> ChecklistQuestion:
    """Read what `marked` wrote; a text without the mark is a question that is passed with a yes."""
    found = _MARKED.match(f"- {text}")
    if found is None:
        return ChecklistQuestion(text, level=level)
    return ChecklistQuestion(found[2], _answer(found[1]), level)


def read_checklist(text: str, place: str) -> Checklist:
    """Read the body of a section ``## Checklist``.

    Raises:
        InputError: If a line is neither a heading, a question nor a threshold, or they make no checklist.
    """
    questions: list[tuple[str, Answer, str]] = []
    thresholds: list[Threshold] = []
    level = ""
    for line in text.splitlines():
        heading, question, threshold = _HEADING.match(line), _MARKED.match(line), _FROM.match(line)
        if heading is not None:
            level = " ".join(heading[1].split())
        elif question is not None and not _is_share(level):
            questions.append((question[2], _answer(question[1]), level))
        elif threshold is not None and _is_share(level):
            thresholds.append(Threshold(float(threshold[1]), " ".join(threshold[2].split())))
        elif questions and _CONTINUES.match(line) and not _is_share(level):
            said, passes, own = questions[-1]
            questions[-1] = (f"{said} {line}", passes, own)
        elif line.strip():
            raise InputError(f"the checklist has the line {line.strip()[:80]!r}", place=place, cure=_CURE)
    try:
        made = tuple(ChecklistQuestion(said, passes, own) for said, passes, own in questions)
        return Checklist(made, tuple(thresholds))
    except InputError as error:
        raise InputError(error.what, place=f"{place}, {error.place}", cure=error.cure) from None


def _answer(mark: str) -> Answer:
    return "yes" if mark.casefold() == "yes" else "no"


def _is_share(level: str) -> bool:
    return level.casefold() == SHARE_PASSED.casefold()
