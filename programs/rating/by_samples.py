"""Knows how items get scores from the labels of several replies; does not know why nothing better is at hand."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from ...data import Corpus, Draw, Label, Scale
from .asked import Asked
from .ratings import Rating
from .repeated import draw_repeats
from .scored_run import Scored, ScoredRun, scored
from .scoring import Score, score


def rate_by_samples(rater: Asked, corpus: Corpus, run: ScoredRun, places: Sequence[int]) -> Scored:
    """Score items with the shares of the labels among several replies; those in the journal are not asked again.

    Args:
        rater: Who rates, with how many samples.
        corpus: The items.
        run: How.
        places: Of the items that are to be rated.
    """
    sampling = replace(run.sampling, temperature=1.0)
    before = len(corpus) - len(places)
    drawn = draw_repeats(
        rater,
        corpus,
        sampling,
        rater.scoring.samples,
        places=places,
        journal=run.journal,
        tell=lambda done: run.tell(before + done, len(corpus)),
    )
    ratings = {
        place: _summary(rater, corpus[place].id, list(draws.values()), drawn.errors.get(place, ""))
        for place, draws in drawn.draws.items()
    }
    return Scored(ratings, {}, drawn.prompt_tokens, drawn.completion_tokens)


def _summary(rater: Asked, item_id: str, draws: Sequence[Draw], error: str) -> Rating:
    """Make one rating of an item's draws, with the rationale of the first draw nearest to the score or the label."""
    drawn = sorted(draws, key=lambda draw: draw.index)
    counts = Counter(draw.label for draw in drawn if draw.label is not None)
    if not counts:
        reasons = Counter(draw.reason for draw in drawn)
        reason = reasons.most_common(1)[0][0] if reasons else "error"
        return Rating(item_id, None, "", reason, "" if reasons else error)
    made = score(counts, rater.scoring.rule, rater.scale)
    heard = [draw for draw in drawn if draw.label is not None]
    nearest = min(heard, key=lambda draw: _apart(_label(draw), made, rater.scale))
    return scored(Rating(item_id, None, nearest.rationale, ""), made)


def _apart(label: Label, made: Score, scale: Scale) -> float:
    return scale.distance(label, made.label) if made.value is None else abs(scale.value(label) - made.value)


def _label(draw: Draw) -> Label:
    if draw.label is None:
        raise ValueError("a draw without a label has no place on the scale")
    return draw.label
