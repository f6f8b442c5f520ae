"""Knows what a reply's tokens say of the levels that could stand for its label; knows no token ids and no server."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ...data import Label, Scale
from ..adapter import Token

Unweighed = Literal["no_logprobs", "no_place", "levels_unclear"]
"""Why a reply gives no probabilities of levels.

- ``no_logprobs``: it came without log-probabilities, or without alternatives.
- ``no_place``: its tokens do not make up its text, or its label has no one place.
- ``levels_unclear``: the alternatives leave open which level they begin.
"""

_MOST_UNCLEAR = 0.01
"""Share of the probability seen that may belong to one of several levels; it is left out."""

_AROUND = b" \t\r\n*_`\"'[(<"
_ENDS_LEVEL = re.compile(rb"(?![\w\x80-\xff])(?![.,/:-]\d)")
"""What may follow a level that is written whole: ``4-`` goes on as ``4-5``, ``4.`` as ``4.5``."""


@dataclass(frozen=True)
class LevelWeights:
    """The probability that was seen on each level at the place of the label.

    Attributes:
        weights: By level, in the scale's order; 0 for a level that no alternative begins. They are those of levels as
            they are written in this reply, and add up to `mass`.
    """

    weights: Mapping[Label, float]

    @property
    def mass(self) -> float:
        """The probability seen on all levels together: what is missing to 1 went elsewhere, or was not shown."""
        return math.fsum(self.weights.values())

    @property
    def distribution(self) -> dict[Label, float]:
        """The weights brought to sum 1."""
        mass = self.mass
        return {level: weight / mass for level, weight in self.weights.items()}


def level_weights(
    text: str, tokens: Sequence[Token] | None, place: int | None, label: Label, scale: Scale
) -> LevelWeights | Unweighed:
    """Weigh a scale's levels by the alternatives to the tokens with which a reply wrote its label.

    An alternative counts for the one level that it is or begins. Where the reply itself began what several levels begin
    with (`very`), the next token decides, and so on: probabilities are multiplied along the reply. Other alternatives
    that several levels begin with are unclear, except for one that is a whole level while the longer ones are seen as
    tokens of their own (``1`` beside ``10``).

    Args:
        text: The visible reply.
        tokens: The tokens that were sent; they may hold more than the visible reply.
        place: Where in the text the label begins (`Reply.place`).
        label: The label that was read there.
        scale: The scale, which has levels.
    """
    if tokens is None or not has_alternatives(tokens):
        return "no_logprobs"
    start = None if place is None else _find(text, tokens, place)
    if start is None:
        return "no_place"
    walk = _Walk(scale)
    for number in range(start.number, len(tokens)):
        if walk.take(tokens[number], start.inside if number == start.number else None):
            break
    seen = LevelWeights(walk.weights)
    if walk.chosen != label or walk.unclear > _MOST_UNCLEAR * (seen.mass + walk.unclear):
        return "levels_unclear"
    return seen


def has_alternatives(tokens: Sequence[Token]) -> bool:
    """Return whether any token came with more than itself, so that levels can be weighed at all."""
    return any(len(token.alternatives) > 1 for token in tokens)


class _Walk:
    """Follows a reply's label token by token and adds up what the levels get.

    Attributes:
        weights: Probability by level.
        unclear: Probability that may be one of several levels.
        chosen: The level that the reply came to, or None as long as there are several.
    """

    def __init__(self, scale: Scale) -> None:
        self._written = {level: scale.write(level).encode().lower() for level in scale.levels or ()}
        self.weights: dict[Label, float] = dict.fromkeys(self._written, 0.0)
        self.unclear = 0.0
        self.chosen: Label | None = None
        self._said = b""
        self._path = 1.0

    def take(self, token: Token, cut: bytes | None) -> bool:
        """Take one token; return whether the reply's level is known, or cannot be, from here on.

        Args:
            token: The token.
            cut: What of the first token stands before the label; None for a later one.
        """
        others = [
            (self._text(other.bytes, cut), _share(other.logprob))
            for other in token.alternatives
            if other.bytes != token.bytes
        ]
        said = self._text(token.bytes, cut)
        seen = {said, *(text for text, _ in others)}
        for text, share in others:
            self._give(self._meant(text, seen), self._path * share)
        self._path *= _share(token.logprob)
        meant = self._meant(said, seen)
        if len(meant) > 1 and said is not None:
            self._said = said
            return False
        self._give(meant, self._path)
        self.chosen = meant[0] if meant else None
        return True

    def _give(self, meant: Sequence[Label], share: float) -> None:
        if len(meant) == 1:
            self.weights[meant[0]] += share
        elif meant:
            self.unclear += share

    def _text(self, written: bytes, cut: bytes | None) -> bytes | None:
        """Return what a token makes of the label so far; None where it writes none of it."""
        if cut is None:
            # A token without text is the end of the turn.
            return self._said + (written.lower() if written else b"\n")
        blank = not cut.strip(_AROUND)
        if not blank and not written.startswith(cut):
            return None
        text = (written if blank else written[len(cut) :]).lstrip(_AROUND).lower()
        return text if text else None

    def _meant(self, text: bytes | None, seen: set[bytes | None]) -> list[Label]:
        """Return the levels that a beginning of the label can become, given what the tokens of its place write."""
        if text is None:
            return []
        whole = [
            level
            for level, written in self._written.items()
            if text.startswith(written) and _ENDS_LEVEL.match(text, len(written))
        ]
        whole = [max(whole, key=lambda level: len(self._written[level]))] if whole else []
        longer = [level for level, written in self._written.items() if written != text and written.startswith(text)]
        if whole and all(self._written[level] in seen for level in longer):
            # `1` and `10` are both tokens here, so nobody writes 10 as 1 and 0.
            return whole
        return whole + longer


@dataclass(frozen=True)
class _Start:
    """Where a label begins: in which token, and what of that token stands before it."""

    number: int
    inside: bytes


def _find(text: str, tokens: Sequence[Token], place: int) -> _Start | None:
    """Return the token in which the label begins; None where the tokens do not make up the text."""
    said = b"".join(token.bytes for token in tokens)
    offset = said.rfind(_encoded(text))
    if offset >= 0:
        at = offset + len(_encoded(text[:place]))
    else:
        # Tokens of half a character may come garbled; the label's own line is enough if there is one such line.
        begins = text.rfind("\n", 0, place) + 1
        ends = text.find("\n", place)
        line = _encoded(text[begins : len(text) if ends < 0 else ends])
        if said.count(line) != 1:
            return None
        at = said.find(line) + len(_encoded(text[begins:place]))
    passed = 0
    for number, token in enumerate(tokens):
        if passed + len(token.bytes) > at:
            return _Start(number, token.bytes[: at - passed])
        passed += len(token.bytes)
    return None


def _share(logprob: float) -> float:
    return math.exp(min(logprob, 0.0))


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")
