"""Knows how models begin a reply in which they decline, in a dozen languages; does not look for labels."""

import re

_MODEL = r"(?:ai\b|a\.i\.|artificial intelligence|(?:large )?language model|chatbot)"
_OPENINGS = (
    # English
    r"(?:i(?:'|’)?m|i am|we(?:'|’)?re|we are) (?:very |so |truly |really |deeply )?(?:sorry|afraid i can)",
    r"sorry,",
    r"(?:i|we) (?:can(?:no|')t|can’t|can not|am unable|am not able|won(?:'|’)t|will not)\b",
    r"(?:i|we) (?:must |have to |would have to )?(?:respectfully |politely )?(?:decline|refuse)\b",
    r"(?:i|we)(?:'|’)?(?:m| am|re| are) (?:unable|not able|not comfortable)\b",
    r"i (?:do not|don(?:'|’)t) feel comfortable\b",
    r"i(?:'|’)?(?:d| would) rather not\b",
    r"i apologi[sz]e\b",
    r"(?:my |our )?apologies\b",
    rf"as an? (?:[\w-]+ ){{0,3}}{_MODEL}",
    r"unfortunately,? (?:i|we) (?:can|am|are|must|will)",
    # German, Dutch
    r"(?:es )?tut mir (?:sehr )?leid",
    r"leider (?:kann|darf|muss) ich",
    r"ich (?:kann|darf|möchte|werde) (?:[\w-]+ ){0,5}nicht\b",
    rf"als {_MODEL}|als ki\b",
    r"het spijt me",
    r"ik kan (?:[\w-]+ ){0,4}niet\b",
    # French, Spanish, Portuguese, Italian
    r"(?:je suis )?(?:vraiment |sincèrement )?désolée?\b",
    r"(?:malheureusement,? )?je ne (?:peux|suis pas en mesure)",
    r"lo siento\b",
    r"(?:lamentablemente,? )?no puedo\b",
    r"(?:me )?desculpe|sinto muito|(?:infelizmente,? )?não posso",
    r"mi dispiace|(?:purtroppo,? )?non posso",
    # Polish, Russian, Turkish
    r"przepraszam|przykro mi|nie mogę",
    r"извините|простите|(?:к сожалению,? )?я не могу",
    r"üzgünüm|maalesef",
    # Chinese, Japanese, Korean, Arabic, Hindi
    r"(?:很|非常)?(?:抱歉|对不起|對不起)|我(?:无法|無法|不能)",
    r"申し訳|すみません|ごめんなさい",
    r"죄송|미안",
    r"عذر|آسف|لا أستطيع|لا يمكنني",
    r"माफ़|क्षमा",
)
_REFUSAL = re.compile(rf"\W{{0,20}}(?:{'|'.join(_OPENINGS)})", re.IGNORECASE)
_LONGEST = 200
"""Characters of a reply that are looked at: whoever declines says so at once."""


def declines(text: str) -> bool:
    """Tell whether a reply begins as one that declines to answer. Asked only of replies without a label."""
    return _REFUSAL.match(text[:_LONGEST]) is not None
