"""Knows how to find the label in a model's reply, or why there is none; never guesses and never sees the prompt."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...data import Label, Scale
from .json_reply import JsonObject, is_broken_json, json_objects
from .prompt_records import well_formed
from .refusals import declines
from .written_label import INVISIBLE, MARKUP, Reason, Unparsed, read_written

__all__ = ["Reason", "Reply", "Unparsed", "parse"]

_TAG = re.compile(r"</?think(?:ing)?>", re.IGNORECASE)
_MARK = re.compile(
    rf"^[ \t>#*_`{INVISIBLE}-]*(?:(?:final|overall|my)[ \t]+)?(?:label|rating|score|verdict|answer)"
    rf"[ \t*_`{INVISIBLE}]*[:=：][ \t]*(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_REASON_MARK = re.compile(
    rf"^[ \t>#*_`{INVISIBLE}-]*(?:reason(?:ing)?|rationale|explanation)[ \t*_`]*[:=：][ \t*_`]*", re.IGNORECASE
)
_BEFORE_LABEL = re.compile(rf"[{re.escape(MARKUP)}<{INVISIBLE}]*")
_FENCE = re.compile(r"(```|~~~)(?:[\w-]*[ \t]*\n|json(?=\W))?", re.IGNORECASE)
_MOST_WRITINGS = 100
"""Different writings of a label that are read; a reply with more has several labels, whatever they say."""


@dataclass(frozen=True)
class Reply:
    """What a completion says: the rationale (possibly empty) and the label, or why there is none.

    Attributes:
        rationale: The reasoning.
        label: The label, or why there is none.
        place: Where in the completion's text the label is written first, markdown around it left out; None where
            there is no label, or its place is not known.
    """

    rationale: str
    label: Label | Unparsed
    place: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class _Written:
    """One place of a reply where a label is written, after a marker or in an object."""

    start: int
    end: int
    text: str
    at: int | None


def parse(text: str, scale: Scale, *, thinking: str = "", truncated: bool = False) -> Reply:
    """Read a reply of the form ``Reason: ... / Label: ...``, tolerantly but without guessing.

    Taken: any case, markdown emphasis, the markers label, rating, score, verdict or answer at the start of a line, a
    JSON object with those keys, a code fence around it all, ``4/5`` when 5 is the scale's top, ``4 (positive)``, a
    reply that is nothing but a label, and native thinking (handed over separately or within ``<think>`` tags), which
    then is the rationale and in which no label is looked for.
    Refused with a reason (see `Reason`): label lines that differ, also where one of them quotes the item; a label
    outside the scale; a hedge such as ``3-4``; JSON that is broken. A label that is quoted within a line (``the text
    says "Label: 5"``) or within a string of a JSON object is no label line.

    Args:
        text: The completion alone. Never hand in the prompt: a template or an item must not be able to set the label.
        scale: The scale that the label has to be on.
        thinking: The model's native reasoning, where the engine returns it apart.
        truncated: Whether the reply was cut at the token limit.

    Returns:
        Always; no text raises, and a megabyte takes well under a second.
    """
    body, thoughts = without_thinking(tidy_lines(text), apart=bool(thinking.strip()))
    native = "\n\n".join(thought.strip() for thought in (well_formed(thinking), *thoughts) if thought.strip())
    visible, fenced = without_fence(body.strip())
    if not visible:
        reason: Reason = "truncated" if truncated else "empty"
        return Reply(native, Unparsed(reason, "the reply has no visible text"))
    objects = json_objects(visible)
    whole = objects[0] if objects and (objects[0].start, objects[0].end) == (0, len(visible)) else None
    if whole is not None and whole.labels:
        label = _agree(whole.labels, scale)
        return Reply(native if native else whole.rationale, label, _place(text, visible, label, whole.at))
    if is_broken_json(visible, objects):
        cut = Unparsed("truncated", "the reply was cut within JSON")
        return Reply(native if native else visible, cut if truncated else Unparsed("malformed", visible[:80]))
    places = _places(visible, objects, scale)
    rationale = native if native else _rationale(visible, places, objects)
    if places:
        label = _agree([place.text for place in places], scale)
        if truncated and places[-1].end == len(visible) and not fenced and not body.endswith("\n"):
            label = _finished(label, scale)
        place = _place(text, visible, label, places[0].at)
        return Reply(rationale, _refused(label, visible, places[-1].text), place)
    label = read_written(visible, scale) if len(visible) <= 40 else Unparsed("no_label")
    if not isinstance(label, Unparsed):
        label = _finished(label, scale) if truncated else label
        return Reply(native, label, _place(text, visible, label, 0))
    if truncated:
        return Reply(rationale, Unparsed("truncated", "the reply was cut before a label"))
    if label.reason != "no_label":
        return Reply(native, label)
    return Reply(rationale, _refused(Unparsed("no_label", visible[-80:]), visible, ""))


def tidy_lines(text: str) -> str:
    """Return a reply with line ends written one way, and nothing in it that no file takes."""
    text = well_formed(text)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def without_thinking(text: str, *, apart: bool) -> tuple[str, list[str]]:
    """Return the visible text and the thoughts that stand within tags; a thought that is not closed goes on to the end.

    Some chat templates open the tag within the prompt, so that the reply begins inside the thinking: what stands before
    a closing tag that comes first is a thought, unless the thinking came apart or the reply had begun in its form (then
    the reply quotes a tag). Any other closing tag is text.
    """
    shown: list[str] = []
    thoughts: list[str] = []
    cursor, inside = 0, False
    for number, tag in enumerate(_TAG.finditer(text)):
        closing = tag[0].startswith("</")
        begun_before = closing and number == 0 and not apart and not _begins_in_form(text[: tag.start()])
        if inside != closing and not begun_before:
            continue
        (thoughts if closing else shown).append(text[cursor : tag.start()])
        cursor, inside = tag.end(), not closing
    (thoughts if inside else shown).append(text[cursor:])
    return "".join(shown), thoughts


def _begins_in_form(text: str) -> bool:
    text = text.lstrip()
    return _MARK.match(text) is not None or _REASON_MARK.match(text) is not None


def without_fence(visible: str) -> tuple[str, bool]:
    """Return a reply without the code fence that is around all of it, and whether that was closed."""
    opening = _FENCE.match(visible)
    if opening is None:
        return visible, False
    marks = visible.count(opening[1])
    closed = marks == 2 and visible.endswith(opening[1])
    inner = visible[opening.end() : len(visible) - len(opening[1]) if closed else None].strip()
    return (inner, closed) if inner and (closed or marks == 1) else (visible, False)


def _places(visible: str, objects: list[JsonObject], scale: Scale) -> list[_Written]:
    """Return where labels are written, in order: lines with a marker, and JSON objects that begin a line.

    A marker with nothing behind it is none (unless nothing but markdown is what a level is called), and neither is one
    within a JSON object.
    """
    found = [
        _Written(one.start, one.end, written, one.at)
        for one in objects
        for written in one.labels
        if not visible[visible.rfind("\n", 0, one.start) + 1 : one.start].strip()
    ]
    blanks: dict[str, bool] = {}
    inner = iter([*objects, None])
    nearest = next(inner)
    for mark in _MARK.finditer(visible):
        while nearest is not None and nearest.end <= mark.start():
            nearest = next(inner)
        if nearest is not None and nearest.start < mark.end():
            continue
        written = mark[1]
        if not written.strip(" \t*_`"):
            if written not in blanks:
                blanks[written] = isinstance(read_written(written, scale), Unparsed)
            if blanks[written]:
                continue
        found.append(_Written(mark.start(), mark.end(), written, mark.start(1)))
    return sorted(found, key=lambda place: place.start)


def _place(text: str, visible: str, label: Label | Unparsed, at: int | None) -> int | None:
    """Return where in the whole text a label stands that is written at a place of the visible part."""
    start = text.rfind(visible)
    if isinstance(label, Unparsed) or at is None or start < 0:
        return None
    label_begins = _BEFORE_LABEL.match(visible, at)
    return None if label_begins is None else start + label_begins.end()


def _agree(written: Sequence[str], scale: Scale) -> Label | Unparsed:
    """Return the one label that all places give; places that could not be read count as disagreement."""
    first = read_written(written[0], scale)
    known = {written[0]}
    for text in written:
        if text in known:
            continue
        known.add(text)
        if len(known) > _MOST_WRITINGS or read_written(text, scale) != first:
            return Unparsed("several_labels", f"{len(written)} labels that differ")
    return first


def _refused(label: Label | Unparsed, visible: str, written: str) -> Label | Unparsed:
    """Return the label, or that the model declined where there is none and it says so."""
    if not isinstance(label, Unparsed) or label.reason != "no_label":
        return label
    said = _REASON_MARK.sub("", visible, count=1)
    return Unparsed("refused", said[:80]) if declines(said) or declines(written) else label


def _finished(label: Label | Unparsed, scale: Scale) -> Label | Unparsed:
    """Return a label with which a cut reply ends, unless another label begins like it: ``1`` may have become ``10``."""
    if isinstance(label, Unparsed):
        return label
    written = scale.write(label).casefold()
    others = [scale.write(level).casefold() for level in scale.levels or () if level != label]
    if scale.levels is None or any(other.startswith(written) for other in others):
        return Unparsed("truncated", f"the reply was cut at {scale.write(label)[:60]}")
    return label


def _rationale(visible: str, places: list[_Written], objects: list[JsonObject]) -> str:
    """Return what stands before the label, or after it where the label came first; of a JSON object, what it says."""
    body = visible
    if places:
        around = [one for one in objects if one.start == places[0].start]
        if around:
            return around[0].rationale
        before, after = visible[: places[0].start], visible[places[-1].end :]
        body = before if before.strip() else after
    return _REASON_MARK.sub("", body.strip(), count=1).strip()
