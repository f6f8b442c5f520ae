"""Asking any `dspy.LM` for many completions."""

from .async_engine import ThreadedEngine
from .complete import complete
from .dspy_messages import prompt_of
from .prices import Price, litellm_table, price_of
from .requests import (
    NOT_ASKED,
    Ask,
    BatchEngine,
    Feed,
    Listed,
    Sampling,
    StreamingEngine,
    gives_logprobs,
    identity,
    shares_prompt,
)
from .scripted_lm import ScriptedEngine, UnforeseenPrompt, scripted_lm

__all__ = [
    "NOT_ASKED",
    "Ask",
    "BatchEngine",
    "Feed",
    "Listed",
    "Price",
    "Sampling",
    "ScriptedEngine",
    "StreamingEngine",
    "ThreadedEngine",
    "UnforeseenPrompt",
    "complete",
    "gives_logprobs",
    "identity",
    "litellm_table",
    "price_of",
    "prompt_of",
    "scripted_lm",
    "shares_prompt",
]
