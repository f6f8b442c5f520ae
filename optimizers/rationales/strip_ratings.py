"""Knows how to take every mention of a rating out of a text and leave the rest; does not judge what is left.

What goes is the smallest clause that holds a mention, else its sentence: a number taken out of a sentence would leave a
gap that still says a rating stood there. When in doubt a clause goes: a sentence lost costs little, a leak would let
the blind reading be led by the label. The phrases are English; numbers beside a scale's top ("4/5"), stars and the
levels' own names are found in any language. What is left may well imply the label: that is what a rationale is for.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from ...data import Scale
from ...data.values import as_number
from .level_names import name_patterns
from .rating_phrases import NUMBERS, PLACES, SHOWN

_SENTENCE = re.compile(
    r"[ \t]*(?:(?:[-*•#>]+|\(?\d{1,2}[.)])[ \t]+)?"  # a bullet or a list's number belongs to what follows
    r"(?:[^.!?\n]|[.!?](?=[^\s\"'”’)\]*_])|(?<=\be)\.|(?<=\bg)\.|(?<=\bvs)\.|(?<=\bcf)\.)*"
    r"(?:[.!?…]+[\"'”’)\]*_]*)?\s*"
)
_BULLET = re.compile(r"\s*(?:(?:[-*•#>]+|\(?\d{1,2}[.)])[ \t]+)?")
_CONNECTIVE = (
    r"(?:and\s+so|and\s+therefore|and\s+thus|and\s+hence|because|since|although|though|whereas|while|therefore|thus|hence|which|so"
    r"|but|yet|and|or|nor|as|making|resulting|giving|earning|meaning|thereby|leading|placing|putting|due\s+to|owing\s+to"
    r"|thanks\s+to|given(?:\s+that)?|despite|even\s+though|if|when|where|with|for|rather\s+than|instead\s+of|in\s+that)"
)
_BOUNDARY = re.compile(
    rf"[;—–]\s*|(?<!\s)\s+-{{1,2}}\s+|:\s+|,\s*(?={_CONNECTIVE}\b|i\b|we\b|it\b|this\b|hence\b)|(?<!\s)\s+(?=\()|(?<=\))\s*"
    r"|(?<!\s)\s+(?=(?:because|since|although|though|whereas|therefore|thus|hence|due\s+to|owing\s+to|thanks\s+to|given\s+that|despite"
    r"|even\s+though|so\s+(?:i|it|this|the|that|we)|and\s+(?:so|therefore|thus|hence|i|it|this|we)|but|which|while|in\s+that)\b)"
    r"|(?<!\s)\s+(?=(?:for|as)\s+(?:its|it|the|this|being|having|both)\b)",
    re.IGNORECASE,
)
_LEADING = re.compile(rf"\A[\s,;:—–-]*(?:{_CONNECTIVE}\b[\s,]*)+", re.IGNORECASE)
_FULL_STOP = re.compile(r"[.!?…][\"'”’)\]*_]*\Z")
_FEWEST = 3
"""Words that a clause must have to stand alone once its neighbours are gone."""

_WORD_NUMBERS = {
    word: value
    for value, word in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
}


@dataclass(frozen=True)
class Stripped:
    """A text without mentions of a rating.

    Attributes:
        text: What is left; the text as it was where there was no mention.
        mentions: How many mentions went.
    """

    text: str
    mentions: int


class RatingMentions:
    """Finds and removes what names, numbers, places or paraphrases a level of one scale.

    Args:
        scale: Whose levels are looked for.
    """

    def __init__(self, scale: Scale) -> None:
        """Compile the patterns."""
        self._patterns = [
            re.compile(pattern, re.IGNORECASE) for pattern in (*NUMBERS, *PLACES, *SHOWN, *name_patterns(scale))
        ]
        self._low, self._high = _range(scale)
        self._tops = {5.0, 10.0, 100.0, self._high}

    def find(self, text: str) -> list[str]:
        """Return the mentions in a text, sentence by sentence, as they are written (after NFKC normalisation)."""
        return [
            sentence[start:end]
            for sentence in map(_plain, _sentences(text))
            for start, end in _merged(self._spans(sentence))
        ]

    def remove(self, text: str) -> Stripped:
        """Return the text without its mentions; doing so twice changes nothing more."""
        mentions = 0
        while True:
            kept = ""
            found = 0
            for sentence in _sentences(text):
                rest, gone = self._cut(sentence)
                if not rest.strip() and gone:
                    # A line that went leaves no empty one.
                    rest = "" if not kept or kept.endswith("\n") else rest
                    kept = kept.rstrip(" ") if rest else kept
                kept += rest
                found += gone
            if not found:
                return Stripped(text.strip() if mentions else text, mentions)
            text = kept
            mentions += found

    def _cut(self, sentence: str) -> tuple[str, int]:
        """Return what is left of one sentence, and how many mentions it held."""
        sentence_plain = _plain(sentence)
        spans = _merged(self._spans(sentence_plain))
        if not spans:
            return sentence, 0
        space = sentence_plain[len(sentence_plain.rstrip()) :]
        runs: list[str] = []
        previous = False
        for start, end in _clauses(sentence_plain):
            clear = all(end <= first or last <= start for first, last in spans)
            clause = sentence_plain[start:end]
            if clear and previous:
                runs[-1] += clause
            elif clear:
                runs.append(clause)
            previous = clear
        left = [_sentence_of(run) for run in runs]
        text = " ".join(run for run in left if run)
        return (text + (space if "\n" in space else " ") if text else ("\n" if "\n" in space else "")), len(spans)

    def _spans(self, sentence: str) -> Iterator[tuple[int, int]]:
        body = sentence[_BULLET.match(sentence).end() :]  # pyright: ignore[reportOptionalMemberAccess]
        shift = len(sentence) - len(body)
        body = body.rstrip()
        for pattern in self._patterns:
            for match in pattern.finditer(body):
                if match[0] and self._counts(match):
                    yield match.start() + shift, match.end() + shift

    def _counts(self, match: re.Match[str]) -> bool:
        groups = match.groupdict()
        top = _number(groups.get("top"))
        if top is not None and top not in self._tops:
            return False
        if groups.get("n") is None:
            return True
        number = _number(groups["n"])
        return number is None or self._low <= number <= (self._high if top is None else top)


def _sentences(text: str) -> Iterator[str]:
    """Cut a text into sentences, each with the blanks after it; together they are the text."""
    place = 0
    while place < len(text):
        match = _SENTENCE.match(text, place)
        end = place + 1 if match is None or match.end() == place else match.end()
        yield text[place:end]
        place = end


def _clauses(sentence: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _BOUNDARY.finditer(sentence):
        if match.start() > start:
            yield start, match.start()
            start = match.start()
    yield start, len(sentence)


def _sentence_of(run: str) -> str:
    """Make a sentence of clauses that lost their neighbours; empty where too little is left to be one."""
    body = _LEADING.sub("", run).strip(" \t\n,;:—–-")
    if body.startswith("(") and body.endswith(")"):
        body = body[1:-1].strip()
    if len(re.findall(r"\w+", body)) < _FEWEST:
        return ""
    body = body[0].upper() + body[1:]
    return body if _FULL_STOP.search(body) else f"{body}."


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return overlapping spans as one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _plain(text: str) -> str:
    """Return the text with compatibility characters resolved (a circled 4 is a 4) and invisible ones left out."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")


def _number(written: str | None) -> float | None:
    """Read a number in digits or as a word; None where it is neither."""
    if written is None:
        return None
    text = written.casefold().strip().rstrip("+%").removesuffix("ish").rstrip("-").replace(",", ".")
    sign = 1.0
    for word, factor in (("minus", -1.0), ("negative", -1.0), ("plus", 1.0), ("positive", 1.0)):
        if text.startswith(word):
            text, sign = text[len(word) :].strip(), factor
    first = text.split()[0] if text.split() else ""
    number = _WORD_NUMBERS.get(first, as_number(text.lstrip("+")))
    return None if number is None else sign * (number + (0.5 if text.endswith("half") else 0.0))


def _range(scale: Scale) -> tuple[float, float]:
    """Return the lowest and highest number that may stand for a level: names count from 1."""
    levels = scale.levels
    low, high = scale.ends
    if levels is None or not isinstance(low, str):
        return float(low), float(high)
    return 1.0, float(len(levels)) if scale.ordered else float(max(len(levels), 5))
