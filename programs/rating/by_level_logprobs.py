"""Knows how a model in this process weighs the levels after a rater's own rationale; does not know how it does so."""

from collections.abc import Sequence
from dataclasses import replace

from ...data import Corpus, Label
from .asked import Asked
from .ratings import Rating, Ratings, rate_replies
from .scored_run import LevelEngine, Scored, ScoredRun, scored
from .scoring import score, softmax

_CHUNK = 256
"""Items whose levels are read before progress is told."""


def rate_by_levels(
    rater: Asked, corpus: Corpus, engine: LevelEngine, levels: Sequence[Label], run: ScoredRun
) -> Scored:
    """Score each item with the probabilities of the levels after the rater's own rationale.

    A rater that writes the label alone writes nothing: every item that fits the model's context has a rating.
    """
    if rater.order == "label":
        said = Ratings(tuple(Rating(item.id, None, "", "") for item in corpus))
    else:
        said = rate_replies(rater, corpus, run.sampling, journal=run.journal, progress=run.progress)
    if rater.order == "rationale_label":
        wanted = [place for place, rating in enumerate(said) if rating.label is not None]
    else:
        wanted = [place for place, rating in enumerate(said) if not rating.error]
    found = Scored(dict(enumerate(said)), {}, said.prompt_tokens, said.completion_tokens)
    for start in range(0, len(wanted), _CHUNK):
        places = wanted[start : start + _CHUNK]
        prompts = [rater.prompt(corpus[place].fields) for place in places]
        replies = [[rater.reply(_before(rater, said[place]), level) for level in levels] for place in places]
        for place, logs in zip(places, engine.choice_log_probabilities(prompts, replies), strict=True):
            if logs is None:
                error = "context_length: the prompt and the rationale exceed the model's context"
                found.ratings[place] = replace(said[place], label=None, unparsed="error", error=error)
            else:
                shares = dict(zip(levels, softmax(logs), strict=True))
                found.ratings[place] = scored(said[place], score(shares, rater.scoring.rule, rater.scale))
        run.tell(len(said) - len(wanted) + start + len(places), len(said))
    return found


def _before(rater: Asked, rating: Rating) -> str:
    """Return the rationale that stands before the label."""
    return rating.rationale if rater.order == "rationale_label" else ""
