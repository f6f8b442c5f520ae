"""Knows how a model's name becomes a DSPy LM; does not know what the model is for."""

from pathlib import Path
from typing import Any

import dspy
from dspy.utils.exceptions import LMConfigurationError

from ..data import SetupError
from .completions import Sampling
from .local import EMBEDDED_NAME, LocalEngine, embedded_model, local_lm
from .openai_client import pooled_lm
from .vllm import VLLM, vllm_lm

_PREFIXES = ("openai/", "hosted_vllm/")
"""How LiteLLM marks names on OpenAI-compatible servers; the servers do not know them."""


def resolve_model(model: "str | dspy.LM", *, max_tokens: int = Sampling.max_tokens, **options: Any) -> dspy.LM:
    """Return the LM that a name stands for.

    ==========================  ============================================================================
    ``local``                   the embedded model (SmolLM2-135M-Instruct), in this process
    ``local/<folder>``          a transformers model on disk, in this process
    ``vllm``                    the embedded model, on a vLLM server that starts with the first request and ends with
                                this process
    ``vllm/<folder>``           a transformers model on disk, or a LoRA adapter that names its base model's folder,
                                on such a server
    any other, with api_base=   a model on an OpenAI-compatible server, through Accord's pool (`OpenAIPool`);
                                a leading ``openai/`` or ``hosted_vllm/`` is not part of the name there
    any other string            handed to `dspy.LM` (LiteLLM names such as ``openai/gpt-4o-mini``)
    a `dspy.LM`                 taken as it is
    ==========================  ============================================================================

    Args:
        model: The name, or an LM.
        max_tokens: Default limit on a reply's tokens.
        **options: For models in this process ``dtype``, their number format (see `number_format`). For vLLM those of
            `vllm_lm` (python, options, provider, ...); with ``api_base`` those of `pooled_lm` (api_key, max_in_flight,
            timeout, ...); else those of `dspy.LM`.

    Raises:
        InputError: If the folder of a local model does not exist or holds no model.
        SetupError: If the name is empty, an extra is missing, the options do not suit the model, ``api_base`` is no
            address, or `max_tokens` is below 1.
    """
    if isinstance(model, dspy.LM):
        return model
    if max_tokens < 1:
        raise SetupError(f"max_tokens={max_tokens}", place=f"model {model!r}", cure="Give max_tokens=1 or more.")
    if model == "local" or model.startswith("local/"):
        return _local(model, max_tokens, **options)
    if model == VLLM or model.startswith(f"{VLLM}/"):
        return vllm_lm(model, max_tokens=max_tokens, **options)
    try:
        if options.get("api_base") is not None:
            prefix = next((prefix for prefix in _PREFIXES if model.startswith(prefix)), "")
            return pooled_lm(model.removeprefix(prefix), max_tokens=max_tokens, **options)
        return dspy.LM(model, max_tokens=max_tokens, **options)
    except (ValueError, LMConfigurationError) as error:
        cure = "Use 'local', 'local/<folder>', 'vllm/<folder>' or a LiteLLM name such as 'openai/gpt-4o-mini'."
        raise SetupError(str(error), place=f"model {model!r}", cure=cure) from error


def _local(model: str, max_tokens: int, dtype: str | None = None, **options: Any) -> dspy.LM:
    given = sorted(name for name, value in options.items() if value is not None)
    if given:
        cure = "Leave it out, or name a model that is asked over HTTP."
        raise SetupError(f"a model in this process takes no {given[0]!r}", place=f"model {model!r}", cure=cure)
    folder = model.removeprefix("local").removeprefix("/")
    if model == "local":
        engine = LocalEngine(embedded_model(), name=EMBEDDED_NAME, dtype=dtype)
    else:
        engine = LocalEngine(Path(folder), dtype=dtype)
    return local_lm(engine, max_tokens=max_tokens)
