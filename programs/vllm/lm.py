"""Knows how a model on vLLM becomes the `dspy.LM` that programs are given; does not know how it is served."""

from inspect import signature
from pathlib import Path
from typing import Any, cast

import dspy
from dspy.clients.provider import Provider

from ...data import InputError, SetupError
from ..completions import Sampling
from ..local import EMBEDDED_NAME, LocalEngine, adapter_base, adapter_folder, embedded_model
from ..openai_client import AsyncPool
from .engine import VLLMEngine

VLLM = "vllm"
"""What names of models on vLLM begin with."""


class VLLMLM(dspy.LM):
    """A `dspy.LM` on a `VLLMEngine`, whose copies with another ``model=`` have the engine of that model.

    DSPy's optimizers of weights make such copies: what a `Provider` trained is used by copying the LM that was trained.
    """

    def copy(self, **kwargs: Any) -> "VLLMLM":
        """Return a copy with other parameters; see `dspy.LM.copy`."""
        model = kwargs.get("model")
        if model is not None and model != self.model and "engine" not in kwargs:
            engine = cast(VLLMEngine, self.engine).on(vllm_model(model))
            kwargs |= {"engine": engine, "async_engine": AsyncPool(engine)}
        return super().copy(**kwargs)


def vllm_lm(
    model: str | LocalEngine,
    *,
    max_tokens: int = Sampling.max_tokens,
    temperature: float = 0.0,
    provider: Provider | None = None,
    **settings: Any,
) -> VLLMLM:
    """Make the `dspy.LM` of a model on a vLLM server of its own, which starts with the first request.

    It has no response cache: the journal remembers.

    Args:
        model: A name (see `vllm_model`), or the engine that has the model in this process.
        max_tokens: Default limit on a reply's tokens.
        temperature: Default temperature of single calls.
        provider: Who trains the model for DSPy's own optimizers, or None.
        **settings: Handed to `VLLMEngine`: python, options, timeout.

    Raises:
        InputError: If there is no such model.
        SetupError: If a setting is unknown.
    """
    unknown = sorted(settings.keys() - signature(VLLMEngine).parameters.keys())
    if unknown:
        cure = f"There are {', '.join(list(signature(VLLMEngine).parameters)[1:])}, max_tokens, temperature, provider."
        raise SetupError(f"unknown setting {unknown[0]!r}", place=f"model {model!r}", cure=cure)
    engine = VLLMEngine(vllm_model(model) if isinstance(model, str) else model, **settings)
    return VLLMLM(
        _name_of(engine.local),
        engine=engine,
        async_engine=AsyncPool(engine),
        max_tokens=max_tokens,
        temperature=temperature,
        cache=False,
        num_retries=0,  # the dispatcher has tried often enough
        provider=provider,
    )


def vllm_model(name: str) -> LocalEngine:
    """Return the model, and perhaps adapter, that a name such as ``vllm/<folder>`` stands for.

    ==================  ==================================================================================
    ``vllm``            the embedded model
    ``vllm/<folder>``   a transformers model, or a LoRA adapter whose configuration names its base model's
                        folder by its whole path (``base_model_name_or_path``)
    ==================  ==================================================================================

    Raises:
        InputError: If the folder holds neither.
    """
    if name == VLLM:
        return LocalEngine(embedded_model(), name=EMBEDDED_NAME)
    folder = Path(name.removeprefix(f"{VLLM}/")).expanduser()
    if not folder.is_dir():
        cure = f"Name a folder with a model or an adapter, or {VLLM!r} for the embedded model."
        raise InputError("no such model folder", place=str(folder), cure=cure)
    if (folder / "adapter_config.json").is_file() and not (folder / "config.json").is_file():
        adapter = adapter_folder(folder)
        return LocalEngine(adapter_base(adapter), adapter=adapter)
    return LocalEngine(folder)


def _name_of(local: LocalEngine) -> str:
    return f"{VLLM}/{local.path if local.adapter is None else local.adapter}"
