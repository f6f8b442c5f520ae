"""Raters: DSPy programs that read an item and rate it, and the models that answer them."""

from .adapter import FORMAT_VERSION, RaterAdapter
from .candidate import Candidate
from .completions import Ask, BatchEngine, Sampling, complete, identity
from .embedded import embedded_model
from .extras import need
from .forced_choice import forced_choice
from .guideline import Case, Guideline
from .local_model import LocalEngine, encode_prompt, fold_output, local_lm, weights_hash
from .models import resolve_model
from .parsing import Reply, Unparsed, parse
from .prompt import Completion, Prompt, Turn
from .rater import Rater
from .rating_run import Progress, Rating, Ratings, draw_of, rate
from .scripted import ScriptedEngine, UnforeseenPrompt, scripted_lm
from .signatures import Order

__all__ = [
    "FORMAT_VERSION",
    "Ask",
    "BatchEngine",
    "Candidate",
    "Case",
    "Completion",
    "Guideline",
    "LocalEngine",
    "Order",
    "Progress",
    "Prompt",
    "Rater",
    "RaterAdapter",
    "Rating",
    "Ratings",
    "Reply",
    "Sampling",
    "ScriptedEngine",
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
    "rate",
    "resolve_model",
    "scripted_lm",
    "weights_hash",
]
