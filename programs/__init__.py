"""Raters: DSPy programs that read an item and rate it, and the models that answer them."""

from .adapter import FORMAT_VERSION, RaterAdapter
from .candidate import Candidate
from .completions import Ask, BatchEngine, Feed, Sampling, StreamingEngine, complete, identity, shares_prompt
from .embedded import embedded_model
from .extras import need
from .forced_choice import forced_choice
from .guideline import Case, Guideline
from .local_model import LocalEngine, encode_prompt, fold_output, local_lm, weights_hash
from .models import resolve_model
from .openai_pool import OpenAIPool
from .parsing import Reply, Unparsed, parse
from .pooled_lm import pooled_lm
from .prices import Price, price_of
from .prompt import Completion, Prompt, Turn
from .rater import Rater
from .rating_run import Progress, Rating, Ratings, draw_of, rate
from .retrying import Patience
from .scripted import ScriptedEngine, UnforeseenPrompt, scripted_lm
from .signatures import Order

__all__ = [
    "FORMAT_VERSION",
    "Ask",
    "BatchEngine",
    "Candidate",
    "Case",
    "Completion",
    "Feed",
    "Guideline",
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
    "Sampling",
    "ScriptedEngine",
    "StreamingEngine",
    "Turn",
    "UnforeseenPrompt",
    "Unparsed",
    "complete",
    "draw_of",
    "embedded_model",
    "encode_prompt",
    "fold_output",
    "forced_choice",
    "identity",
    "local_lm",
    "need",
    "parse",
    "pooled_lm",
    "price_of",
    "rate",
    "resolve_model",
    "scripted_lm",
    "shares_prompt",
    "weights_hash",
]
