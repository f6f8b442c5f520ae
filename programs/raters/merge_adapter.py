"""Knows how a rater's adapter and its base model become weights that need no base; does not train anything."""

import tempfile
from pathlib import Path
from typing import Any

from ...data import InputError, SetupError
from ..directory import base_of, check_place, licences, local_engine, max_tokens_of
from ..local import LocalEngine, load_weights, local_lm, read_tokenizer, weights_hash
from .rater import Rater


def merge_rater(rater: Rater, path: str | Path) -> Rater:
    """Save a rater with weights of its own, its adapter merged into them, and return the rater loaded from there.

    ``weights/`` is a folder in transformers' format with its tokenizer: transformers and vLLM take it as it is. It
    rates as the adapter did, since an adapter is merged in before a model is asked here anyway: in this machine's
    number format, to which the product of the adapter's matrices is rounded. A server that keeps the adapter apart
    rounds otherwise.

    Args:
        rater: A rater whose model runs in this process, with an adapter, without one, or with weights of its own.
        path: The directory to write. A rater that is there is replaced.

    Raises:
        InputError: If the adapter does not fit, or merged weights are not finite.
        SetupError: If the rater's model is not in this process, an extra is missing, or `path` exists and is no rater
            directory, or is where the rater's own weights are.
    """
    path = Path(path)
    engine = local_engine(rater.own_lm)
    if engine is None:
        cure = "Export a rater that was compiled into weights."
        raise SetupError("its model does not run in this process, so there are no weights", place="export", cure=cure)
    target = path.expanduser().resolve()
    if any(target in folder.parents for folder in (engine.path, engine.adapter) if folder is not None):
        raise SetupError("that is the rater itself", place=str(path), cure="Name another folder.")
    check_place(path)
    with tempfile.TemporaryDirectory(prefix="accord-") as workspace:
        weights = Path(workspace) / engine.name
        _write(engine, weights)
        merged = LocalEngine(weights, name=engine.name, max_batch_rows=engine.max_batch_rows, carried=True)
        own = rater.variant(lm=local_lm(merged, max_tokens=max_tokens_of(rater.lm)))
        own.provenance = {**rater.provenance, **_origin(engine)}
        own.candidates, own.measured = rater.candidates, rater.measured
        own.save(path)
    return Rater.load(path)


def _write(engine: LocalEngine, folder: Path) -> None:
    try:
        model = load_weights(engine.path, engine.adapter, dtype=engine.dtype)
    except (RuntimeError, ValueError) as error:  # shapes that differ, modules that are not there; NaN in the sum
        cure = "Compile the rater anew on this base model."
        raise InputError(f"the adapter cannot be merged ({error})", place=str(engine.adapter), cure=cure) from None
    model.save_pretrained(folder)
    read_tokenizer(engine.path).save_pretrained(folder)
    for file in licences(engine.path):
        (folder / file.name).write_bytes(file.read_bytes())


def _origin(engine: LocalEngine) -> dict[str, Any]:
    """Return what the weights were made from, for the provenance; weights that were merged before keep theirs."""
    if engine.carried and engine.adapter is None:
        return {}
    base = {"name": engine.name, "hash": weights_hash(engine.path)} if engine.carried else base_of(engine).to_dict()
    return {"merged": {"base": base, "adapter": None if engine.adapter is None else weights_hash(engine.adapter)}}
