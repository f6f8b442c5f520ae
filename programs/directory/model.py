"""Knows how a rater's model is written into its directory and read back; does not know what else is in it."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dspy

from ...data import SetupError
from ..adapter import DEFAULT_MAX_TOKENS
from ..local import LOCAL_PURPOSE, LocalEngine, local_lm, tensor_shapes, weights_hash
from ..openai_client import OpenAIPool
from ..optional_packages import check_installed
from ..resolve_model import resolve_model
from ..vllm import VLLMEngine
from .base_model import Base, base_of, find_base
from .files import ADAPTER, WEIGHTS, write_json

_KEPT_OPTIONS = ("temperature", "max_tokens", "max_completion_tokens", "top_p")
_ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
_MODEL_FILES = (".jinja", ".json", ".model", ".safetensors", ".tiktoken", ".txt")
"""Endings of what a model and its tokenizer consist of. Left out: pickles (.bin, .pt), code, whatever training left."""

_LICENCES = ("LICENSE*", "LICENCE*", "NOTICE*")


def describe_model(lm: dspy.LM | None, folder: Path) -> dict[str, Any]:
    """Say which model a rater has of its own, copying weights of its own into `folder`; no key or address is kept.

    Raises:
        InputError: If a file of weights is damaged.
    """
    if lm is None:
        return {"name": None}
    if isinstance(lm.engine, OpenAIPool):
        # Without its address the name would stand for a model of OpenAI, and items would be sent there.
        return {"name": None, "server": lm.engine.model_id}
    engine = local_engine(lm)
    if engine is None:
        return {"name": lm.model, "options": _options(lm.kwargs)}
    found: dict[str, Any] = {"adapter": None, "max_tokens": max_tokens_of(lm)}
    if engine.adapter is not None:
        _copy([engine.adapter / name for name in _ADAPTER_FILES], folder / ADAPTER)
        _without_path(folder / ADAPTER / "adapter_config.json")
        found["adapter"] = ADAPTER
        found["adapter_hash"] = weights_hash(folder / ADAPTER)
    if engine.carried:
        files = [file for file in engine.path.iterdir() if file.is_file() and file.suffix in _MODEL_FILES]
        _copy([*files, *licences(engine.path)], folder / WEIGHTS)
        own = {"name": engine.name, "hash": weights_hash(engine.path)}
        return {"name": WEIGHTS, "weights": own, **found}
    base = base_of(engine)
    return {"name": "local" if base.archive is not None else f"local/{engine.path}", "base": base.to_dict(), **found}


def load_model(model: Mapping[str, Any], path: Path, base: Path | None) -> dspy.LM | None:
    """Return the LM that `describe_model` described; the model itself is loaded when it is first asked.

    Args:
        model: The record.
        path: The rater's directory.
        base: Where the base model is, if not where it was.

    Raises:
        InputError: If the base model is missing or another one, or weights are damaged.
        SetupError: If an extra is missing, or there is no base that could be elsewhere.
    """
    if "base" not in model and base is not None:
        cure = "Leave the base out."
        raise SetupError("the rater needs no base model", place=str(path), cure=cure)
    if "base" not in model and "weights" not in model:
        return None if model["name"] is None else resolve_model(model["name"], **_options(model["options"]))
    for module in ("torch", "transformers"):
        check_installed(module, "local", LOCAL_PURPOSE)
    adapter = None
    if model["adapter"] is not None:
        check_installed("peft", "local", "to load a rater's LoRA adapter")
        adapter = path / ADAPTER
        tensor_shapes(adapter)
    if "weights" in model:
        tensor_shapes(path / WEIGHTS)
        engine = LocalEngine(path / WEIGHTS, adapter=adapter, name=model["weights"]["name"], carried=True)
        return local_lm(engine, max_tokens=model["max_tokens"])
    wanted = Base(**model["base"])
    engine = LocalEngine(find_base(model, wanted, base, str(path)), adapter=adapter, name=wanted.name)
    return local_lm(engine, max_tokens=model["max_tokens"])


def max_tokens_of(lm: dspy.LM) -> int:
    """Return the limit on a reply's tokens that a model was set up with."""
    limit = lm.kwargs.get("max_tokens")
    return DEFAULT_MAX_TOKENS if limit is None else int(limit)


def local_engine(lm: dspy.LM | None) -> LocalEngine | None:
    """Return the engine of a rater's own model if its weights are on this machine, also where vLLM serves them."""
    engine = None if lm is None else lm.engine
    if isinstance(engine, VLLMEngine):
        return engine.local
    return engine if isinstance(engine, LocalEngine) else None


def licences(folder: Path) -> list[Path]:
    """Return the licence files of a model, which go wherever its weights go."""
    return sorted(file for pattern in _LICENCES for file in folder.glob(pattern) if file.suffix not in _MODEL_FILES)


def _options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that are kept: neither on the way out nor in may there be a key or another server."""
    return {key: options[key] for key in _KEPT_OPTIONS if options.get(key) is not None}


def _without_path(config: Path) -> None:
    """Name an adapter's base instead of the folder it lies in on this machine; rater.json has all there is to know."""
    content = json.loads(config.read_text(encoding="utf-8"))
    named = str(content.get("base_model_name_or_path") or "")
    if Path(named).expanduser().is_absolute():
        write_json(config, {**content, "base_model_name_or_path": Path(named).name})


def _copy(files: list[Path], folder: Path) -> None:
    tensor_shapes(files[0].parent)
    folder.mkdir()
    for file in files:
        shutil.copyfile(file, folder / file.name)
