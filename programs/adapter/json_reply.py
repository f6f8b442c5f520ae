"""Knows the JSON objects that stand in a reply and what they say of label and rationale; not what a label may be."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_LABELS = ("label", "rating", "score", "verdict", "answer")
_RATIONALES = ("rationale", "reason", "reasoning", "explanation")
_OPENING = re.compile(r"\{(?=\s*[\"}])")
_LABEL_KEY = re.compile(rf"[\"'](?:{'|'.join(_LABELS)})[\"'][ \t]*:", re.IGNORECASE)
_TO_VALUE = re.compile(r"\s*[\"']?")
# Models write line ends within strings as they are. A dict would keep the last of two labels.
_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=list)
_MOST_OPENINGS = 50
"""How many openings are tried, so that a page of braces costs little."""


@dataclass(frozen=True)
class JsonObject:
    """One JSON object within a reply.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        labels: What stands under its keys for a label, as text (empty for what is neither number nor text).
        rationale: What stands under the first key for a rationale.
        at: Where the value of the first key for a label begins, a quotation mark left out; None where there is none.
    """

    start: int
    end: int
    labels: tuple[str, ...]
    rationale: str
    at: int | None


def json_objects(text: str) -> list[JsonObject]:
    """Return the JSON objects in a text, in order; none lies within another."""
    found: list[JsonObject] = []
    end = 0
    for number, opening in enumerate(_OPENING.finditer(text)):
        if number >= _MOST_OPENINGS:
            break
        if opening.start() < end:
            continue
        try:
            pairs, end = _DECODER.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            continue
        labels, rationale = _content(pairs)
        at = _place_of_label(text, opening.start(), end, labels)
        found.append(JsonObject(opening.start(), end, labels, rationale, at))
    return found


def is_broken_json(text: str, objects: Sequence[JsonObject]) -> bool:
    """Tell whether a reply was meant as a JSON object with a label and is none, given the objects that it does hold.

    Nothing is read from such a reply: a line of it may be a line of one of its strings.
    """
    if not (text.startswith("{") or text.endswith("}")):
        return False
    ends = [0, *(one.end for one in objects)]
    starts = [*(one.start for one in objects), len(text)]
    return any(_LABEL_KEY.search(text, end, start) for end, start in zip(ends, starts, strict=True))


def _content(pairs: list[tuple[str, Any]]) -> tuple[tuple[str, ...], str]:
    labels = tuple(_written(value) for key, value in pairs if key.lower() in _LABELS)
    said = [value for key, value in pairs if key.lower() in _RATIONALES and isinstance(value, str)]
    return labels, said[0].strip() if said else ""


def _place_of_label(text: str, start: int, end: int, labels: Sequence[str]) -> int | None:
    """Return where the first label's value stands in an object; a quoted key has no such value behind it."""
    for key in _LABEL_KEY.finditer(text, start, end) if labels else ():
        value = _TO_VALUE.match(text, key.end())
        if value is not None and text.startswith(labels[0], value.end()):
            return value.end()
    return None


def _written(value: Any) -> str:
    return str(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
