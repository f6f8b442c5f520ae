"""Raters: DSPy programs that read an item and rate it, and the models that answer them."""

from .adapter import FORMAT_VERSION, RaterAdapter
from .candidate import Candidate
from .completions import Ask, BatchEngine, Feed, Sampling, StreamingEngine, complete, identity, shares_prompt
from .embedded import embedded_model
from .extras import need
from .forced_choice import forced_choice
from .guideline import Case, Guideline
from .guideline_diff import Change, guideline_diff
from .level_choice import LevelChoice, level_choice
from .local_model import LocalEngine, encode_prompt, local_lm, weights_hash
from .models import resolve_model
from .openai_pool import OpenAIPool
from .parsing import Reply, Unparsed, parse
from .pooled_lm import pooled_lm
from .prices import Price, price_of
from .prompt import Completion, Prompt, Turn, well_formed
from .rater import Rater
from .rating_run import Progress, Rating, Ratings, draw_of, rate
from .retrying import Patience
from .rules import GuidelineRule, Part, find_rule, rules_of, with_rule, without_rule
from .scored_run import LevelEngine
from .scoring import Rule, Score, Scoring, score
from .scripted import ScriptedEngine, UnforeseenPrompt, scripted_lm
from .signatures import Order
from .panel import Panel, PanelRatings, Vote
from .weights import fold_output

__all__ = [
    "FORMAT_VERSION",
    "Ask",
    "BatchEngine",
    "Candidate",
    "Case",
    "Change",
    "Completion",
    "Feed",
    "Guideline",
    "GuidelineRule",
    "LevelChoice",
    "LevelEngine",
    "LocalEngine",
    "OpenAIPool",
    "Order",
    "Patience",
    "Price",
    "Progress",
    "Prompt",
    "Rater",
    "RaterAdapter",
    "Rating",
    "Ratings",
    "Reply",
    "Rule",
    "Sampling",
    "Score",
    "Scoring",
    "ScriptedEngine",
    "StreamingEngine",
    "Turn",
    "UnforeseenPrompt",
    "Unparsed",
    "complete",
    "draw_of",
    "embedded_model",
    "Part",
    "encode_prompt",
    "Panel",
    "PanelRatings",
    "Part",
    "find_rule",
    "fold_output",
    "forced_choice",
    "guideline_diff",
    "identity",
    "level_choice",
    "local_lm",
    "need",
    "parse",
    "pooled_lm",
    "price_of",
    "rate",
    "resolve_model",
    "rules_of",
    "score",
    "scripted_lm",
    "shares_prompt",
    "weights_hash",
    "well_formed",
    "without_rule",
]
    "with_rule",
