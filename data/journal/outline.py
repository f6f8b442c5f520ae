"""Knows the short form of what was drawn for a prompt, all but the texts, and how it is packed; knows no file."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..scales import Label
from .draws import Draw, DrawKind

_MOST = 2**32 - 1
_ENTRY = struct.Struct("<5I")
_FIELDS = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a draw, its texts and tokens aside. Draws that came to the same share one outcome.

    Attributes:
        label: The label that was read, or None.
        reason: Empty, or why there is no label.
        finish_reason: ``stop``, ``length`` or what the server said.
        kind: Whether the model saw the label.
        repaired: Whether the label was forced out of a reply that had none.
        has_rationale: Whether any reasoning was read.
    """

    label: Label | None
    reason: str
    finish_reason: str
    kind: DrawKind
    repaired: bool
    has_rationale: bool


@dataclass(frozen=True, slots=True)
class PromptOutline:
    """What is recorded for one prompt, without the texts: enough to decide about stopping and acceptance.

    The tuples have one entry per draw, in the order of the draws' numbers.

    Attributes:
        prompt: SHA-256 of the prompt, in hexadecimal.
        numbers: The draws' indices, ascending.
        outcomes: What came of each; equal outcomes are mostly one object, so a decision about one can be remembered.
        prompt_tokens: Billed prompt tokens of each.
        completion_tokens: Billed completion tokens of each.
    """

    prompt: str
    numbers: tuple[int, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    prompt_tokens: tuple[int, ...] = ()
    completion_tokens: tuple[int, ...] = ()


def packed_entry(row: int, draw: Draw, outcome: int) -> bytes:
    """Pack a draw into its entry: number, outcome's number, tokens (up to 4,294,967,295), row of its texts.

    Entries can be joined, and prompts have few of them: decoding all entries of a prompt is one call into C.
    """
    prompt_tokens = min(max(draw.prompt_tokens, 0), _MOST)
    completion_tokens = min(max(draw.completion_tokens, 0), _MOST)
    return _ENTRY.pack(draw.index, outcome, prompt_tokens, completion_tokens, row)


def numbers_in(entries: bytes) -> tuple[int, ...]:
    """Return the numbers of the draws packed in `entries`."""
    return _unpacked(entries)[::_FIELDS]


def rows_in(entries: bytes) -> tuple[int, ...]:
    """Return the rows of the texts of the draws packed in `entries`."""
    return _unpacked(entries)[4::_FIELDS]


def sorted_entries(entries: bytes) -> bytes:
    """Return the entries sorted by the draws' numbers."""
    single = [entries[start : start + _ENTRY.size] for start in range(0, len(entries), _ENTRY.size)]
    return b"".join(sorted(single, key=_ENTRY.unpack))


def outline(prompt: str, entries: bytes, outcomes: Mapping[int, Outcome]) -> PromptOutline:
    """Unpack the entries of a prompt.

    Args:
        prompt: SHA-256 of the prompt, in hexadecimal.
        entries: What `packed` made, joined, in order.
        outcomes: The outcomes by their numbers.
    """
    values = _unpacked(entries)
    return PromptOutline(
        prompt,
        values[::_FIELDS],
        tuple(map(outcomes.__getitem__, values[1::_FIELDS])),
        values[2::_FIELDS],
        values[3::_FIELDS],
    )


def _unpacked(entries: bytes) -> tuple[int, ...]:
    return _entries(len(entries)).unpack(entries)


@lru_cache(maxsize=256)
def _entries(size: int) -> struct.Struct:
    return struct.Struct(f"<{size // 4}I")
