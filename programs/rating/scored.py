"""Knows which way a rater's items get their scores, and when one way has to stand in for another; scores nothing."""

from dataclasses import replace

from ...data import Corpus
from .asked import Asked
from .by_level_logprobs import rate_by_levels
from .by_samples import rate_by_samples
from .by_token_logprobs import rate_by_tokens
from .ratings import Ratings
from .scored_run import LevelEngine, Scored, ScoredRun


def rate_scored(rater: Asked, corpus: Corpus, run: ScoredRun) -> Ratings:
    """Rate every item with a score and a distribution, by the rater's `Scoring`.

    A reply without a label leaves its item without a rating, with the reason: nothing is guessed. Where a model in this
    process writes the label first or alone, its probabilities need no reply, and every item that fits has a rating.
    Items whose levels a server's replies do not weigh are scored by several replies, and `Rating.sampled` says why.
    """
    found = _weighed(rater, corpus, run)
    places = sorted(found.unweighed)
    if places:
        drawn = rate_by_samples(rater, corpus, run, places)
        for place, rating in drawn.ratings.items():
            found.ratings[place] = replace(rating, sampled=found.unweighed[place])
        found.prompt_tokens += drawn.prompt_tokens
        found.completion_tokens += drawn.completion_tokens
    return Ratings(
        tuple(found.ratings[place] for place in range(len(corpus))), found.prompt_tokens, found.completion_tokens
    )


def _weighed(rater: Asked, corpus: Corpus, run: ScoredRun) -> Scored:
    """Return what the probabilities of levels give, and which items are left, with the reason."""
    if rater.scoring.rule == "mean":
        return Scored(unweighed=dict.fromkeys(range(len(corpus)), ""))
    levels, engine = rater.scale.levels, rater.lm.engine
    if levels is None:
        return Scored(unweighed=dict.fromkeys(range(len(corpus)), "no_levels"))
    if isinstance(engine, LevelEngine):
        return rate_by_levels(rater, corpus, engine, levels, run)
    return rate_by_tokens(rater, corpus, levels, run)
