"""Knows how English states a rating: a number, a place on the scale, a level's name, a verdict on two; cuts nothing.

Each pattern is a regular expression without flags, to be compiled ignoring case. A group ``n`` must be a number on the
scale for the pattern to count, and a group ``top`` must be what ratings are given out of. These are the usual
turns: a rare one ("second from the top") stays, since every further phrase also takes innocent clauses out.
"""

import re
from collections.abc import Iterator

from ...data import Scale

UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_UNIT = "|".join(UNITS)
_OPEN, _CLOSE = r"[\"'“”‘’„«»*_`(\[<]{0,4}", r"[\"'“”‘’«»*_`)\]>]{0,4}"
_NUMBER = (
    rf"(?<![\w.,])(?:[-+−]|(?:minus|plus)\s+)?(?:\d{{1,3}}(?:[.,]\d{{1,3}})?|{_UNIT})(?:-?ish\b|[+%])?(?!\w|[.,:]\d)"
)
_VALUE = rf"{_OPEN}(?P<n>{_NUMBER})(?:\s*(?:-|–|to|or)\s*{_NUMBER})?{_CLOSE}"
_STOP = (
    r"(?=\s*(?:\Z|[.,;:!?)\]\n—–]|-\s)|\s+(?:because|since|as|and|but|or|nor|so|rather|overall|given|due|than|here)\b)"
)
_ENDS = (
    rf"(?:{_STOP}|(?=\s+(?:for|on|in|is|was|would|seems?|fits?|with|at|by|if|though|while|not|when|under|stars?|points?"
    r"|marks?|too|then)\b))"
)
_NOUN = r"(?:ratings?|scores?|marks?|grades?|labels?|verdicts?)"
_RATES = (
    rf"(?:{_NOUN}|rat(?:ed?|es|ing)|scor(?:ed|ing)|grad(?:ed|ing)|rank(?:s|ed)?|labell?(?:ed|ing)|classif(?:y|ied))"
)
_JUDGES = (
    r"(?:(?:deserv|receiv|giv|settl|choos|chos|scor)(?:e|es|ed|en|ing)|(?:merit|warrant|earn|assign|award|pick)(?:s|ed)?"
    r"|(?:justif|qualif)(?:y|ies|ied)|worth|gave|gets?|got|puts?|(?:go(?:es)?|went)\s+(?:with|for)|opt(?:s|ed)?|lean(?:s|ed)?|sits?|falls?"
    r"|belongs?|counts?)(?:\s+(?:it|this|that|an?|the|as|at|to|in|into|on|for|with|around|only|nothing|more|than))*"
)
_ITEM = (
    r"(?:it|this|that|overall|(?:the|this|that)\s+(?:\w+\s+)?(?:item|text|review|comment|essay|answer|response|reply"
    r"|message|tweet|post|sentence|story|summary|translation|article|passage|statement|argument|output|poem|whole"
    r"|quality|sentiment|polarity|stance|attitude|tone))"
)
_IS = r"(?:['’]s|\s+(?:is|was|are|seems?|feels?|looks?|reads?|appears?|(?:would|should|must|can)\s+(?:only\s+)?be))"
_LEADS = r"\A\W{0,9}(?:(?:so|thus|hence|therefore|overall|clearly|finally|it|is|it['’]s|an?|the|verdict)\W{1,4}){0,4}"
_BEST = r"(?:(?:\w+[\s-]+(?:to[\s-]+)?)?(?:highest|lowest|best|worst|top|bottom|maximum|minimum)(?:[\s-]+possible)?)"
_PART = r"(?:top|bottom|middle|cent(?:er|re)|mid-?point|ceiling|floor|half|end)"


def _as_rating(value: str) -> Iterator[str]:
    """Yield where a level, by number or name, stands as a rating."""
    yield rf"\b{_RATES}[\s:=*_\"'(~-]{{1,6}}(?:[\w'’\"*-]+[ \t]+){{0,4}}?{value}(?!\w){_ENDS}"
    yield rf"\b(?:{_RATES}|answer|quality)\s*[:=]\W{{0,9}}{value}"
    yield rf"\b{_JUDGES}\s+{value}{_ENDS}"
    yield rf"(?:=>|->|→|⇒|\b(?:so|thus|hence|therefore|overall)\s*[,:]?\s)\s*{value}{_STOP}"
    yield rf"{_LEADS}{value}(?:\W{{0,9}}\Z|\s*,?\s*(?:because|since)\b)"
    yield rf"(?!\b(?:1|one)\s){value}[\s-]+(?:rating|score|mark|grade|label|verdict|sentiment|quality)\b"


PHRASES = (
    *_as_rating(_VALUE),
    rf"\ban?\s+(?!high\s+five)(?!\w+\s+one\b)(?:[\w-]+[\s-]+)?{_VALUE}{_ENDS}",
    rf"\b(?:it|this){_IS}\s+{_VALUE}\s*(?:\Z|[.!;])",
    rf"{_VALUE}\s+(?:is|was|seems|would\s+be)\s+(?:\w+\s+)?(?:right|appropriate|correct|justified|warranted|fair)\b",
    # "4/5", "four of five", but not "4 out of 5 claims" and not a date; "4 stars", but not "a four-star hotel"
    rf"(?<!/){_VALUE}\s*(?:/|out\s+of|of)\s*{_OPEN}(?P<top>\d+|{_UNIT})(?!\s*/|\w|[.,]\d)(?:{_ENDS}|(?={_CLOSE}{_STOP}))",
    rf"(?:{_NUMBER}|\bhalf|\ba)[\s-]+stars?\b(?!\s+(?:hotel|resort|restaurant|general|inn|cruise))|[★☆⭐🌟]|\d\uFE0F?\u20E3",
    rf"\b{_JUDGES}\s+(?:all\s+)?{_NUMBER}\s+(?:full\s+)?(?:points?|marks?)\b",
    rf"\b(?:level|category|class|label|rating)\s+{_VALUE}",
    # A level by its place: "full marks", "the second-highest score", "the top of the scale".
    rf"\b(?:{_BEST}|perfect|full|high|low|good|bad|poor|positive|negative|neutral|average)\s+(?:{_NOUN}|points|stars)\b",
    rf"\b{_PART}(?:\s+(?:end|half))?\s+of\s+(?:the|this|our)\s+(?:\w+\s+)?(?:scale|range|rubric)\b",
    rf"\b(?:short\s+of|below|under|above)\s+(?:the\s+)?{_BEST}{_STOP}",
    r"\b(?:rat|scor|grad)(?:e|es|ed|ing)\s+(?:[\w'’]+\s+){0,3}?(?:high|highly|higher|highest|low|lower|lowest|poorly)\b",
    # A label that was shown or given.
    r"\b(?:this|that|my|our|the|an?)\s+(?:\w+\s+)?rating\b(?!\s+(?:agenc|system|site|guide|criteri|scale|task))",
    r"\bthe\s+(?:(?:given|assigned|shown|correct|right|human|gold)\s+)?label\b(?!\s+(?:on|of|says|reads|maker))",
    r"\b(?:annotator|rater|labell?er)s?(?:['’]s?)?\s+(?:\w+\s+){0,3}?"
    r"(?:gives?|gave|chooses?|chose|assigned|rated|scored|labell?ed|picked|decided|decision|choice|rating|label|score)\b",
)
"""A level as a number or by its place, and talk of a label that was shown: on every scale."""

_ORDINARY = frozenset(
    "good bad poor fair fine great ok okay excellent average acceptable adequate weak strong high low medium middle "
    "moderate mild severe minor major slight positive negative neutral mixed yes no true false maybe unclear unsure "
    "other none some all most little much never rarely sometimes often always correct incorrect right wrong relevant "
    "better worse best worst simple complex easy hard clear short long new old small large weakly strongly perfect "
    "terrible awful partial full complete incomplete agree disagree very somewhat slightly not rather quite partly "
    "mostly fully completely extremely really fairly highly neither nor or and too a the at so".split()
)
"""Words of judgment with other uses: a level called so counts only where it stands as a rating."""

_SUBJECT = r"(?:response|answer|option|text|summary|translation|output|essay|story|version|reply|one)"
_SIDE = (
    rf"(?:(?:(?:the\s+)?{_SUBJECT}\s+)?{_OPEN}(?-i:\b[AB]\b){_CLOSE}|(?:the\s+)?{_SUBJECT}\s+(?:1|2|one|two)\b"
    rf"|\bthe\s+(?:first|second|former|latter|left|right|other)\b(?:\s+{_SUBJECT})?)"
)
_BETTER = r"(?:better|best|superior|prefer(?:able|red)|stronger|weaker|worse|worst|inferior|winner|chosen|equal|tied)"
_VERDICTS = (
    rf"(?:{_SIDE}|\b(?:neither|both|they|it)\b){_IS}\s+(?:[\w-]+\s+){{0,3}}?{_BETTER}\b"
    rf"(?:{_STOP}|\s+(?:to\s+{_SIDE}|(?:overall|of\s+the|{_SUBJECT})\b))",
    rf"{_SIDE}\s+(?:\w+\s+)?(?:wins?|won|beats?|prevails?|outperforms?|surpasses|loses)\b",
    r"\b(?:prefer(?:s|red|ence)?|favou?r(?:s|ed)?|choos(?:e|es)|chose|pick(?:s|ed)?|go(?:es)?\s+(?:with|to|for)|verdict"
    rf"|label|winner)\b\W{{0,4}}(?:[\w'’]+\s+){{0,3}}?{_SIDE}",
    rf"{_SIDE}\s*[<>=≻≺≈~]+\s*{_SIDE}|{_LEADS}(?:{_SIDE}|tie|both|neither)\W{{0,9}}\Z",
    r"\b(?:is|be|it['’]s|as|call\s+it|for)\s+(?:an?\s+)(?:\w+\s+)?(?:tie|draw)\b(?!\s+to\b)|\btied\b",
    r"\bequally\s+(?:good|strong|bad|weak|well|poor)\b|\bon\s+(?:an?\s+)?par\b|\bno\s+(?:clear\s+)?(?:winner|preference)\b",
)


def name_patterns(scale: Scale) -> Iterator[str]:
    """Yield patterns of the ways in which a scale's levels are named in a text, by their names or anchors.

    Args:
        scale: Whose levels. A name that is no ordinary word (toxic, sports), and an anchor of several words, count
            wherever they stand. On a pairwise scale only a verdict on the two as wholes counts ("A is better", "a
            tie"), not what is said of one of them ("A cites two sources").
    """
    if scale.comparative:
        yield from _VERDICTS
        return
    names = [level for level in scale.levels or () if isinstance(level, str)]
    ordinary: list[str] = []
    for text in [*names, *(anchor for anchor in scale.anchors.values() if anchor.strip())]:
        parts = [part for part in re.split(r"[\s_-]+", text.casefold()) if part]
        body = r"[\s_-]*".join(map(re.escape, parts)) or re.escape(text.strip())
        if len(text) == 1:
            ordinary.append(rf"(?-i:{re.escape(text)}[+-]?)")
        elif (text in names or len(parts) == 1) and all(part.isdigit() or part in _ORDINARY for part in parts):
            ordinary.append(body)
        else:
            forms = rf"{body}(?:s|d|ed|ing|ly|ally|ness|ity|ism)?" + (rf"|{body[:-2]}y" if body.endswith("ic") else "")
            yield rf"(?<![^\W_])(?:(?:non|un|in|im|dis|anti)[\s_-]?)?(?:{forms})(?![^\W_])"
    if ordinary:
        name = rf"(?<!\w)(?:{'|'.join(sorted(ordinary, key=len, reverse=True))})(?!\w)"
        yield from _as_rating(rf"{_OPEN}{name}{_CLOSE}")
        yield rf"(?:[\"'“‘„«`]|\*{{1,3}}|\b_{{1,2}}){name}[.,]?(?:[\"'”’»`]|\*{{1,3}}|_{{1,2}})"
        yield rf"\b{_ITEM}{_IS}\s+(?:(?:\w+ly|very|quite|rather|overall|not|so|an?|the|only)\s+){{0,3}}{name}{_STOP}"
        yield rf"\b{name}\s+(?:rather\s+than|instead\s+of|nor|versus|vs\.?)\s+(?:an?\s+)?{name}"
