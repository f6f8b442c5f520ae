"""Knows whether a rater's model decides alike in this machine's number format and in the one it was proven in.

A rater that was compiled in bfloat16 on one machine computes in float32 on another. Close calls may come out
otherwise; what the model decides by a margin must not. So a few readings of made-up texts, none of anybody's data, are
kept with the rater, and compared where the format is another.
"""

import math
from typing import TYPE_CHECKING, Any

from ..local import LocalEngine

if TYPE_CHECKING:
    from .rater import Rater

MARGIN = 0.5
"""Nats between the two likeliest levels from which on a text counts as decided."""

_TEXTS = (
    "The package came two days late, but everything in it was whole and the note made me smile.",
    "no",
    "I have asked three times now. Nobody answers, nobody calls back, and the money is gone.",
    "The meeting is moved to room 204, the agenda stays as it was.",
    "Absolutely wonderful. I would do it again tomorrow, and I have told all my friends to come along!",
    "It works. Some menus are hard to find, the manual helps a little, and the battery lasts for a day.",
)
_MOST_LEVELS = 20


def format_readings(rater: "Rater") -> dict[str, Any] | None:
    """Return what a rater's local model makes of some made-up texts, as plain data for its provenance.

    Returns:
        ``dtype`` and ``log_probabilities``: for each text ln p of each level, up to one constant a text; None where the
        model is not in this process, or the scale has no levels or more than 20.
    """
    engine, levels = rater.lm.engine, rater.scale.levels
    if not isinstance(engine, LocalEngine) or levels is None or len(levels) > _MOST_LEVELS:
        return None
    asked = rater.variant(order="label")
    prompts = [asked.prompt(dict.fromkeys(rater.fields, text)) for text in _TEXTS]
    scores = engine.level_log_probabilities(prompts, [asked.reply("", level) for level in levels])
    if not all(math.isfinite(score) for row in scores for score in row):  # a context too short for the texts
        return None
    return {"dtype": engine.number_format.name, "log_probabilities": [[round(one, 3) for one in row] for row in scores]}


def format_check(rater: "Rater") -> str:
    """Say how a rater that was proven in another number format decides in that of this machine.

    Returns:
        A sentence, or nothing where the format is the same, or nothing is known of what it was proven in.

    Examples:
        >>> rater = Rater.load("raters/stars")  # doctest: +SKIP
        >>> format_check(rater)  # doctest: +SKIP
        'the rater was proven in bfloat16 and computes in float32 here: it decides 5 of 6 saved texts by a margin, ...'
    """
    engine, kept = rater.lm.engine, rater.provenance.get("number_format")
    saved = kept.get("readings") if isinstance(kept, dict) else None
    if not isinstance(engine, LocalEngine) or not isinstance(saved, dict):
        return ""
    if saved.get("dtype") == engine.number_format.name:
        return ""
    found = format_readings(rater)
    if found is None:
        return ""
    here = f"the rater was proven in {saved['dtype']} and computes in {found['dtype']} here"
    pairs = list(zip(saved["log_probabilities"], found["log_probabilities"], strict=True))
    decided = [(before, now) for before, now in pairs if _lead(before) >= MARGIN]
    alike = sum(_best(before) == _best(now) for before, now in decided)
    furthest = max(abs(p - q) for before, now in pairs for p, q in zip(_shares(before), _shares(now), strict=True))
    said = f"{here}: it decides {len(decided)} of {len(pairs)} saved texts by a margin, and "
    if alike == len(decided):
        return f"{said}those alike in both; no probability differs by more than {furthest:.2f}"
    return f"{said}{len(decided) - alike} of them otherwise here; measure it again (accord evaluate) before you use it"


def _lead(scores: list[float]) -> float:
    ordered = sorted(scores, reverse=True)
    return ordered[0] - ordered[1]


def _best(scores: list[float]) -> int:
    return max(range(len(scores)), key=lambda number: scores[number])


def _shares(scores: list[float]) -> list[float]:
    most = max(scores)
    weights = [math.exp(score - most) for score in scores]
    return [weight / sum(weights) for weight in weights]
