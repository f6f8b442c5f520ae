"""Knows where each reviewer is and which choices can be taken; does not know how pages look or requests come in."""

import re
import threading
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...data import Choice, Choices, InputError
from ..serve import Refused
from ..task import VERSIONS
from .apply_choices import LABEL, RULE, TRACE
from .material import MATERIAL_FILE, ReviewItem, ReviewMaterial, read_material, reviewing_order

PARTS: Mapping[str, str] = {"traces": TRACE, "labels": LABEL, "rules": RULE}
"""Part of the page -> the kind of choice that is made there."""

LONGEST_COMMENT = 4000
"""Characters of a text that a person writes."""

_NAME = re.compile(r"[\w.@'+-](?:[\w .@'+-]{0,38}[\w.@'+-])?")


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    reviewer: str = Field(max_length=100)
    subject: str
    version: str


class TraceAsked(_Asked):
    """Which trace is closest to one's own reasoning: one of them, one's own words, or none (neither is given)."""

    kind: Literal["trace"]
    trace: str = ""
    text: str = Field("", max_length=LONGEST_COMMENT)


class LabelAsked(_Asked):
    """Which label is right; None where one cannot say."""

    kind: Literal["label"]
    label: str | None
    reasons_seen: bool = False


class RuleAsked(_Asked):
    """What one thinks of a rule."""

    kind: Literal["rule"]
    verdict: Literal["right", "wrong", "unclear"]
    comment: str = Field("", max_length=LONGEST_COMMENT)


ReviewQuestion = Annotated[TraceAsked | LabelAsked | RuleAsked, Field(discriminator="kind")]


@dataclass(frozen=True)
class ReviewPart:
    """One part of the review, for one reviewer.

    Attributes:
        name: ``traces``, ``labels`` or ``rules``.
        subjects: The ids of what is reviewed in it, in their order.
        done: Whether each of them is done.
    """

    name: str
    subjects: Sequence[str]
    done: Sequence[bool]

    def open_after(self, place: int) -> int | None:
        """Return the place, from 0, of the next thing that is not done, starting over at the end; None for none."""
        turn = [*range(place + 1, len(self.done)), *range(min(place + 1, len(self.done)))]
        return next((one for one in turn if not self.done[one]), None)


class ReviewDesk:
    """Takes choices about a run, and knows what is done.

    Args:
        run: The run directory.
        choices: Their record, open.

    Raises:
        InputError: If the run has nothing to review.
    """

    def __init__(self, run: Path, choices: Choices) -> None:
        """Read the run."""
        self._run = run
        self._choices = choices
        self._turn = threading.RLock()
        self._seen = self._signature()
        self._material = read_material(run)
        if not self._material.items and not self._material.rules:
            what = "there is nothing to review: no trace was accepted and no label is in doubt"
            raise InputError(what, place=str(run), cure="Compile with a stronger teacher or more samples.")
        self._standing = {(one.reviewer, one.kind, one.subject): one for one in choices.standing()}

    @property
    def material(self) -> ReviewMaterial:
        """What there is to review now: a compile may have changed it."""
        with self._turn:
            now = self._signature()
            if now != self._seen:
                self._material, self._seen = read_material(self._run), now
            return self._material

    @property
    def reviewers(self) -> dict[str, int]:
        """Everybody who chose something, and how many of their choices stand."""
        with self._turn:
            names = sorted({name for name, _, _ in self._standing})
            return {name: sum(key[0] == name for key in self._standing) for name in names}

    def choice(self, reviewer: str, part: str, subject: str) -> Choice | None:
        """Return the choice of a reviewer that stands and is about what is there now."""
        with self._turn:
            found = self._standing.get((reviewer, PARTS[part], subject))
            return found if found is not None and self._current(found) else None

    def parts(self, reviewer: str) -> list[ReviewPart]:
        """Return the parts of the review that have anything in them."""
        material = self.material
        subjects = {
            "traces": [item.id for item in material.traced],
            "labels": [item.id for item in material.doubtful],
            "rules": [rule.id for rule in material.rules],
        }
        return [
            ReviewPart(name, ids, [self.choice(reviewer, name, id) is not None for id in ids])
            for name, ids in subjects.items()
            if ids
        ]

    def take(self, asked: TraceAsked | LabelAsked | RuleAsked) -> Choice:
        """Record a choice; it is on disk when this returns.

        Raises:
            Refused: If it is about something that is not there any more, or cannot be read.
            RetryError: If the disk is full.
        """
        reviewer = reviewer_name(asked.reviewer)
        with self._turn:
            if isinstance(asked, TraceAsked):
                choice = self._trace(reviewer, asked)
            elif isinstance(asked, LabelAsked):
                choice = self._label(reviewer, asked)
            else:
                choice = self._rule(reviewer, asked)
            recorded = self._choices.record(choice)
            self._standing[recorded.reviewer, recorded.kind, recorded.subject] = recorded
            return recorded

    def _trace(self, reviewer: str, asked: TraceAsked) -> Choice:
        item = self._item(asked.subject)
        text = asked.text.strip()
        if asked.trace and text:
            raise Refused(422, "two_answers", "Give a trace or a text, not both.")
        shown, stood = reviewing_order(item, reviewer), item.stands
        if asked.trace and asked.trace not in item.traces:
            raise _gone("That trace does not exist any more: the run was compiled again.")
        if not asked.trace and not text and asked.version != item.version:
            raise _gone("Other traces are there by now: the run was compiled again.")
        said = {"trace": asked.trace, "rationale": item.traces[asked.trace]} if asked.trace else {}
        own = {"text": text} if text else {}
        return Choice(reviewer, TRACE, item.id, {**said, **own, "stood": stood}, shown, item.version)

    def _label(self, reviewer: str, asked: LabelAsked) -> Choice:
        item = self._item(asked.subject)
        scale = self.material.scale
        label = None
        if asked.label is not None:
            try:
                label = scale.write(scale.read(asked.label))
            except InputError as error:
                raise Refused(422, "no_label", f"{error}") from None
        said = {"label": label, "old": item.label, "reasons_seen": asked.reasons_seen}
        return Choice(reviewer, LABEL, item.id, said, (), item.version)

    def _rule(self, reviewer: str, asked: RuleAsked) -> Choice:
        material = self.material
        rule = next((rule for rule in material.rules if rule.id == asked.subject), None)
        if rule is None:
            raise _gone("That rule does not exist any more: the guideline is another one by now.")
        said = {"verdict": asked.verdict, "comment": asked.comment.strip(), "rule": rule.text}
        return Choice(reviewer, RULE, rule.id, said, (), material.guideline)

    def _item(self, id: str) -> ReviewItem:
        item = self.material.by_id.get(id)
        if item is None:
            raise _gone("That item is not reviewed any more: the run was compiled again.")
        return item

    def _current(self, choice: Choice) -> bool:
        """Whether a choice is about what is there now."""
        if choice.kind != TRACE or choice.choice.get("text"):
            return True
        item = self._material.by_id.get(choice.subject)
        if item is None:
            return False
        return choice.choice["trace"] in item.traces if "trace" in choice.choice else choice.version == item.version

    def _signature(self) -> tuple[object, ...]:
        """Return what changes where the run is compiled again."""
        found: list[object] = []
        for path in (self._run / MATERIAL_FILE, self._run / VERSIONS / "history.jsonl"):
            stat = path.stat() if path.is_file() else None
            found.append(None if stat is None else (stat.st_ino, stat.st_mtime_ns, stat.st_size))
        return tuple(found)


def reviewer_name(given: str) -> str:
    """Return a reviewer's name as it is recorded.

    Raises:
        Refused: If it is none.
    """
    name = " ".join(unicodedata.normalize("NFC", given).split())
    if not _NAME.fullmatch(name):
        what = "A name has 1 to 40 letters, digits, blanks, and . _ @ ' + - between them."
        raise Refused(422, "bad_name", what)
    return name


def checked_name(given: str) -> str:
    """Return a reviewer's name as it is recorded.

    Raises:
        InputError: If it is none.
    """
    try:
        return reviewer_name(given)
    except Refused as refused:
        raise InputError("the name cannot be used", place=f"--reviewer {given!r}", cure=f"{refused}") from None


def _gone(what: str) -> Refused:
    return Refused(409, "gone", f"{what} Nothing was saved for it, and nothing else is lost. Load the page again.")
