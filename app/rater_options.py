"""Knows which model a saved rater is loaded with, its own or another; does not know what it is asked."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, cast

from ..data import SetupError
from ..programs import PairRater, Patience, format_check, on_vllm, resolve_model
from ..programs.audits import AnyRater, single

logger = logging.getLogger(__name__)

_AnyRater = TypeVar("_AnyRater", bound=AnyRater)

Engine = Literal["saved", "vllm"]
"""What runs a rater's model: what it was saved with, or vLLM."""


@dataclass(frozen=True)
class ModelChoice:
    """Which model a saved rater is to use; by default its own, as it was saved.

    Attributes:
        model: The model to use instead of the saved one, or None.
        api_base: The address of the OpenAI-compatible server that has the model, or None for the model's own.
        base: Where the rater's base model is, if it was moved.
        engine: ``vllm`` puts the rater's model on a vLLM server of its own, which ends with this process.
    """

    model: str | None = None
    api_base: str | None = None
    base: Path | None = None
    engine: Engine = "saved"


def load_rater(
    folder: Path, opening: Callable[..., _AnyRater], choice: ModelChoice, *, patience: Patience | None = None
) -> _AnyRater:
    """Load a rater, with another model or with its own on a server, where that is wanted.

    What asks another model needs neither the rater's base model nor the extra that runs one.

    Args:
        folder: The rater's directory.
        opening: `Rater.load`, or `open_rater` where a rater of pairs is welcome too.
        choice: The model.
        patience: How long to try again where a server fails; None for the pool's own.

    Raises:
        InputError: If the rater cannot be loaded.
        SetupError: If it has no model, or the model does not run on a server.
    """
    rater = _loaded(folder, opening, choice, patience)
    if choice.engine == "saved":
        said = format_check(single(rater))
        if said:
            logger.info(said)
        return rater
    served = rater.over(on_vllm(rater.rater)) if isinstance(rater, PairRater) else on_vllm(rater)
    return cast("_AnyRater", served)


def _loaded(
    folder: Path, opening: Callable[..., _AnyRater], choice: ModelChoice, patience: Patience | None
) -> _AnyRater:
    model, api_base, base = choice.model, choice.api_base, choice.base
    saved = _saved_model(folder)
    if not saved or (model is None and api_base is None):
        rater = opening(folder, base=base)
        if single(rater).own_lm is None:
            raise _without_model(saved.get("server"), str(folder))
        return rater
    name = next((name for name in (model, saved.get("server"), saved["name"]) if name is not None), None)
    if name is None:
        raise _without_model(None, str(folder))
    if api_base is None:
        return opening(folder, lm=resolve_model(name), base=base)
    if name == "local" or name.startswith("local/") or (model is None and "weights" in saved):
        cure = "Leave --api-base out, or give --model with the model's name on the server."
        raise SetupError(f"the model {name!r} runs in this process", place=str(folder), cure=cure)
    limit = saved.get("max_tokens", saved.get("options", {}).get("max_tokens"))
    options: dict[str, Any] = {} if limit is None else {"max_tokens": limit}
    if patience is not None:
        options["patience"] = patience
    lm = resolve_model(name, api_base=api_base, **options)
    return opening(folder, lm=lm, base=base)


def _without_model(server: str | None, place: str) -> SetupError:
    if server is None:
        cure = "Give --model NAME, and --api-base URL where it is on a server of your own."
        return SetupError("the rater was saved without a model", place=place, cure=cure)
    what = f"the rater's model {server!r} is on a server whose address is not saved"
    return SetupError(what, place=place, cure="Give it with --api-base URL.")


def _saved_model(folder: Path) -> dict[str, Any]:
    """Return what is saved of the rater's model; nothing where it cannot be read, which `opening` will explain."""
    try:
        return dict(json.loads((folder / "rater.json").read_text(encoding="utf-8"))["model"])
    except (KeyError, OSError, TypeError, ValueError):
        return {}
