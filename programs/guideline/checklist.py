"""Knows a checklist: its questions, which answers pass, what label they make; does not know how anyone is asked.

After Cook et al., "TICKing All the Boxes" (arXiv 2410.03608, section 3): a model answers yes/no questions and the score
is the share that is passed. What is added here: a question may be passed with a no, and thresholds turn the share into
a level of the scale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ...data import InputError, Label, Scale

Answer = Literal["yes", "no"]

SHARE_PASSED = "Share passed"
"""The heading of the thresholds in markdown, so no level may be called so."""

_PLACE = "checklist"
_ROUNDING = 1e-9
"""How far below a threshold a share may be from rounding alone."""


@dataclass(frozen=True)
class ChecklistQuestion:
    """One question that is answered with yes or no.

    Attributes:
        text: The question, on one line.
        passes: The answer with which it is passed. On an ordered scale that is the answer that speaks for a higher
            level, on a nominal one the answer that speaks for `level`.
        level: The level it belongs to, as written; '' for none.

    Raises:
        InputError: If it has no text, or the answer or the level cannot be one.
    """

    text: str
    passes: Answer = "yes"
    level: str = ""

    def __post_init__(self) -> None:
        """Write blanks one way, and refuse what cannot be read back."""
        for name in ("text", "level"):
            object.__setattr__(self, name, " ".join(getattr(self, name).split()))
        if not self.text:
            raise InputError("a question has no text", place=_PLACE, cure="Write the question, or take it out.")
        if self.passes not in get_args(Answer):
            raise InputError(f"passes={self.passes!r}", place=_PLACE, cure="Give yes or no.")
        if self.level.casefold() == SHARE_PASSED.casefold():
            cure = "Call the level otherwise."
            raise InputError(f"no level can be called {self.level!r}", place=_PLACE, cure=cure)


@dataclass(frozen=True)
class Threshold:
    """From which share of questions passed, 0 to 1 with four decimals, a level is given."""

    share: float
    level: str

    def __post_init__(self) -> None:
        """Write both one way, so that markdown gives them back."""
        object.__setattr__(self, "share", round(float(self.share), 4))
        object.__setattr__(self, "level", " ".join(self.level.split()))

    def __str__(self) -> str:
        """Return e.g. ``from 0.35: 2``."""
        return f"from {f'{self.share:.4f}'.rstrip('0').rstrip('.')}: {self.level}"


@dataclass(frozen=True)
class Checklist:
    """Yes/no questions and what the share passed stands for.

    On an ordinal or interval scale the share of all questions passed decides: the label is the level of the highest
    threshold that it reaches. Without thresholds the levels divide the shares evenly among them. On a nominal scale
    each level has its own questions, and the level with the highest share of its own passed is the label; between
    equals the one that stands first in the scale.

    Attributes:
        questions: In the order in which they are asked; those of no level come first.
        thresholds: By share, ascending, the first from 0.

    Raises:
        InputError: If there is no question, one stands twice, or the thresholds do not ascend from 0.
    """

    questions: tuple[ChecklistQuestion, ...]
    thresholds: tuple[Threshold, ...] = ()

    def __post_init__(self) -> None:
        """Check what can be checked without a scale."""
        if not self.questions:
            raise InputError("it has no question", place=_PLACE, cure="Give a question, or no checklist.")
        ordered = tuple(sorted(self.questions, key=lambda question: bool(question.level)))
        object.__setattr__(self, "questions", ordered)
        seen: set[str] = set()
        for question in self.questions:
            if question.text.casefold() in seen:
                raise InputError(f"a question stands twice: {question.text!r}", place=_PLACE, cure="Take one out.")
            seen.add(question.text.casefold())
        shares = [threshold.share for threshold in self.thresholds]
        if not shares:
            return
        if not all(0 <= share <= 1 for share in shares) or shares[0] != 0:
            cure = "Give shares from 0 to 1, the first of them 0."
            raise InputError(f"the thresholds are {_shown(shares)}", place=_PLACE, cure=cure)
        if any(one >= other for one, other in zip(shares, shares[1:], strict=False)):
            cure = "Let them ascend."
            raise InputError(f"the thresholds do not ascend: {_shown(shares)}", place=_PLACE, cure=cure)

    def check(self, scale: Scale) -> "Checklist":
        """Return this checklist if it can give labels of a scale.

        Raises:
            InputError: If a level is not on the scale, thresholds do not ascend on it or it has no order for them, or
                it has no order and fewer than two levels have questions.
        """
        if not scale.ordered:
            if self.thresholds:
                cure = f"Take '### {SHARE_PASSED}' out, and put each question under its label's heading."
                raise InputError(f"a {scale.kind} scale has no thresholds", place=_PLACE, cure=cure)
            lone = next((question for question in self.questions if not question.level), None)
            if lone is not None:
                cure = "Put it under the heading of the label that it speaks for."
                raise InputError(f"a question has no label: {lone.text!r}", place=_PLACE, cure=cure)
            if len({scale.read(question.level, place=_PLACE) for question in self.questions}) < 2:
                cure = "Ask questions of at least two labels."
                raise InputError("all its questions speak for one label", place=_PLACE, cure=cure)
            return self
        levels = [scale.read(threshold.level, place=_PLACE) for threshold in self.thresholds]
        places = [scale.position(level) for level in levels]
        if any(one >= other for one, other in zip(places, places[1:], strict=False)):
            shown = ", ".join(threshold.level for threshold in self.thresholds)
            cure = "A higher share gives a higher level."
            raise InputError(f"the levels of the thresholds do not ascend: {shown}", place=_PLACE, cure=cure)
        if not levels and scale.levels is None:
            cure = f"Add '### {SHARE_PASSED}' with lines such as '- from 0: {scale.write(scale.nearest(0.0))}'."
            raise InputError("it has no thresholds, and the scale has no levels", place=_PLACE, cure=cure)
        return self

    def share(self, answers: Sequence[Answer]) -> float:
        """Return the share of all questions that these answers, one to each, pass."""
        return sum(self._passed(answers)) / len(self.questions)

    def label(self, answers: Sequence[Answer], scale: Scale) -> Label:
        """Return the label that these answers, one to each question, make."""
        if not scale.ordered:
            tally = self._by_level(answers, scale)
            return max(tally, key=lambda level: tally[level][0] / tally[level][1])
        share = self.share(answers)
        if self.thresholds:
            return scale.read([one.level for one in self.thresholds if one.share <= share + _ROUNDING][-1])
        levels = scale.levels or ()
        return levels[min(int(share * len(levels) + _ROUNDING), len(levels) - 1)]

    def tally(self, answers: Sequence[Answer], scale: Scale) -> str:
        """Say how many questions these answers pass, e.g. ``Passed 2 of 3.``."""
        if scale.ordered:
            return f"Passed {sum(self._passed(answers))} of {len(self.questions)}."
        found = self._by_level(answers, scale).items()
        return f"Passed {', '.join(f'{scale.write(level)} {own[0]} of {own[1]}' for level, own in found)}."

    def _passed(self, answers: Sequence[Answer]) -> list[bool]:
        return [answer == question.passes for question, answer in zip(self.questions, answers, strict=True)]

    def _by_level(self, answers: Sequence[Answer], scale: Scale) -> dict[Label, tuple[int, int]]:
        """Return how many questions of each level are passed, and of how many, in the scale's order."""
        own: dict[Label, list[bool]] = {}
        for question, passed in zip(self.questions, self._passed(answers), strict=True):
            own.setdefault(scale.read(question.level, place=_PLACE), []).append(passed)
        return {level: (sum(own[level]), len(own[level])) for level in sorted(own, key=scale.position)}


def _shown(shares: Sequence[float]) -> str:
    return ", ".join(f"{share:g}" for share in shares)
