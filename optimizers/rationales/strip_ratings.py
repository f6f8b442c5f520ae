"""Knows how to take every mention of a rating out of a text and leave the rest; does not judge what is left.

What goes is the smallest clause that holds a mention, else its sentence: a number taken out of a sentence would leave a
gap that still says a rating stood there. The phrases are English; numbers beside a scale's top ("4/5"), stars and the
levels' own names are found in any language. What is left may well imply the label: that is what a rationale is for.
"""

import re
import unicodedata
from typing import NamedTuple

from ...data import Scale
from ...data.values import as_number
from .rating_phrases import PHRASES, UNITS, name_patterns

_SENTENCE = re.compile(
    r"([ \t]*(?:(?:[-*•#>]+|\(?\d{1,2}[.)])[ \t]+)?)"  # a bullet or a list's number is no mention
    r"((?s:.*?)(?:(?<![.!?…])[.!?…]+[\"'”’)\]*_]*(?=\s|\Z)|(?=\n)|\Z))(\s*)"
)
_LINK = (
    r"(?:because|since|although|though|whereas|while|therefore|thus|hence|which|due\s+to|given\s+that|despite|but"
    r"|and\s+(?:so|therefore|thus|hence|i|it|this|we)|so\s+(?:i|it|this|the|that|we)"
    r"|(?:for|as)\s+(?:its|it|the|this|being))\b"
)
_LOOSE = r"(?:and|so|yet|or|as|making|giving|earning|placing|if|when|where|with|for|rather|i|we|it|this)\b"
_CLAUSE = re.compile(
    rf"(?=[;—–])|(?<!\s)(?=\s+-{{1,2}}\s|:\s|,\s*(?:{_LINK}|{_LOOSE})|\s+(?:\(|{_LINK}))|(?<=\))", re.IGNORECASE
)
_LEADING = re.compile(rf"\A[\s,;:—–-]*(?:(?:{_LINK}|and\b|so\b|or\b|as\b|for\b|with\b)[\s,]*)?", re.IGNORECASE)
_FULL_STOP = re.compile(r"[.!?…][\"'”’)\]*_]*\Z")
_FEWEST = 3
"""Words that a clause must have to stand alone once its neighbours are gone."""
_GONE = "\0"


class Stripped(NamedTuple):
    """A text without mentions of a rating (as it was where there was none), and how many mentions went."""

    text: str
    mentions: int


class RatingMentions:
    """Finds and removes what names, numbers or places a level of one scale.

    Args:
        scale: Whose levels are looked for.
    """

    def __init__(self, scale: Scale) -> None:
        """Compile the patterns."""
        self._patterns = [re.compile(pattern, re.IGNORECASE) for pattern in (*PHRASES, *name_patterns(scale))]
        self._low, self._high = _range(scale)

    def remove(self, text: str) -> Stripped:
        """Return the text without its mentions; doing so twice changes nothing more."""
        mentions = 0
        while True:
            kept, found = "", 0
            for sentence in _SENTENCE.finditer(text):
                rest, gone = self._cut(*sentence.groups())
                found += gone
                if gone and not rest and "\n" in sentence[3]:
                    rest = "\n" if kept else ""  # a line that went leaves no empty one
                    kept = kept.rstrip()
                kept += rest
            if not found:
                return Stripped(text.strip() if mentions else text, mentions)
            text = kept
            mentions += found

    def _cut(self, lead: str, said: str, space: str) -> tuple[str, int]:
        """Return what is left of one sentence, and how many mentions it held."""
        # A circled 4 is a 4, and what nobody sees hides nothing.
        plain = unicodedata.normalize("NFKC", said)
        plain = "".join(sign for sign in plain if unicodedata.category(sign) != "Cf")
        marked = list(plain)
        for pattern in self._patterns:
            for match in pattern.finditer(plain):
                if self._counts(match.groupdict()):
                    # Brackets stay: they set clauses apart.
                    marked[match.start() : match.end()] = re.sub(r"[^()]", _GONE, match[0])
        found = re.findall(f"{_GONE}+", "".join(marked))
        if not found:
            return lead + said + space, 0
        runs = [lead]
        for clause in _CLAUSE.split("".join(marked)):
            if _GONE in clause:
                runs.append("")
            else:
                runs[-1] += clause
        left = " ".join(filter(None, map(_sentence_of, runs)))
        return left + ("\n" if "\n" in space else " ") if left else "", len(found)

    def _counts(self, groups: dict[str, str | None]) -> bool:
        """Tell whether what was found is on the scale, and out of what ratings are given out of."""
        number, top = _number(groups.get("n")), _number(groups.get("top"))
        if top is not None and top not in {5.0, 10.0, 100.0, self._high}:
            return False
        return number is None or self._low <= number <= (self._high if top is None else top)


def _sentence_of(run: str) -> str:
    """Make a sentence of clauses that lost their neighbours; empty where too little is left to be one."""
    body = _LEADING.sub("", run).strip(" \t\n,;:—–-")
    if body.startswith("(") and body.endswith(")"):
        body = body[1:-1].strip()
    if len(re.findall(r"\w+", body)) < _FEWEST:
        return ""
    body = body[0].upper() + body[1:]
    return body if _FULL_STOP.search(body) else f"{body}."


def _number(written: str | None) -> float | None:
    """Read a number in digits or as a word; None where there is none."""
    if written is None:
        return None
    text = re.sub(r"(?:-?ish|[%+])\Z", "", written.casefold()).replace(",", ".")
    sign, text = (-1.0 if text.startswith("minus") else 1.0), re.sub(r"\A(?:minus|plus|\+)\s*", "", text)
    number = UNITS.index(text) if text in UNITS else as_number(text)
    return None if number is None else sign * number


def _range(scale: Scale) -> tuple[float, float]:
    """Return the lowest and highest number that may stand for a level: names count from 1."""
    levels = scale.levels
    low, high = scale.ends
    if levels is None or not isinstance(low, str):
        return float(low), float(high)
    return 1.0, float(len(levels))
