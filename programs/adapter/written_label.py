"""Knows how to read one label as models write it, or why it cannot; does not know where in a reply it stood."""

import math
import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from ...data import InputError, Label, Scale

Reason = Literal[
    "empty",
    "no_label",
    "several_labels",
    "outside_scale",
    "not_finite",
    "malformed",
    "truncated",
    "refused",
    "unanswered",
    "error",
]
"""Why a reply gives no label.

- ``empty``: nothing but whitespace and thinking.
- ``no_label``: no label where one is looked for.
- ``several_labels``: labels that differ, or answers to one question.
- ``outside_scale``: a number that the scale does not have.
- ``not_finite``: NaN or infinity.
- ``malformed``: JSON that cannot be read.
- ``truncated``: cut before a label, or within one.
- ``refused``: the model declines.
- ``unanswered``: a question of a checklist has no yes or no.
- ``error``: the request failed.
"""

MARKUP = "*_`\"'“”‘’«»[]() \t"
"""Markdown, quotes and brackets that may stand around a label."""

INVISIBLE = "\x00\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
"""What cannot be seen, as part of a class in a regular expression: null, soft hyphen, zero width, direction, BOM."""

_LONGEST = 10_000
"""Characters after a marker; whoever writes more has written no label."""
_UNSEEN = re.compile(f"[{INVISIBLE}]")
_CONTROL_TOKEN = re.compile(r"(?:<\|\w{1,30}\|>|</s>)\Z")
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?![\w]|\.\d)")
_OUT_OF = re.compile(r"^([-+]?\d+(?:\.\d+)?)\s*(?:/|out of)\s*([-+]?\d+(?:\.\d+)?)\b(?!\s*/)", re.IGNORECASE)
_EXPONENT = re.compile(r"[-+]?\d+(?:\.\d+)?e[-+]?\d+", re.IGNORECASE)
_NOT_FINITE = re.compile(r"[-+]?(?:nan|inf(?:inity)?|∞)(?!\w)", re.IGNORECASE)
_ENDS = r"[\s*_`\"'\])]*(?:$|[(=]|[-–—:,.](?=\s|$)"
"""What may follow a label on its line; ``4-ish`` is a hedge, ``4 - friendly`` is not."""


@dataclass(frozen=True)
class Unparsed:
    """A reply that gives no label: a reason that can be counted, and the words that led to it."""

    reason: Reason
    detail: str = ""


def read_written(written: str, scale: Scale) -> Label | Unparsed:
    """Read one written label, e.g. ``**4** (positive)``.

    The scale's own spelling goes first. What is forgiven otherwise: markdown, quotes, the ``<...>`` of the prompt's
    form (which small models copy), characters that cannot be seen, digits of other scripts, a chat template's closing
    token.
    """
    if len(written) > _LONGEST:
        return Unparsed("no_label", written[:80])
    text = _plain(written)
    for candidate in (written, text):
        try:
            return scale.read(candidate)
        except InputError:
            continue
    if not text:
        return Unparsed("no_label", "nothing after the marker")
    ratio = _OUT_OF.match(text)
    if ratio is not None:
        top = scale.ends[1]
        if isinstance(top, int | float) and float(ratio.group(2)) == float(top):
            return _number(ratio.group(1), scale)
        return Unparsed("outside_scale", text[:80])
    names = [level for level in scale.levels or () if isinstance(level, str)]
    return _name(text, names, scale) if names else _numeric(text, scale)


def _plain(written: str) -> str:
    text = _UNSEEN.sub("", written).strip()
    text = _CONTROL_TOKEN.sub("", text).strip(MARKUP).strip()
    text = text.rstrip(".!,;。").strip(MARKUP)
    text = re.sub(r"^<([^<>]*)>$", r"\1", text)
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(letter)) if letter.isdecimal() else letter for letter in text)


def _numeric(text: str, scale: Scale) -> Label | Unparsed:
    """Read a number at the start of a line."""
    numbers = list(dict.fromkeys(float(number) for number in _NUMBER.findall(text)))
    if len(numbers) > 1:
        return Unparsed("several_labels", text[:80])
    start = _NUMBER.match(text)
    if start is not None and re.match(rf"{_ENDS}|stars?\b|points?\b)", text[start.end() :]):
        return _number(start.group(0), scale)
    power = _EXPONENT.match(text)
    if _NOT_FINITE.match(text) is not None or (power is not None and math.isinf(float(power[0]))):
        return Unparsed("not_finite", text[:80])
    if power is not None and power.end() == len(text):
        return Unparsed("outside_scale", text[:80])
    return Unparsed("no_label", text[:80])


def _name(text: str, names: list[str], scale: Scale) -> Label | Unparsed:
    """Read a named level at the start of a line, e.g. ``ironic (the praise is not meant)``."""
    # The longest first: "very good" is not also "good", but "not_ironic, or ironic" names two levels.
    choice = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    known = {name.casefold(): name for name in names}
    said = {match[0].casefold() for match in re.finditer(rf"(?<!\w)(?:{choice})(?!\w)", text, re.IGNORECASE)}
    found = sorted({known.get(name, name) for name in said})
    if len(found) > 1:
        return Unparsed("several_labels", text[:80])
    if found and re.match(rf"{re.escape(found[0])}{_ENDS})", text, re.IGNORECASE):
        return _number(found[0], scale)
    return Unparsed("no_label", text[:80])


def _number(written: str, scale: Scale) -> Label | Unparsed:
    try:
        return scale.read(written)
    except InputError:
        return Unparsed("outside_scale", written[:80])
