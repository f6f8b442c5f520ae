"""Knows whether a text says more than the talk of any rating; does not know whether it is true, or of what."""

from .words import words

_FEWEST = 3
"""Different words of its own that a text needs to say anything."""

_FUNCTION = """
    a about above according all also although am an and any are as at be because been before being below both but by
    can could did do does doing done down each either enough especially even every few for from further had has have
    having he her here hers him his how however i if in indeed instead into is it its itself just least less like
    made make makes many may me might more most much must my neither nor not now of off on once one only or other
    our out over own part per quite rather s same seem seems seen she should since so some somewhat still such t
    than that the their them then there therefore these they thing things this those though through thus to too
    under until up upon us very was way we well were what when where whether which while who whole whom whose why
    will with within without would yet you your it's that's i'd i'm i've we'd doesn't isn't don't can't cannot
"""
_RATING = """
    annotation annotator annotators anything apply applies appropriate assess assessed assessment assign assigned
    based belongs best better case category choice choose chose chosen clear clearly comment conclude conclusion
    consider considered considering consistent correct criteria criterion decide decided decision definitely demand
    demands describe described description deserve deserved deserves entirely evaluate evaluated evaluation
    everything evident exactly expect expected explain explained explains explanation fair fairly falls final fit
    fits fitting follow following follows fully gave get gets give given gives good grade graded guideline
    guidelines high highest human indicate indicates instructions item items judge judged judgement judgment
    justified justifies justify kind label labeled labelled labels lead leads level levels low lowest mark marked
    marks match matches mean means meet meets merit merits middle necessary note noted notes obvious obviously
    overall particular perfect perfectly point points position possible prefer preferable preferred preference
    proper put quality range rank rate rated rater raters rates rating ratings reach reached read reader reading
    reason reasonable reasons receive received receives reflect reflects regarding require required requirement
    requirements requires response result results right rubric satisfies say says scale scales scheme score scored
    scores scoring select selected shown simply situation somewhere sort stand standard standards stands star stars
    state stated states suit suited suits support supported supports sure text think thorough top total true
    understand value verdict warrant warrants word worth wrong zero two three four five six seven eight nine ten
    first second third fourth fifth
"""
_COMMON = frozenset((_FUNCTION + _RATING).split())


def says_something(text: str) -> bool:
    """Tell whether a text has at least `_FEWEST` different words that are not the talk of any rating.

    "The guideline clearly supports this choice" says nothing; "the author thanks the nurse by name" does. The list is
    English; of a text in another language every word counts as its own.
    """
    return len({word for word in words(text) if word not in _COMMON and not word.isdigit()}) >= _FEWEST
