"""Knows the ways in which English states a rating, by number or by place; knows no level's name and cuts nothing.

Each pattern is a regular expression without flags, to be compiled ignoring case. A group ``n`` must be a number on the
scale for the pattern to count, and a group ``top`` must be what ratings are given out of.
"""

_UNITS = "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
QUOTES = r"[\"'“”‘’„«»*_`(\[<]{0,4}"
UNQUOTES = r"[\"'“”‘’«»*_`)\]>]{0,4}"
NUMBER = (
    rf"(?:(?<![\w.,])(?:[-+−]|(?:minus|plus|negative|positive)\s+)?(?:(?:\d{{1,3}}|1000)(?:[.,]\d{{1,3}})?"
    rf"|\.\d{{1,3}}|{_UNITS})"
    r"(?:\s+and\s+a\s+half|\s+point\s+\w+)?(?:-?ish\b|[+]|%)?(?!\w|[.,:]\d))"
)
_ROMAN = r"(?-i:\b(?:II|III|IV|V|VI|VII|VIII|IX|X)\b)"
ANY_VALUE = rf"{QUOTES}(?:{NUMBER}|{_ROMAN})(?:\s*(?:-|–|to|or|and|/)\s*{NUMBER})?{UNQUOTES}"
"""A number where only a rating can stand: roman, decimal, signed, quoted, bold, or a range."""

VALUE = rf"{QUOTES}(?P<n>{NUMBER})(?:\s*(?:-|–|to|or)\s*{NUMBER})?{UNQUOTES}"
"""A number that counts only if it is on the scale."""

STOP = (
    r"(?:\s*(?:\Z|[.,;:!?)\]\n—–]|-(?=\s)|->|→)|\s+(?:because|since|as|and|but|or|nor|so|rather|instead|overall"
    r"|given|due)\b)"
)
"""What ends a phrase, so that a number or name before it stands for itself and counts nothing."""

ENDS = (
    rf"(?={STOP}|\s+(?:for|on|in|here|is|was|would|seems?|feels?|fits?|with|than|at|by|if|although|though|while"
    rf"|which|not|when|under|per|according|from|stars?|points?|marks?|too|then|i|we|it)\b)"
)

NOUN = r"(?:ratings?|scores?|marks?|grades?|labels?|verdicts?|rankings?)"
_VERB = (
    r"(?:rat(?:e|es|ed|ing)|scor(?:e|es|ed|ing)|grad(?:e|es|ed|ing)|rank(?:s|ed|ing)?|label(?:s|l?ed|l?ing)?"
    r"|mark(?:s|ed|ing)?"
    r"|annotat(?:e|es|ed|ing|ion|ions)|classif(?:y|ies|ied|ying|ication)|categori[sz](?:e|es|ed|ing)|verdict)"
)
RATING_VERBS = rf"(?:{NOUN}|{_VERB})"
FEW_WORDS = r"(?:[\w'’\"*-]+[ \t]+){0,4}?"
_IT = r"(?:it|this(?:\s+\w+)?|that(?:\s+one)?|them|(?:the|an?|my|our)\s+(?:\w+\s+)?\w+)"
EARNS = (
    r"(?:deserv(?:e|es|ed|ing)|merit(?:s|ed|ing)?|warrant(?:s|ed|ing)?|earn(?:s|ed|ing)?|justif(?:y|ies|ied|ying)"
    r"|worth)"
)
GIVES = (
    r"(?:giv(?:e|es|en|ing)|gave|assign(?:s|ed|ing)?|award(?:s|ed|ing)?|get(?:s|ting)?|got|receiv(?:e|es|ed|ing)"
    r"|call(?:s|ed|ing)?"
    r"|put(?:s|ting)?|plac(?:e|es|ed|ing)|consider(?:s|ed)?|treat(?:s|ed)?)"
)
SETTLES = (
    r"(?:settl(?:e|es|ed|ing)\s+(?:on|for|at)|go(?:es|ing)?\s+(?:with|for)|went\s+(?:with|for)|opt(?:s|ed|ing)?\s+for"
    r"|choos(?:e|es|ing)|chose|chosen|pick(?:s|ed|ing)?|select(?:s|ed|ing)?|lean(?:s|ed|ing)?\s+(?:to|towards?)"
    r"|land(?:s|ed|ing)?\s+(?:on|at|in)|com(?:e|es|ing)\s+(?:out|down|in)\s+(?:to|at|as)|closer\s+to|stands?\s+at"
    r"|sits?\s+at"
    r"|(?:fall|falls|fell)\s+(?:at|in|into|under|within|between)|belong(?:s|ed)?\s+(?:to|in|under)"
    r"|(?:count|qualif|stand|pass|serv)(?:s|y|ies|ied|es)?\s+(?:as|for)|amounts?\s+to|points?\s+to|suggests?"
    r"|indicates?|implies)"
)
_ADJECTIVE = (
    r"(?:(?:solid|strong|weak|clear|firm|high|low|generous|bare|mere|flat|straight|simple|plain|perfect|near"
    r"|borderline|full"
    r"|definite|safe|[\w-]+-of-the-[\w-]+|middling|mid|upper|lower|good|comfortable|reluctant|grudging|clean"
    r"|light|hard|well-deserved|deserved|rather|very)[\s-]+)"
)
_ORDINAL = r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|1st|2nd|3rd|\d+th)"
_SUPERLATIVE = (
    rf"(?:(?:(?:{_ORDINAL}|next)[\s-]+(?:to[\s-]+(?:the[\s-]+)?)?)?(?:highest|lowest|best|worst|top|topmost|bottom"
    rf"|greatest|last)"
    r"|maxim(?:um|al)|minim(?:um|al)|max|min|middle|mid(?:-?range)?|central|penultimate|uppermost|lowermost|extreme)"
)
_EVALUATION = (
    r"(?:perfect|full|high|higher|low|lower|good|better|bad|poor|fair|favou?rable|unfavou?rable|positive|negative"
    r"|neutral|mixed"
    r"|middling|medium|moderate|intermediate|average|strong|weak|generous|harsh|excellent|great|near-perfect"
    r"|decent|severe)"
)
_SCALE = r"(?:the|this|that|our|your|its|an?)\s+(?:\w+[\s-]+){0,2}?(?:scale|range|rubric|spectrum|ladder|guideline)"
_PART = (
    r"(?:top|bottom|middle|cent(?:er|re)|midpoint|mid-point|ceiling|floor|extremes?|maximum|minimum|peak|end|ends"
    r"|half|third"
    r"|part|side|edge)"
)
_TALLY = r"(?:points?|stars?|marks?|grades?|notch(?:es)?|rungs?|steps?|levels?|tiers?)"
_THIS = (
    r"(?:this|that|such\s+an?|my|our|your|an?\s+final|the\s+(?:given|assigned|final|overall|shown|stated|provided"
    r"|correct|known|target|expected|intended|chosen|appropriate|right|true|human|gold|resulting|annotated"
    r"|fitting))"
)
_ANNOTATOR = r"(?:annotators?|raters?|labell?ers?|coders?|graders?|evaluators?)"
_DECIDED = (
    r"(?:gave|gives|giving|chose|chooses|assigned|assigns|rated|rates|labell?ed|labels?|decided|decides|picked"
    r"|picks|selected"
    r"|settled|marked|scored|graded|concluded|opted|went|judged|verdict|rating|score|grade|mark|choice|decision"
    r"|judge?ment|call)"
)

NUMBERS = (
    # "rate it a clear 4", "the score would be 4", "Label: **4**", "scored 80%"
    rf"\b{RATING_VERBS}\b[\s:=*_\"'(~-]{{0,6}}{FEW_WORDS}{ANY_VALUE}{ENDS}",
    rf"\b(?:label|rating|grade|verdict)\s*[:=]?\s*{ANY_VALUE}",
    rf"\b(?:choice|fit|option|pick|call|decision|judge?ment|assessment|evaluation|quality)\s+(?:is|was|(?:would"
    rf"|should|must)\s+be|seems)"
    rf"\s+(?:an?\s+)?{VALUE}{ENDS}",
    rf"{VALUE}\s+(?:is|was|seems|feels|looks|fits|(?:would|should|must|could)\s+be"
    rf"|applies)\s+(?:[\w-]+\s+){{0,3}}?(?:right|appropriate"
    r"|correct|justified|fit|fitting|best|warranted|deserved|fair|accurate|reasonable|adequate|suitable"
    r"|too\s+(?:high|low)|rating|score"
    r"|label|choice|grade|mark)\b",
    rf"\b(?:i|we|you|one)(?:['’]d)?\s+(?:\w+\s+){{0,2}}?{GIVES}\s+{VALUE}(?={STOP}|\s+(?:here|on)\b)",
    rf"\b(?:final\s+|overall\s+)?(?:answer|result|total|overall|conclusion)\s*[:=]\s*{ANY_VALUE}\W{{0,9}}\Z",
    # "gives it a 4", "deserves 4", "settle on three", "a solid 4", "is a 4 rather than a 5"
    rf"\b{GIVES}\s+(?:{_IT}\s+)?(?:as\s+|at\s+)?(?:an?|the)\s+{_ADJECTIVE}?{VALUE}{ENDS}",
    rf"\b{GIVES}\s+{_IT}\s+(?:as\s+|at\s+|about\s+|only\s+)?{VALUE}(?={STOP}|\s+(?:for|here|on)\b)",
    rf"\b(?:it|this|item|text)\s+(?:would\s+|should\s+|only\s+)?{GIVES}\s+{VALUE}(?={STOP}|\s+(?:for|here|on)\b)",
    rf"\b{EARNS}\s+{FEW_WORDS}{VALUE}{ENDS}",
    rf"\b{SETTLES}\s+(?:(?:an?|the|about|around|rather|more)\s+)*{VALUE}{ENDS}",
    rf"\ban?\s+(?!high\s+five)(?!\w+\s+one\b){_ADJECTIVE}?{VALUE}{ENDS}",
    rf"\bthe\s+{VALUE}\s+(?:is|was|seems|fits|applies|reflects|follows|stands)\b",
    rf"\b(?:it|this|that)(?:['’]s|\s+(?:is|was|(?:would|should|must|can|could"
    rf"|has\s+to)(?:\s+only)?\s+be))\s+{VALUE}\s*(?:\Z|[.!;])",
    rf"(?:=>|->|→|⇒)\s*{VALUE}{ENDS}",
    rf"\(\s*{VALUE}\s*\)(?=\s*(?:\Z|[.;!?\n]))",
    rf"\b(?:so|thus|hence|therefore|overall|ergo|consequently)\s*[,:]?\s+(?:it\s+is\s+"
    rf"|it's\s+)?(?:an?\s+)?{VALUE}{ENDS}",
    rf"\b{NUMBER}\s+(?:less|more|lower|higher|plus|minus|below|above)\s+(?:than\s+)?{NUMBER}(?={STOP}|\s*\Z)",
    r"\bnumber\s+(?:right\s+|just\s+)?(?:after|before|between|above|below|following|preceding)\b",
    rf"\b(?:probably|maybe|perhaps|possibly|likely|surely|roughly|definitely|certainly)\s+(?:an?\s+)?{VALUE}(?={STOP})",
    rf"\b(?:i|we)(?:['’]d)?\s+(?:would\s+|might\s+)?(?:lean|say|think|guess|vote|argue)\s+(?:for\s+)?{VALUE}(?={STOP})",
    rf"\b(?:it|this(?:\s+\w+)?|overall|total)\s*(?:=|≈)\s*{VALUE}",
    r"\bthe\s+(?:twos|threes|fours|fives|sixes|sevens|eights|nines)\b",
    rf"\A\W{{0,9}}{VALUE}(?:\s*,\s*(?:because|since|as|maybe|perhaps|possibly|given)|\s+(?:because|since|it\s+is"
    rf"|it['’]s)\b|\s*[;—–])",
    rf"\b(?:is|['’]s|be|falls|fall|lies|lie|somewhere|sits)\s+(?:somewhere\s+)?(?:between|around"
    rf"|about)\s+{VALUE}(?:\s+and\s+{NUMBER})?"
    rf"(?={STOP}|\s+(?:on|for|here|under)\b)",
    # A sentence that is nothing but a number.
    rf"\A\W{{0,9}}(?:(?:so|thus|hence|therefore|overall|final|finally|in\s+sum|in\s+short|all\s+in\s+all|i(?:'d|’d"
    rf"|\s+would)\s+say"
    rf"|probably|clearly|definitely|just|only|about|around|an?|the|it|is|it's"
    rf"|it’s)\W{{1,4}}){{0,4}}{ANY_VALUE}\W{{0,9}}\Z",
    # "4/5", "4 out of 5", "four of five", but not "4 out of 5 claims" and not a date
    rf"(?<!/){VALUE}\s*(?:/|out\s+of|of)\s*(?:an?\s+|the\s+|a\s+possible\s+|possible\s+)?(?P<top>\d+|{_UNITS})"
    rf"(?!\s*/|\w|[.,]\d)(?=\W{{0,4}}{STOP}|{ENDS}|\s*{UNQUOTES}\s*(?:possible\b|stars?|points?|marks?))",
    # "4 stars", "a four-star review", "a 4 rating", "level 4", but not "a four-star hotel"
    rf"(?:{NUMBER}|\bhalf|\ba)[\s-]+stars?\b(?!\s+(?:hotels?|resorts?|restaurants?|generals?|inns?|cruise))",
    rf"(?!\b(?:1|one)\s){VALUE}[\s-]+(?:rating|score|mark|grade|verdict|label)\b",
    rf"\b(?:{GIVES}|{EARNS}|out\s+of)\s+(?:{_IT}\s+)?(?:all\s+|only\s+|just\s+)?{NUMBER}\s+(?:full\s+)?(?:points?"
    rf"|marks?|stars?)\b",
    rf"\b(?:level|category|class|tier|band|grade|option|value|rank|rung)\s*(?:of|is|:|=|number|no\.)?\s*{QUOTES}"
    rf"(?:(?P<n>{NUMBER})|{_ROMAN})",
    rf"\b{_ORDINAL}[\s-]+(?:rating|score|mark|grade|label|star|level|rung|tier|category)\b(?!\s+of\s+(?!the\s+scale))",
    rf"\b{_ORDINAL}\s+(?:out\s+)?of\s+(?:the\s+)?{NUMBER}\s+(?:levels|ratings|scores|labels|categories|grades"
    rf"|steps|rungs)\b",
    r"[★☆⭐🌟]|[0-9]\uFE0F?\u20E3|(?<!\S)\*{2,10}(?!\S)",
)
"""A level as a number, in digits, words or signs."""

PLACES = (
    rf"\b{_SUPERLATIVE}(?:[\s-]+(?:possible|available|allowed|permitted|attainable"
    rf"|conceivable))?[\s-]+(?:possible\s+)?{NOUN}\b",
    r"\b(?:receiv(?:e|es|ed)|gets?|got|deserv(?:e|es|ed)|reach(?:es|ed)?|earns?|merits?|be|is|at|near|to|below"
    r"|above|under)\s+(?:an?|the)\s+"
    rf"(?:very\s+)?(?:maximum|minimum|top|bottom|highest|lowest)(?={STOP})",
    rf"\b{_EVALUATION}[\s-]+(?:overall\s+)?{NOUN}\b",
    r"\b(?:full|top|high|low|perfect|maximum|no)\s+(?:marks|points|stars|score)\b",
    rf"\b{_SUPERLATIVE}[\s-]+(?:level|tier|category|rung|option|band|bracket|bucket|end|position|place|step)\b"
    rf"(?!\s+of\b(?!\s+{_SCALE}))",
    rf"\b{_PART}(?:[\s-]+(?:end|half|part|third))?\s+of\s+{_SCALE}\b",
    rf"\bscale['’]s\s+(?:\w+[\s-]+)?(?:{_PART}|highest|lowest|top|bottom)\b",
    rf"\b(?:on|of|along|within)\s+(?:an?|the|this|our)\s+(?:\w+[\s-]+)?(?:{NUMBER}|\w+)[\s-]*point\s+scale\b",
    rf"\b(?:scale|range)\s+(?:of|from)\s+{NUMBER}|{NUMBER}\s*(?:-|–|to)\s*{NUMBER}\s+scale\b"
    rf"|{NUMBER}[\s-]point\s+scale\b",
    r"\bas\s+(?:high|low)\s+(?:up\s+)?as\s+(?:it|they|the\s+scale|one|you|possible|we|i)\b",
    r"\b(?:rat(?:e|es|ed|ing)|scor(?:e|es|ed|ing)|grad(?:e|es|ed|ing)|mark(?:s|ed|ing)?|ranks?"
    r"|ranked)\s+(?:[\w'’]+\s+){0,3}?"
    r"(?:high|highly|higher|highest|low|lower|lowest|poorly|well|favou?rably|generously|harshly|down|up"
    r"|near\s+the|at\s+the)\b",
    rf"\b(?:one|two|three|an?|half\s+an?|just|{NUMBER})\s+(?:full\s+|single\s+)?{_TALLY}\s+(?:below|above|short"
    rf"|under|over|shy|off|away"
    r"|down|up|higher|lower|less|more|from\s+the)\b",
    r"\b(?:just|right|far|well|one|little|nothing|only|immediately)\s+(?:short\s+of|below|under|above|over"
    r"|beneath)\s+(?:the\s+)?"
    r"(?:maximum|minimum|top|bottom|middle|midpoint|perfect(?:ion)?|full|average|ceiling|floor|highest|lowest"
    r"|best|worst)\b",
    r"\bshort\s+of\s+(?:the\s+)?(?:maximum|top|perfect|full|ceiling|highest|best)\b",
    r"\b(?:deduct|dock|subtract|los(?:e|es|ing|t)|cost(?:s|ing)?|knock(?:s|ed)?\s+off|takes?\s+off|took\s+off"
    r"|withh[eo]ld\w*)\w*\s+"
    rf"(?:\w+\s+){{0,2}}?(?:{NUMBER}|an?|half\s+an?|another)\s+(?:full\s+)?(?:points?|stars?|marks?|grades?)\b",
    r"\b(?:go|be|get|gone|rate|score)\s+(?:it\s+|any\s+|much\s+)?(?:higher|lower)\b",
    r"\bmid-?point\b|\bmid-scale\b|\bmax(?:es|ed|ing)\s+(?:(?:it|this)\s+)?out\b",
    rf"\b{_SUPERLATIVE}[\s-]+(?:possible|available)(?={STOP})",
    rf"\b(?:{_ORDINAL}|next|one|two|just)\s+(?:from|to|below|under)\s+(?:the\s+)?(?:top|bottom|best|worst|highest"
    rf"|lowest|maximum|minimum)"
    rf"(?={STOP})",
)
"""A level by its place: full marks, the second-highest score, the top of the scale, one notch below."""

SHOWN = (
    r"\b(?:this|that|these|such\s+an?|my|our|their|the|an?)\s+(?:[\w-]+\s+)?ratings?\b"
    r"(?!\s+(?:agenc|system|site|guide|criteri|scale|task))",
    rf"\b{_THIS}\s+(?:[\w-]+\s+)?(?:label|score|mark|grade|verdict|level|category|class|classification|annotation)\b"
    r"(?!\s+(?:of|on)\b)",
    r"\bthe\s+label\b(?!\s+(?:on|of|says|reads|maker))",
    rf"\b(?:{_ANNOTATOR})(?:['’]s?)?\s+(?:[\w-]+\s+){{0,3}}?{_DECIDED}\b",
    r"\bgold(?:en)?[\s-]+(?:label|standard|rating|answer|score)\b|\bground[\s-]+truth\b",
    r"\bhuman\s+(?:label|rating|score|judge?ment|verdict|annotation)s?\b",
    r"\b(?:given|provided|shown|assigned|told|stated|settled|above)\s+(?:the\s+|a\s+)?(?:label|rating|score"
    r"|verdict|grade)\b",
    r"\b(?:label|rating|score|verdict|grade)s?\s+(?:above|below|provided|given|shown)\b",
    r"\b(?:i|we)(?:\s+(?:was|were|am|are|have\s+been|had\s+been)|['’](?:ve\s+been|m|re))\s+(?:told|shown|given"
    r"|informed|provided|asked)\b",
    r"\b(?:hence|thus|therefore|explains?|justif(?:y|ies)|supports?|match(?:es)?|consistent\s+with"
    r"|in\s+line\s+with)\s+the\s+"
    r"(?:label|score|grade|mark|verdict)\b",
)
"""Talk of a label that was shown or given."""
