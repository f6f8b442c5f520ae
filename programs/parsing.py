"""Knows how to read a label out of a model's reply, or why it cannot; never guesses and never sees the prompt."""

import json
import re
from dataclasses import dataclass
from typing import Literal

from ..data import InputError, Label, Scale

Reason = Literal["empty", "no_label", "several_labels", "outside_scale", "truncated", "refused", "error"]

_THINK = re.compile(r"<(think|thinking)>(.*?)(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE)
# Some chat templates open the tag within the prompt, so that the reply begins inside the thinking.
_OPENED_BEFORE = re.compile(r"\A((?:(?!<think).)*?)</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_MARK = re.compile(
    r"^[ \t>#*_`-]*(?:(?:final|overall|my)[ \t]+)?(?:label|rating|score|verdict|answer)[ \t*_`]*[:=][ \t]*(.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_REASON_MARK = re.compile(r"^[ \t>#*_`-]*(?:reason(?:ing)?|rationale|explanation)[ \t*_`]*[:=][ \t*_`]*", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?![\w]|\.\d)")
_OUT_OF = re.compile(r"^([-+]?\d+(?:\.\d+)?)\s*(?:/|out of)\s*([-+]?\d+(?:\.\d+)?)\b(?!\s*/)", re.IGNORECASE)
_ENDS = r"[\s*_`\"'\])]*(?:$|[(=]|[-–—:,.](?=\s|$)"
"""What may follow a label on its line; ``4-ish`` is a hedge, ``4 - friendly`` is not."""
_REFUSAL = re.compile(
    r"^\W*(?:i(?:'|’)?m sorry|sorry,|i (?:can(?:no|')t|can’t|am unable|won't|will not)|as an ai\b)", re.IGNORECASE
)


@dataclass(frozen=True)
class Unparsed:
    """A reply that gives no label: a reason that can be counted, and the words that led to it."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True)
class Reply:
    """What a completion says: the rationale (possibly empty) and the label, or why there is none."""

    rationale: str
    label: Label | Unparsed


def parse(text: str, scale: Scale, *, thinking: str = "", truncated: bool = False) -> Reply:
    """Read a reply of the form ``Reason: ... / Label: ...``, tolerantly but without guessing.

    Taken: any case, markdown emphasis, the markers label, rating, score, verdict or answer, a JSON object with those
    keys, ``4/5`` when 5 is the scale's top, ``4 (positive)``, a reply that is nothing but a label, and native thinking
    (handed over separately or within ``<think>`` tags), which then is the rationale.
    Refused with a reason: several different labels, a label outside the scale, a hedge such as ``3-4``.

    Args:
        text: The completion alone. Never hand in the prompt: a template or an item must not be able to set the label.
        scale: The scale that the label has to be on.
        thinking: The model's native reasoning, where the engine returns it apart.
        truncated: Whether the reply was cut at the token limit.
    """
    begun = _OPENED_BEFORE.match(text)
    rest = text if begun is None else text[begun.end() :]
    thoughts = [thinking, "" if begun is None else begun.group(1), *(match.group(2) for match in _THINK.finditer(rest))]
    native = "\n\n".join(thought.strip() for thought in thoughts if thought.strip())
    body = _THINK.sub("", rest)
    visible = body.strip()
    if not visible:
        reason: Reason = "truncated" if truncated else "empty"
        return Reply(native, Unparsed(reason, "the reply has no visible text"))
    keyed = _from_json(visible)
    if keyed is not None:
        written, said = keyed
        return Reply(native if native else said, _read(written, scale))
    marks = [match for match in _MARK.finditer(visible) if not _blank(match.group(1), scale)]
    rationale = native if native else _rationale(visible, marks)
    if marks:
        label = _agree([_read(match.group(1), scale) for match in marks])
        if truncated and marks[-1].end() == len(visible) and not body.endswith("\n"):
            label = _finished(label, scale)
        return Reply(rationale, label)
    whole = _read(visible, scale) if len(visible) <= 40 else Unparsed("no_label")
    if not isinstance(whole, Unparsed):
        return Reply(native, _finished(whole, scale) if truncated else whole)
    if truncated:
        return Reply(rationale, Unparsed("truncated", "the reply was cut before a label"))
    if _REFUSAL.search(visible):
        return Reply(rationale, Unparsed("refused", visible[:80]))
    if whole.reason in ("outside_scale", "several_labels"):
        return Reply(native, whole)
    return Reply(rationale, Unparsed("no_label", visible[-80:]))


def _agree(labels: list[Label | Unparsed]) -> Label | Unparsed:
    """Return the one label that all marked lines give; lines that could not be read count as disagreement."""
    first = labels[0]
    if all(label == first for label in labels[1:]):
        return first
    return Unparsed("several_labels", f"{len(labels)} label lines that differ")


def _blank(written: str, scale: Scale) -> bool:
    """Tell whether nothing but markdown stands after a marker (unless that is what a level is called)."""
    return not written.strip(" \t*_`") and isinstance(_read(written, scale), Unparsed)


def _finished(label: Label | Unparsed, scale: Scale) -> Label | Unparsed:
    """Return a label with which a cut reply ends, unless another label begins like it: ``1`` may have become ``10``."""
    if isinstance(label, Unparsed):
        return label
    written = scale.write(label).casefold()
    others = [scale.write(level).casefold() for level in scale.levels or () if level != label]
    if scale.levels is None or any(other.startswith(written) for other in others):
        return Unparsed("truncated", f"the reply was cut at {scale.write(label)[:60]}")
    return label


def _rationale(visible: str, marks: list[re.Match[str]]) -> str:
    """Return what stands before the label, or after it where the label came first."""
    body = visible
    if marks:
        before, after = visible[: marks[0].start()], visible[marks[-1].end() :]
        body = before if before.strip() else after
    return _REASON_MARK.sub("", body.strip(), count=1).strip()


def _read(written: str, scale: Scale) -> Label | Unparsed:
    """Read one written label, e.g. ``**4** (positive)``."""
    text = written.strip().strip("*_`\"'[]() \t").strip()
    text = text.rstrip(".!,;").strip("*_`\"'[]() \t")
    text = re.sub(r"^<([^<>]*)>$", r"\1", text)  # the form in the prompt has <...>, which small models copy
    for candidate in (written, text):
        try:
            return scale.read(candidate)
        except InputError:
            continue
    if not text:
        return Unparsed("no_label", "nothing after the marker")
    ratio = _OUT_OF.match(text)
    if ratio is not None:
        top = scale.levels[-1] if scale.levels is not None else getattr(scale, "high", None)
        if isinstance(top, int | float) and float(ratio.group(2)) == float(top):
            return _number(ratio.group(1), scale)
        return Unparsed("outside_scale", text[:80])
    names = [level for level in scale.levels if isinstance(level, str)] if scale.levels is not None else []
    if names:
        return _name(text, names, scale)
    numbers = list(dict.fromkeys(float(number) for number in _NUMBER.findall(text)))
    if len(numbers) > 1:
        return Unparsed("several_labels", text[:80])
    start = _NUMBER.match(text)
    if start is not None and re.match(rf"{_ENDS}|stars?\b|points?\b)", text[start.end() :]):
        return _number(start.group(0), scale)
    return Unparsed("no_label", text[:80])


def _name(text: str, names: list[str], scale: Scale) -> Label | Unparsed:
    """Read a named level at the start of a line, e.g. ``ironic (the praise is not meant)``."""
    spans = [
        (*match.span(), name)
        for name in names
        for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE)
    ]
    # "very good" is not also "good", but "not_ironic, or ironic" names two levels.
    whole = [span for span in spans if not any(_within(span[:2], other[:2]) for other in spans)]
    found = sorted({name for _, _, name in whole})
    if len(found) > 1:
        return Unparsed("several_labels", text[:80])
    if found and re.match(rf"{re.escape(found[0])}{_ENDS})", text, re.IGNORECASE):
        return scale.read(found[0])
    return Unparsed("no_label", text[:80])


def _within(inner: tuple[int, int], outer: tuple[int, int]) -> bool:
    return inner != outer and outer[0] <= inner[0] and inner[1] <= outer[1]


def _number(written: str, scale: Scale) -> Label | Unparsed:
    try:
        return scale.read(written)
    except InputError:
        return Unparsed("outside_scale", written[:80])


def _from_json(text: str) -> tuple[str, str] | None:
    """Return (written label, rationale) of a reply that is one JSON object, else None."""
    body = text.removeprefix("```json").removeprefix("```").removesuffix("```").strip()
    if not body.startswith("{"):
        return None
    try:
        pairs = json.loads(body, object_pairs_hook=list)  # a dict would keep the last of two labels
    except (ValueError, RecursionError):
        return None
    labels = [value for key, value in pairs if key.lower() in ("label", "rating", "score", "verdict", "answer")]
    if len(labels) != 1 or not isinstance(labels[0], int | float | str) or isinstance(labels[0], bool):
        return None
    reasons = ("rationale", "reason", "reasoning", "explanation")
    said = [value for key, value in pairs if key.lower() in reasons and isinstance(value, str)]
    return str(labels[0]), said[0].strip() if said else ""
