"""Knows what a token of a model costs; does not know how many are used or who pays for them."""

import importlib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import Any

import dspy

from ...data import SetupError
from .requests import BatchEngine, StreamingEngine

_LOCAL_TABLE = "LITELLM_LOCAL_MODEL_COST_MAP"
_MILLION = 1_000_000

_PROVIDERS = {
    "bedrock": ("bedrock", "bedrock_converse"),
    "cohere": ("cohere", "cohere_chat"),
    "text-completion-openai": ("text-completion-openai", "openai"),
    "vertex_ai": ("vertex_ai", "vertex_ai-language-models", "vertex_ai-text-models"),
}
"""What LiteLLM's table calls the provider of a prefix, where it is not the prefix itself."""


@dataclass(frozen=True)
class Price:
    """What tokens cost, in US dollars a token.

    Attributes:
        prompt: Of a prompt token.
        completion: Of a token of the reply, thinking included.
    """

    prompt: float
    completion: float

    def __post_init__(self) -> None:
        """Refuse what is no price.

        Raises:
            SetupError: If one is not a finite number of at least 0.
        """
        for name in ("prompt", "completion"):
            value = getattr(self, name)
            if _number(value) is None:
                cure = "Give US dollars a token of at least 0, e.g. Price.per_million(0.15, 0.60)."
                raise SetupError(f"{name}={value!r}", place="Price", cure=cure)

    @classmethod
    def per_million(cls, prompt: float, completion: float) -> "Price":
        """Make the price from dollars for a million tokens, as price lists have it."""
        return cls(_a_millionth(prompt), _a_millionth(completion))

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Return what so many tokens cost, in dollars."""
        return prompt_tokens * self.prompt + completion_tokens * self.completion


def price_of(lm: dspy.LM) -> Price | None:
    """Return what a model's tokens cost, or None where that is unknown and must be given.

    A model in this process is free. A model that LiteLLM names has its price from the table that LiteLLM comes with
    (never from the network; importing it takes seconds). The table is advice: it has list prices, without the discounts
    for cached prompts or the surcharge for very long ones. Thinking is priced as the reply, or higher where the table
    says so, so that a budget errs on the safe side.

    There is no price for a server at an address of one's own (``api_base=``, Accord's pooled client, a gateway set by
    environment variable): what its operator charges has nothing to do with the model's name. A zero in the table for a
    hosted model mostly means that nobody entered a price, so it counts as unknown.

    Args:
        lm: The model, as programs hold it.
    """
    engine = getattr(lm, "engine", None)
    if isinstance(engine, BatchEngine) and not isinstance(engine, StreamingEngine):
        return Price(0.0, 0.0)
    if not isinstance(engine, str) or _has_own_address(lm):
        return None
    entry = _entry(lm.model)
    prompt = _number(entry.get("input_cost_per_token"))
    completion = _number(entry.get("output_cost_per_token"))
    if prompt is None or completion is None or prompt == completion == 0:
        return None
    thinking = _number(entry.get("output_cost_per_reasoning_token"))
    return Price(prompt, completion if thinking is None else max(completion, thinking))


def _has_own_address(lm: dspy.LM) -> bool:
    """Tell whether requests go elsewhere than to the provider; DSPy takes the same two variables as a gateway's."""
    prefix = lm.model.split("/", 1)[0].upper() if "/" in lm.model else "OPENAI"
    given = any(lm.kwargs.get(key) is not None for key in ("api_base", "base_url"))
    return given or any(os.environ.get(f"{prefix}_{name}") for name in ("API_BASE", "BASE_URL"))


def _entry(model: str) -> Mapping[str, Any]:
    """Return the table's entry of a model; empty where there is none of the same provider."""
    table = litellm_table()
    if model in table:
        return table[model]
    provider, _, name = model.partition("/")
    entry = table.get(name, {})
    # The same weights have another price elsewhere: a bare name counts only for the provider that the table means.
    return entry if entry.get("litellm_provider") in _PROVIDERS.get(provider, (provider,)) else {}


def litellm_table() -> Mapping[str, Mapping[str, Any]]:
    """Return LiteLLM's table of models and prices, read without the network; an empty one without LiteLLM."""
    before = os.environ.get(_LOCAL_TABLE)
    # Without it LiteLLM downloads the table on its first import.
    os.environ[_LOCAL_TABLE] = "True" if before is None else before
    try:
        return importlib.import_module("litellm").model_cost
    except ImportError:
        return {}
    finally:
        if before is None:
            del os.environ[_LOCAL_TABLE]


def _number(value: Any) -> float | None:
    """Return a finite number of at least 0 as a float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    number = float(value)
    return number if math.isfinite(number) and number >= 0 else None


def _a_millionth(value: Any) -> Any:
    """Divide a number; leave anything else to the check of `Price`."""
    return float(value) / _MILLION if isinstance(value, Real) and not isinstance(value, bool) else value
