"""Knows by which way a corpus is rated: as replies say, or with a score; does not know how either is done."""

from ...data import Corpus, Journal, SetupError
from ..completions import Sampling
from .asked import Asked
from .ratings import Progress, Ratings, rate_replies
from .scored import rate_scored
from .scored_run import ScoredRun


def rate(
    rater: Asked,
    corpus: Corpus,
    *,
    seed: int = 0,
    max_tokens: int | None = None,
    journal: Journal | None = None,
    progress: Progress | None = None,
) -> Ratings:
    """Rate every item, by the rater's `Scoring`: as its reply at temperature 0 says, or with a score.

    Args:
        rater: Who rates.
        corpus: What is rated; gold labels are not looked at.
        seed: Part of the draws' key; engines that decode greedily do not need it.
        max_tokens: Limit on a reply's tokens; None takes the model's own.
        journal: Where ratings are kept and found again, so that a rerun asks nothing twice.
        progress: Called after each batch.

    Raises:
        SetupError: If the corpus lacks a field of the rater, or no call can succeed (wrong key or model).
    """
    missing = [name for name in rater.fields if name not in corpus.fields]
    if missing:
        cure = f"The rater reads {', '.join(rater.fields)}; the corpus has {', '.join(corpus.fields)}."
        raise SetupError(f"the corpus has no field {missing[0]!r}", place="rate", cure=cure)
    limit = rater.lm.kwargs.get("max_tokens") if max_tokens is None else max_tokens
    sampling = Sampling(temperature=0.0, max_tokens=Sampling.max_tokens if limit is None else limit, seed=seed)
    if rater.scoring.rule != "mode":
        return rate_scored(rater, corpus, ScoredRun(sampling, journal, progress))
    return rate_replies(rater, corpus, sampling, journal=journal, progress=progress)
