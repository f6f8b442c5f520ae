"""Knows how a level is named in a text: by its name or its anchor; knows no numbers.

A name that is an ordinary word of judgment (good, fair, high, yes) counts only where it stands as a rating: after a
rating word, quoted or bold, set against another level, or said of the item as a whole ("the essay is good", but not "a
good opening"). Any other name (toxic, ironic, not_ironic, sports) counts wherever it stands, with its inflections:
notes that use it would lead the reading. Anchors of several words count verbatim.
"""

import re
from collections.abc import Iterator

from ...data import Scale
from .rating_phrases import EARNS, ENDS, FEW_WORDS, GIVES, NOUN, QUOTES, RATING_VERBS, SETTLES, STOP, UNQUOTES
from .verdict_phrases import VERDICTS

_ORDINARY = frozenset(
    """
    good bad poor fair fine great ok okay excellent average acceptable adequate decent weak strong high low
    medium mid middle moderate mild severe minor major slight positive negative neutral mixed yes no true false
    maybe unclear unsure other none some all most little much never rarely sometimes often always correct
    incorrect right wrong right relevant better worse best worst superior inferior simple complex easy hard
    clear short long new old small large weakly strongly satisfactory unsatisfactory perfect terrible awful
    superb outstanding partial full complete incomplete agree disagree
    """.split()
)
_MODIFIERS = frozenset(
    "very somewhat slightly not rather quite partly partially mostly mainly fully completely extremely really fairly "
    "highly neither nor or and too a an the at all so".split()
)
_GENERIC = (
    r"(?:item|text|review|comment|essay|answer|response|reply|message|tweet|post|sentence|story|summary"
    r"|translation|article"
    r"|passage|paragraph|piece|statement|argument|conversation|dialogue|document|output|snippet|example|case"
    r"|remark|title"
    r"|letter|email|poem|question|paper|report|note|work|whole|result|quality|sentiment|polarity|stance|attitude"
    r"|tone|mood|impression"
    r"|opinion|outcome|overall\s+\w+|rest)"
)
_ITEM = rf"(?:it|this|that|these|(?:the|this|that|our|its)\s+(?:\w+\s+)?{_GENERIC}|overall|on\s+the\s+whole)"
_IS = (
    r"(?:is|was|are|['’]s|seems?|feels?|looks?|reads?\s+as|reads?|appears?|remains?|counts?\s+as"
    r"|comes?\s+across\s+as|qualifies\s+as"
    r"|sounds?|(?:(?:would|should|must|can|could|may|has\s+to)\s+(?:only\s+)?(?:be|count\s+as)))"
    r"(?:\s+(?:considered|deemed|judged|regarded\s+as|seen\s+as|called|to\s+be))?"
)
_ADVERBS = r"(?:(?:\w+ly|very|quite|rather|overall|just|best|still|not|so|an?|the|only|at\s+best|,)\s+){0,3}"
_FINAL = rf"(?={STOP}|\s+(?:here|on\s+the\s+whole|by|according|under|than)\b)"


def name_patterns(scale: Scale) -> Iterator[str]:
    """Yield patterns, to be compiled ignoring case, of the ways in which the scale's levels are named in a text.

    Args:
        scale: Whose levels and anchors. On a pairwise scale only a verdict on the two as wholes counts ("A is better",
            "prefer B", "a tie"), not what is said of one of them ("A cites two sources", "B is clearer about dates").
    """
    if scale.comparative:
        yield from VERDICTS
        return
    names = [level for level in scale.levels or () if isinstance(level, str)]
    anchors = [text.strip() for text in scale.anchors.values() if text.strip()]
    yield from (_verbatim(text) for text in anchors if len(_parts(text)) > 1)
    words = [*names, *(text for text in anchors if len(_parts(text)) == 1)]
    ordinary = [name for name in words if is_ordinary(name)]
    yield from (_anywhere(name) for name in words if not is_ordinary(name))
    if ordinary:
        yield from _as_rating(_any_of(ordinary))


def is_ordinary(name: str) -> bool:
    """Tell whether a level's name is an ordinary word of judgment (or a letter or a number), fit for other uses."""
    parts = _parts(name)
    return (
        not parts
        or len(name) == 1
        or all(part.isdigit() or part in _ORDINARY or part in _MODIFIERS for part in parts)
        and len(parts) <= 3
    )


def _as_rating(name: str) -> Iterator[str]:
    """Yield where an ordinary word stands as a rating."""
    value = rf"{QUOTES}{name}{UNQUOTES}"
    yield rf"\b{RATING_VERBS}\b[\s:=*_\"'(~-]{{0,6}}{FEW_WORDS}{value}(?!\w)(?:{ENDS}|(?=\s+{NOUN}\b)|(?=\s*\Z))"
    yield rf"(?:[\"'“‘„«]|\*{{1,3}}|\b_{{1,2}}|`)[*_]{{0,3}}{name}[*_]{{0,3}}[.,]?(?:[\"'”’»]|\*{{1,3}}|_{{1,2}}|`)"
    yield rf"\b(?:{EARNS}|{SETTLES})\s+(?:an?\s+|the\s+|as\s+|about\s+)*{value}{_FINAL}"
    yield rf"\b{GIVES}\s+(?:it|this|them|the\s+\w+)\s+(?:as\s+|an?\s+|under\s+|in\s+)*{value}{_FINAL}"
    yield rf"\b(?:be|is|was|as|for|giv(?:e|es|en)|gave)\s+(?:an?|the)\s+(?:\w+\s+)?{value}{_FINAL}"
    yield rf"\b{_ITEM}\s*(?:{_IS})\s+{_ADVERBS}{value}{_FINAL}"
    yield rf"\b{value}\s+(?:{NOUN}|sentiment|polarity|stance|attitude|categor(?:y|ies)|class|quality)\b"
    yield rf"\b{name}\s+(?:rather\s+than|instead\s+of|versus|vs\.?|over)\s+(?:an?\s+)?{value}(?!\w)"
    yield rf"\b(?:neither|between|either)\s+{value}\s+(?:nor|and|or)\s+{value}(?!\w)"
    yield (
        rf"\A\W{{0,9}}(?:(?:so|thus|hence|therefore|overall|clearly|it|is|it's|an?|the|i'd\s+say|verdict"
        rf"|conclusion)\W{{1,4}}){{0,4}}{name}(?:\W{{0,9}}\Z|\W{{0,4}}(?:[,:;—–]\s|\s(?:because|since|as\s+it)\b))"
    )
    yield rf"\b(?:so|thus|hence|therefore|overall)\s*[,:]?\s+{value}(?={STOP}|\s*\Z)"
    yield rf"(?:=>|->|→|⇒)\s*{value}(?!\w)"


def _any_of(names: list[str]) -> str:
    """Return a pattern of any of the names, the longest first; a letter keeps its case."""
    shown = [_shape(name) for name in sorted(names, key=len, reverse=True)]
    return rf"(?<!\w)(?:{'|'.join(shown)})(?![\w])"


def _shape(name: str) -> str:
    return rf"(?-i:{re.escape(name)}[+-]?)" if len(name) == 1 else _spaced(name)


def _spaced(name: str) -> str:
    """Return a name whose parts may be joined by blanks, hyphens or underscores."""
    parts = [re.escape(part) for part in re.split(r"[\s_-]+", name.strip()) if part]
    return r"[\s_-]*".join(parts) if parts else re.escape(name.strip())


def _verbatim(text: str) -> str:
    return rf"(?<!\w){_spaced(text)}(?!\w)"


def _anywhere(name: str) -> str:
    """Return a name with its inflections and negations: toxic, non-toxic, toxicity; ironic, irony."""
    body = _spaced(name)
    last = _parts(name)[-1]
    forms = [body + r"(?:s|es|d|ed|ing|ly|ally|ness|ity|ful|fully|ism|ization|isation)?"]
    if last.endswith("ic"):
        forms.append(body[:-2] + r"(?:y|ies|ism|icism)")
    if last.endswith("astic"):
        forms.append(body[:-5] + "asm")
    if last.endswith("y") and len(last) > 3:
        forms.append(body[:-1] + r"(?:ies|ied|ily|iness|ier|iest)")
    if last.endswith("e") and len(last) > 3:
        forms.append(body[:-1] + r"(?:ing|ity|ation|able)")
    return rf"(?<![^\W_])(?:(?:non|un|in|im|dis|anti)[\s_-]?)?(?:{'|'.join(forms)})(?![^\W_])"


def _parts(name: str) -> list[str]:
    return [part for part in re.split(r"[\s_-]+", name.casefold()) if part]
