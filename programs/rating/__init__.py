"""How a corpus is rated: labels, scores, repeats."""

from .by_token_logprobs import alternatives_for, weigh_levels
from .rate import rate
from .ratings import Progress, Rating, Ratings, draw_of
from .repeated import rate_repeatedly
from .scored_run import LevelEngine
from .scoring import Rule, Score, Scoring, score, softmax
from .token_levels import LevelWeights, level_weights

__all__ = [
    "LevelEngine",
    "LevelWeights",
    "Progress",
    "Rating",
    "Ratings",
    "Rule",
    "Score",
    "Scoring",
    "alternatives_for",
    "draw_of",
    "level_weights",
    "rate",
    "rate_repeatedly",
    "score",
    "softmax",
    "weigh_levels",
]
