"""Knows the ways in which English says which of two is better as a whole; not what is said of one of them.

"A is better", "prefer the second", "a tie" are verdicts. "A cites two sources", "B is clearer about dates" and "A
explains the cause better" are reasons for one.
"""

from .rating_phrases import QUOTES, STOP, UNQUOTES

_SUBJECT = (
    r"(?:response|answer|option|text|summary|translation|candidate|output|essay|story|version|item|reply"
    r"|assistant|model|argument"
    r"|system|passage|completion|side|choice|one|review|poem|message)"
)
_SIDE = (
    rf"(?:(?:(?:the\s+)?{_SUBJECT}\s+)?{QUOTES}(?-i:\b[AB]\b){UNQUOTES}|(?:the\s+)?{_SUBJECT}\s+(?:1|2|one|two)\b"
    rf"|\bthe\s+(?:first|second|former|latter|left|right|other)\b(?:\s+{_SUBJECT})?|\b\w+_(?:a|b|1|2|one|two)\b"
    rf"|\b(?:first|second)_\w+)"
)
_ANY_SIDE = (
    rf"(?:{_SIDE}|\bneither\b(?:\s+{_SUBJECT})?|\beither\b|\bboth\b(?:\s+{_SUBJECT}s?)?|\bthey\b|\bthe\s+two\b"
    rf"|\bit\b|\bone\b)"
)
_BEST = (
    r"(?:better|best|superior|preferable|preferred|stronger|strongest|weaker|weakest|worse|worst|inferior|ahead"
    r"|winner|winning|victor"
    r"|winners|on\s+top|favou?rite|loser|equal|equals|tied)"
)
_WINS = (
    r"(?:wins?|won|beats?|prevails?|outperforms?|outclasses|outshines|outdoes|surpasses|trumps|tops|dominates"
    r"|loses|lost"
    r"|edges\s+(?:out|ahead)|takes?\s+(?:it|the\s+(?:win|lead|prize))|comes?\s+out\s+(?:ahead|on\s+top|first)"
    r"|has\s+the\s+(?:edge|upper\s+hand)"
    r"|deserves?\s+(?:to\s+win|the\s+(?:win|preference|nod|point|verdict|label)))"
)
_PREFERS = (
    r"(?:prefer(?:s|red|ring|able|ence)?|favou?r(?:s|ed|ing)?|choos(?:e|es|ing)|chose|pick(?:s|ed)?|select(?:s"
    r"|ed)?|vot(?:e|es|ed|ing)"
    r"|(?:go|goes|went)\s+(?:with|to|for)|opt(?:s|ed)?\s+for|sid(?:e|es|ed)\s+with|lean(?:s|ed|ing)?\s+(?:to"
    r"|towards?)|wins?\s+for"
    r"|nod\s+to|edge\s+to|advantage\s+to|point\s+to|winner|(?:better|best)\s+(?:one|of\s+the\s+two|"
    rf"{_SUBJECT})|deciding|decid(?:e|es|ed)\s+(?:for|on)|verdict|label|answer\s*[:=]|choice|hand(?:s"
    rf"|ed)?\s+it\s+to|giv(?:e|es)\s+(?:it|the\s+\w+)\s+to)"
)

VERDICTS = (
    rf"{_ANY_SIDE}(?:['’]s|\s+(?:is|was|are|seems?|feels?|looks?|comes\s+out|remains?|turns\s+out|ends\s+up"
    rf"|emerges|stands|ranks?"
    rf"|(?:would|should|must|has\s+to|can)\s+be))\s+(?:[\w-]+\s+){{0,3}}?(?:the\s+|as\s+the\s+)?(?:\w+\s+)?{_BEST}\b"
    rf"(?={STOP}|\s+(?:than|overall|one|of\s+the|here|by|{_SUBJECT})\b|\s*\Z)",
    rf"{_ANY_SIDE}\s+(?:\w+\s+){{0,2}}?{_WINS}\b",
    rf"\b{_PREFERS}\b\W{{0,4}}(?:[\w'’]+\s+){{0,3}}?{_SIDE}",
    rf"{_SIDE}\s+(?:is|was|would\s+be)\s+(?:\w+\s+){{0,2}}?(?:preferred|preferable|chosen|favou?red|picked|selected)\b",
    rf"{_SIDE}\s+(?:\w+\s+)?over\s+(?:the\s+)?(?:other|{_SIDE})",
    rf"{_SIDE}\s*(?:>=|<=|>|<|≻|≺|=+|≈|~)+\s*{_SIDE}",
    rf"\bgiv(?:e|es|ing)\s+{_SIDE}\s+(?:\w+\s+){{0,2}}?(?:edge|nod|win|lead|advantage|preference|point|vote"
    rf"|upper\s+hand)\b",
    rf"\b(?:better|worse|stronger|weaker|superior)\s+(?:\w+\s+)?(?:than|to)\s+(?:the\s+other\b|{_SIDE})(?={STOP}"
    rf"|\s+overall\b|\s*\Z)",
    rf"\A\W{{0,9}}(?:(?:so|thus|hence|therefore|overall|it\s+is|it's|clearly|definitely|the|verdict"
    rf"|winner)\W{{1,4}}){{0,3}}(?:{_SIDE}|tie|both|neither)\W{{0,9}}\Z",
    rf"\b(?:so|thus|hence|therefore)\s*[,:]?\s+{_SIDE}(?={STOP}|\s*\Z)",
    r"(?:\A\W{0,9}|\b(?:is|be|was|it's|it’s|as|(?:call|rate|label|declare|mark)\w*(?:\s+(?:it|this))?|(?:end"
    r"|result)(?:s|ed)?\s+in|for|so|thus"
    r"|therefore|hence|to)\s+)(?:an?\s+|the\s+)?(?:\w+\s+)?(?:tie|draw|dead\s+heat|toss-?up"
    r"|stalemate)\b(?!\s+to\b)|\btied\b|\bties?\s+between\b"
    r"|\b(?:two|both|they)\s+(?:\w+\s+)?tie\b|\btie\s*(?:\Z|[.!])",
    r"\bequally\s+(?:good|strong|bad|weak|well|poor|matched|convincing|helpful|valid|deserving)\b|\b(?:evenly"
    r"|well)\s+matched\b",
    r"\bon\s+(?:an?\s+)?(?:par|equal\s+footing)\b|\bno\s+(?:clear\s+|real\s+)?(?:winner|preference|favou?rite)\b"
    r"|\bneck\s+and\s+neck\b",
    r"\b(?:just\s+)?as\s+(?:good|strong|bad|weak)\s+as\b|\b(?:same|equal|identical)\s+(?:overall\s+)?quality\b"
    r"|\bindistinguishable\b",
    r"\bneither\s+(?:\w+\s+){0,3}?(?:better|best|worse|stronger|wins?|stands\s+out|ahead)\b",
    r"\b(?:cannot|can't|can’t|hard\s+to)\s+(?:choose|decide|separate|pick)\b",
)
