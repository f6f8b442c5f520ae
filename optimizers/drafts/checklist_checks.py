"""Knows what a question of a written checklist must not be; does not know who wrote it or how well it works."""

import re
from collections.abc import Iterator

from ...data import InputError, Scale
from ...programs import ChecklistQuestion, Guideline, rules_of
from .checks import DraftRefusal
from .critiques import ANNOUNCES, MAX_WORDS

_MARKS = ("?", "？", "؟")
_OPEN = re.compile(r"^(?:what|which|who|whom|whose|how|why|when|where)\b", re.IGNORECASE)
_SHOWN = 80


def question_refusals(new: Guideline, told: Guideline, scale: Scale, most: int) -> Iterator[DraftRefusal]:
    """Yield what is wrong with the form of questions that are not in the checklist they were made from.

    Args:
        new: The guideline with the written checklist.
        told: The guideline it was made from.
        scale: The scale of the labels.
        most: How many questions were asked for at most.
    """
    if new.checklist is None or new.checklist == told.checklist:
        return
    questions = new.checklist.questions
    if len(questions) > most:
        yield DraftRefusal("too_many", f"it has {len(questions)} questions, and {most} are allowed")
    known = {rule.id for rule in rules_of(told)}
    rules = (rule for rule in rules_of(new) if rule.part == "checklist")
    for question, rule in zip(questions, rules, strict=True):
        if rule.id in known:
            continue
        for reason, what in _wrong(question):
            yield DraftRefusal(reason, f"{what}: {question.text[:_SHOWN]!r}", (rule.id,))
    for level in dict.fromkeys(question.level for question in questions if question.level):
        try:
            scale.read(level)
        except InputError:
            names = ", ".join(scale.write(one) for one in scale.levels or ())
            yield DraftRefusal("other_scale", f"{level!r} is none of the labels {names}")
    try:
        new.checklist.check(scale)
    except InputError as error:
        if all(question.level for question in questions):
            return
        yield DraftRefusal("form", f"{error.what}; put each question under the heading of its label")


def _wrong(question: ChecklistQuestion) -> Iterator[tuple[str, str]]:
    if not question.text.endswith(_MARKS):
        yield "form", "a question has no question mark at its end"
    if _OPEN.match(question.text):
        yield "form", "a question cannot be answered with yes or no"
    if len(question.text.split()) > MAX_WORDS:
        yield "form", f"a question has more than {MAX_WORDS} words"
    if ANNOUNCES.search(question.text):
        yield "names_label", "a question asks for the label"
