"""Knows how to find the answers to a checklist in a model's reply, or why they are not there; never guesses."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...data import Scale
from ..guideline import Answer, Checklist
from .parsing import Reply, tidy_lines, without_fence, without_thinking
from .prompt_records import well_formed
from .refusals import declines
from .written_label import MARKUP, Unparsed

_YES_NO = r"(yes|no|y|n)(?![\w/-])"
_AROUND = rf"[\s{re.escape(MARKUP)}<>#=:→–—-]*"
_NUMBERED = re.compile(
    rf"^[\s{re.escape(MARKUP)}#>-]*(?:q(?:uestion)?[\s.#]*)?(\d{{1,3}})[\s*_`\"'\])]*[.):=–—-][\s*_`]*(.*)$",
    re.IGNORECASE,
)
_BEGINS = re.compile(rf"^{_AROUND}(?:answer{_AROUND})?{_YES_NO}", re.IGNORECASE)
_ENDS = re.compile(rf"(?:[:?=>→–—-]|\banswer(?: is)?|\bso|,)[\s*_`\"'(\[<]*{_YES_NO}[\s.!*_`\"'\])>]*$", re.IGNORECASE)
_OPEN = re.compile(rf"^{_AROUND}(?:or|and|/|\|){_AROUND}(?:yes|no)\b", re.IGNORECASE)
_PAIR = re.compile(rf"(\d{{1,3}}) ?[.):=-]? ?[*_`\"']*{_YES_NO}[*_`\"' ,;.|]*", re.IGNORECASE)
_BARE = re.compile(rf"^{_AROUND}{_YES_NO}[\s.!,;*_`\"'\])>]*$", re.IGNORECASE)
_KEY = re.compile(r"(\d{1,3})$")
_NO_ANSWER = "(unanswered)"
_LONGEST = 2_000
"""Characters of a line that are read; nobody needs more for a yes and a reason."""
_HALF = re.compile(r"\b(?:n|no|y)$", re.IGNORECASE)
"""What may be the beginning of another word, where a reply is cut."""


@dataclass(frozen=True)
class Answers:
    """What a reply answers.

    Attributes:
        given: One for each question of the checklist; None where there is no readable answer.
        unparsed: Why they make no label; None where every question is answered.
    """

    given: tuple[Answer | None, ...]
    unparsed: Unparsed | None = None

    @property
    def whole(self) -> tuple[Answer, ...] | None:
        """The answers if there is one to every question, else None."""
        found: tuple[Answer, ...] = tuple(answer for answer in self.given if answer is not None)
        return found if self.unparsed is None and len(found) == len(self.given) else None


def read_answers(text: str, checklist: Checklist, *, thinking: str = "", truncated: bool = False) -> Answers:
    """Read a reply of the form ``1: yes`` on a line for each question, tolerantly but without guessing.

    Taken: any case, markdown, ``Q1.``, the question repeated before its answer or an explanation after it, all answers
    on one line, one answer a line without numbers if there is exactly one for each question, a JSON object or list.
    A question without a yes or a no, or with both, leaves the whole reply without a label: what one more answer would
    have changed is not known.

    Args:
        text: The completion alone.
        checklist: What was asked.
        thinking: The model's native reasoning, where the engine returns it apart; no answer is looked for in it.
        truncated: Whether the reply was cut at the token limit; an answer at its very end may be half a word.
    """
    count = len(checklist.questions)
    body, _ = without_thinking(tidy_lines(text), apart=bool(thinking.strip()))
    visible, _ = without_fence(body.strip())
    if not visible:
        nothing = Unparsed("truncated" if truncated else "empty", "the reply has no visible text")
        return Answers((None,) * count, nothing)
    lines = [" ".join(line.split()) for line in visible.split("\n")]
    if truncated and not body.endswith("\n"):
        lines[-1] = _HALF.sub("", lines[-1])
    said = _from_json(visible, count)
    said = _from_lines(lines, checklist) if said is None else said
    given: list[Answer | None] = []
    twice: list[str] = []
    for number in range(1, count + 1):
        own = set(said.get(number, ()))
        given.append(next(iter(own)) if len(own) == 1 else None)
        twice += [str(number)] if len(own) > 1 else []
    if twice:
        return Answers(tuple(given), Unparsed("several_labels", f"answers that differ: question {', '.join(twice)}"))
    silent = [str(number) for number, answer in enumerate(given, start=1) if answer is None]
    if not silent:
        return Answers(tuple(given))
    if truncated:
        return Answers(tuple(given), Unparsed("truncated", f"cut before question {silent[0]}"))
    if len(silent) == count and declines(visible):
        return Answers(tuple(given), Unparsed("refused", visible[:80]))
    return Answers(tuple(given), Unparsed("unanswered", f"question {', '.join(silent)}"))


def write_answers(answers: Sequence[Answer]) -> str:
    """Write answers in the form that is asked for: the reply of a worked case."""
    return "\n".join(f"{number}: {answer}" for number, answer in enumerate(answers, start=1))


def reply_of(answers: Answers, checklist: Checklist, scale: Scale) -> Reply:
    """Return the label that answers make, with the questions and answers in readable form as its rationale.

    `read_answers` reads the rationale back.
    """
    lines = [
        f"{number}. {question.text} {_NO_ANSWER if answer is None else answer.title()}"
        for number, (question, answer) in enumerate(zip(checklist.questions, answers.given, strict=True), start=1)
    ]
    if not any(answers.given):
        lines = []
    whole = answers.whole
    if whole is None:
        why = Unparsed("unanswered") if answers.unparsed is None else answers.unparsed
        return Reply("\n".join(lines), why)
    return Reply("\n".join([*lines, checklist.tally(whole, scale)]), checklist.label(whole, scale))


def _from_lines(lines: Sequence[str], checklist: Checklist) -> dict[int, list[Answer]]:
    """Return the answers that lines give, by the question's number."""
    found: dict[int, list[Answer]] = {}
    if len([line for line in lines if line.strip()]) == len(checklist.questions):
        bare = [_BARE.match(line) for line in lines if line.strip()]
        if all(bare):
            return {number: [_answer(one[1])] for number, one in enumerate(bare, start=1) if one is not None}
    waiting = 0
    for line in (line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..." for line in lines):
        pairs = _pairs(line)
        if pairs:
            for number, answer in pairs:
                found.setdefault(number, []).append(answer)
            continue
        numbered = _NUMBERED.match(line)
        if numbered is None:
            answer = _read(line, begins=True) if waiting else None
            number = waiting
        else:
            number = int(numbered[1])
            answer = _read(_without_question(numbered[2], number, checklist), begins=False)
        waiting = number if answer is None and (numbered is not None or not line.strip()) else 0
        if answer is not None:
            found.setdefault(number, []).append(answer)
    return found


def _pairs(line: str) -> list[tuple[int, Answer]]:
    """Return the numbers and answers of a line that has nothing else, e.g. ``1: yes, 2: no``; else nothing."""
    found: list[tuple[int, Answer]] = []
    place = 0
    while place < len(line):
        pair = _PAIR.match(line, place)
        if pair is None:
            return []
        found.append((int(pair[1]), _answer(pair[2])))
        place = pair.end()
    return found


def _read(text: str, *, begins: bool) -> Answer | None:
    """Return the yes or no that a text begins with or, unless it has to begin with it, ends with."""
    first = _BEGINS.match(text)
    if first is not None:
        return None if _OPEN.match(text[first.end() :]) else _answer(first[1])
    last = None if begins else _ENDS.search(text)
    return None if last is None else _answer(last[1])


def _without_question(text: str, number: int, checklist: Checklist) -> str:
    """Return what a line says behind its question, where it repeats that."""
    if not 1 <= number <= len(checklist.questions):
        return text
    question, said = checklist.questions[number - 1].text.lstrip(MARKUP), text.lstrip(MARKUP)
    return said[len(question) :] if said[: len(question)].casefold() == question.casefold() else text


def _from_json(visible: str, count: int) -> dict[int, list[Answer]] | None:
    """Return the answers of a reply that is a JSON object or list as a whole, None for any other reply."""
    if visible[0] not in "{[":
        return None
    try:
        found = json.loads(well_formed(visible))
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict) and len(found) == 1 and isinstance(next(iter(found.values())), dict | list):
        found = next(iter(found.values()))
    if isinstance(found, list):
        return {number: _of_json(value) for number, value in enumerate(found, start=1)} if len(found) == count else {}
    keys = {key: _KEY.search(key.strip()) for key in found} if isinstance(found, dict) else {}
    return {int(number[1]): _of_json(found[key]) for key, number in keys.items() if number is not None}


def _of_json(value: Any) -> list[Answer]:
    """Return the answer that a JSON value is: a word, a boolean, or an object with an ``answer``."""
    if isinstance(value, Mapping):
        value = value.get("answer")
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    answer = _read(value, begins=True) if isinstance(value, str) else None
    return [] if answer is None else [answer]


def _answer(said: str) -> Answer:
    return "yes" if said.casefold().startswith("y") else "no"
