"""Knows how items get scores from the labels of several replies; does not know why nothing better is at hand."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..data import Corpus, Draw, Label, Source
from .completions import Ask, complete, identity
from .rating_run import Rating, draw_of, recalled
from .scored_run import Scored, ScoredRun, scored
from .scoring import score

if TYPE_CHECKING:
    from .rater import Rater


def rate_by_samples(rater: "Rater", corpus: Corpus, run: ScoredRun, places: Sequence[int]) -> Scored:
    """Score items with the shares of the labels among several replies; those in the journal are not asked again.

    Args:
        rater: Who rates, with how many samples.
        corpus: The items.
        run: How.
        places: Of the items that are to be rated.
    """
    sampling = replace(run.sampling, temperature=1.0)
    source = Source(identity(rater.lm), sampling.to_dict())
    count = rater.scoring.samples
    prompts = {place: rater.prompt(corpus[place].fields) for place in places}
    found = Scored()
    known: dict[int, list[Draw]] = {}
    asks: list[Ask] = []
    asked: list[int] = []
    done = len(corpus) - len(places)
    for place, prompt in prompts.items():
        recorded = [] if run.journal is None else run.journal.draws(source, prompt.sha256)
        known[place] = [recalled(rater, draw) for draw in recorded if draw.index < count]
        missing = set(range(count)) - {draw.index for draw in known[place]}
        if missing:
            asks.append(Ask(prompt, tuple(sorted(missing))))
            asked.append(place)
        else:
            found.ratings[place] = _summary(rater, corpus[place].id, known[place], "")
    run.tell(done + len(found.ratings), len(corpus))
    for number, completions in complete(rater.lm, asks, sampling):
        place = asked[number]
        error = ""
        for index, completion in zip(asks[number].draws, completions, strict=True):
            found.prompt_tokens += completion.prompt_tokens
            found.completion_tokens += completion.completion_tokens
            if completion.error:
                error = completion.error
                continue
            draw = draw_of(rater, corpus[place].id, prompts[place].sha256, index, completion)
            known[place].append(draw)
            if run.journal is not None:
                run.journal.record(source, [draw])
        found.ratings[place] = _summary(rater, corpus[place].id, known[place], error)
        run.tell(done + len(found.ratings), len(corpus))
    return found


def _summary(rater: "Rater", item_id: str, draws: Sequence[Draw], error: str) -> Rating:
    """Make one rating of an item's draws: the rationale is that of the first draw nearest to the score."""
    drawn = sorted(draws, key=lambda draw: draw.index)
    counts = Counter(draw.label for draw in drawn if draw.label is not None)
    if not counts:
        reasons = Counter(draw.reason for draw in drawn)
        reason = reasons.most_common(1)[0][0] if reasons else "error"
        return Rating(item_id, None, "", reason, "" if reasons else error)
    made = score(counts, rater.scoring.rule, rater.scale)
    heard = [draw for draw in drawn if draw.label is not None]
    nearest = min(heard, key=lambda draw: abs(rater.scale.value(_label(draw)) - made.value))
    return scored(Rating(item_id, None, nearest.rationale, ""), made)


def _label(draw: Draw) -> Label:
    if draw.label is None:
        raise ValueError("a draw without a label has no place on the scale")
    return draw.label
