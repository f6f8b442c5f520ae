"""Knows what a rater cannot do because its guideline has a checklist; does not know how a checklist is answered."""

from ...data import Scale, SetupError
from ..adapter import Order, read_answers
from ..guideline import Guideline
from ..rating import Scoring

_WITHOUT = "or take '## Checklist' out of the guideline"


def check_limits(guideline: Guideline, scale: Scale, order: Order, scoring: Scoring) -> None:
    """Refuse what does not go with a checklist; a guideline without one goes with everything.

    Args:
        guideline: What the rater is told.
        scale: What its labels are on.
        order: What it is to write. Its model writes answers, from which the label is computed.
        scoring: How its ratings come about. The mean of several replies needs no probabilities of levels.

    Raises:
        SetupError: If the order or the scoring needs a label that a model writes, or a case has no answers.
        InputError: If the checklist does not fit the scale.
    """
    checklist = guideline.checklist
    if checklist is None:
        return
    checklist.check(scale)
    if order != "rationale_label":
        cure = f"Leave order='rationale_label', {_WITHOUT}."
        raise SetupError(f"order={order!r} does not go with a checklist: no label is written", place="Rater", cure=cure)
    if scoring.rule in ("likeliest", "expected", "median"):
        cure = f"Use scoring='mode' or 'mean', {_WITHOUT}."
        what = f"scoring={scoring.rule!r} needs the probability of a written label, and a checklist's is computed"
        raise SetupError(what, place="Rater", cure=cure)
    for number, case in enumerate(guideline.cases, start=1):
        if read_answers(case.rationale, checklist).whole is None:
            cure = f"Answer its questions there ('1: yes'), drop the cases, {_WITHOUT}."
            raise SetupError(f"case {number} does not answer the checklist", place="Rater", cure=cure)


def check_writes_labels(guideline: Guideline, place: str, why: str) -> None:
    """Refuse a guideline with a checklist where a model has to write labels.

    Args:
        guideline: What the rater is told.
        place: Who refuses.
        why: What the labels are needed for, e.g. ``to be trained on``.

    Raises:
        SetupError: If there is a checklist.
    """
    if guideline.checklist is not None:
        cure = "Take '## Checklist' out of its guideline (guideline.with_checklist(None))."
        raise SetupError(f"a rater with a checklist writes no labels {why}", place=place, cure=cure)
