"""Knows the rater directory: JSON, markdown and safetensors with hashes, nothing pickled; not how a rater works."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dspy

from ..data import EMBEDDED_MODEL, InputError, SetupError, scale_from_dict
from .adapter import FORMAT_VERSION
from .embedded import NAME, embedded_model
from .guideline import Guideline
from .local_model import LocalEngine, local_lm, weights_hash
from .models import resolve_model
from .openai_pool import OpenAIPool
from .rater import Rater, default_max_tokens
from .scoring import Scoring

VERSION = 1
"""Of the directory's layout."""

_RECORD, _GUIDELINE, _ADAPTER = "rater.json", "guideline.md", "adapter"
_ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")
_KEPT_OPTIONS = ("temperature", "max_tokens", "max_completion_tokens", "top_p")
_CURE = "Copy the whole directory again, or compile the rater anew."


def save_rater(rater: Rater, path: Path) -> None:
    """Write a rater as a directory that loads without the journal and the data it was compiled from.

    ``rater.json`` has the layout's version, scale, fields, order, scoring, prompt format, model, provenance, a SHA-256
    of every other file and one of itself; ``guideline.md`` is the guideline; ``adapter/`` has LoRA weights where there
    are some.
    Left out: keys and addresses of servers (set them when loading), candidates that were not chosen, a base model's
    weights.

    The directory is written beside its place and moved there whole, replacing a rater that was there.

    Raises:
        SetupError: If `path` exists and is not a rater directory.
    """
    if path.exists() and not (path / _RECORD).is_file():
        cure = "Name a folder that does not exist yet, or one that holds a rater."
        raise SetupError("exists and is not a rater directory", place=str(path), cure=cure)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as workspace:
        fresh = Path(workspace) / "rater"
        fresh.mkdir()
        (fresh / _GUIDELINE).write_text(rater.guideline.to_markdown(), encoding="utf-8")
        record = {
            "version": VERSION,
            "kind": "accord.rater",
            "scale": rater.scale.to_dict(),
            "fields": list(rater.fields),
            "order": rater.order,
            "scoring": rater.scoring.to_dict(),
            "format": FORMAT_VERSION,
            "model": _describe_model(rater, fresh),
            "guideline": rater.guideline.hash,
            "provenance": rater.provenance,
        }
        record["files"] = {str(file.relative_to(fresh)): _sha256(file) for file in sorted(_files(fresh))}
        record["sha256"] = _seal(record)
        (fresh / _RECORD).write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        if path.exists():
            os.replace(path, Path(workspace) / "replaced")
        os.replace(fresh, path)


def load_rater(path: Path, lm: str | dspy.LM | None = None) -> Rater:
    """Read a rater directory after checking the hash of every file in it.

    Args:
        path: The directory.
        lm: The model to use instead of the saved one: a name, or an LM. A rater on a server of one's own is saved
            without the server's address, so it needs one (or ``dspy.configure``).

    Raises:
        InputError: If the directory is missing or incomplete, of another version, or a file's hash is wrong.
        SetupError: If an extra or the base model is missing.
    """
    record = _checked_record(path)
    scale = scale_from_dict(record["scale"], place=str(path / _RECORD))
    guideline = Guideline.from_markdown(path / _GUIDELINE)
    scoring = Scoring.from_dict(record.get("scoring"), place=str(path / _RECORD))
    rater = Rater(scale, guideline, fields=record["fields"], order=record["order"], scoring=scoring)
    model = _load_model(record["model"], path) if lm is None else resolve_model(lm)
    if model is not None:
        rater.set_lm(model)
    rater.provenance = record["provenance"]
    return rater


def _checked_record(path: Path) -> dict[str, Any]:
    place = str(path)
    if not path.is_dir():
        raise InputError("no such rater directory", place=place, cure="Check the path; 'accord compile' writes one.")
    try:
        record = json.loads((path / _RECORD).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"has no {_RECORD}: it is not a rater directory", place=place, cure=_CURE) from None
    except ValueError as error:
        raise InputError(f"{_RECORD} is damaged ({error})", place=place, cure=_CURE) from None
    if not isinstance(record, dict) or record.get("kind") != "accord.rater":
        raise InputError(f"{_RECORD} does not describe a rater", place=place, cure=_CURE)
    versions = (record.get("version"), record.get("format"))
    if versions != (VERSION, FORMAT_VERSION):
        what = f"has layout and prompt format {versions}, this Accord reads {(VERSION, FORMAT_VERSION)}"
        raise InputError(what, place=place, cure="Use the Accord that made it, or compile it anew.")
    if record.get("sha256") != _seal(record):
        raise InputError(f"{_RECORD} was changed after it was written", place=place, cure=_CURE)
    for name, expected in record["files"].items():
        file = path / name
        if not file.is_file():
            raise InputError(f"the file {name} is missing", place=place, cure=_CURE)
        if _sha256(file) != expected:
            cure = f"{_CURE} (To change a guideline, edit a copy and compile with it.)"
            raise InputError(f"the file {name} has another hash than {_RECORD} says", place=place, cure=cure)
    return record


def _describe_model(rater: Rater, folder: Path) -> dict[str, Any]:
    """Say which model the rater uses, copying adapter weights into `folder`; no key or address is kept."""
    lm = rater.own_lm
    if lm is None:
        return {"name": None}
    engine = lm.engine
    if isinstance(engine, OpenAIPool):
        # Without its address the name would stand for a model of OpenAI, and items would be sent there.
        return {"name": None, "server": engine.model_id}
    if not isinstance(engine, LocalEngine):
        return {
            "name": lm.model,
            "options": {key: lm.kwargs[key] for key in _KEPT_OPTIONS if lm.kwargs.get(key) is not None},
        }
    if engine.adapter is not None:
        (folder / _ADAPTER).mkdir()
        for name in _ADAPTER_FILES:
            shutil.copyfile(engine.adapter / name, folder / _ADAPTER / name)
    embedded = engine.name == NAME
    return {
        "name": "local" if embedded else f"local/{engine.path}",
        "base": {"name": engine.name, "hash": weights_hash(engine.path)},
        "archive": EMBEDDED_MODEL.sha256 if embedded else None,
        "adapter": _ADAPTER if engine.adapter is not None else None,
        "max_tokens": default_max_tokens(rater),
    }


def _load_model(model: Mapping[str, Any], path: Path) -> dspy.LM | None:
    name = model["name"]
    if name is None:
        return None
    if "base" not in model:
        return resolve_model(name, **model["options"])
    base = embedded_model() if name == "local" else Path(name.removeprefix("local/"))
    adapter = None if model["adapter"] is None else path / model["adapter"]
    engine = LocalEngine(base, adapter=adapter, name=model["base"]["name"])
    if weights_hash(engine.path) != model["base"]["hash"]:
        cure = "Put the base model back that the rater was compiled on."
        raise InputError("the base model is not the one the rater was compiled on", place=str(engine.path), cure=cure)
    return local_lm(engine, max_tokens=model["max_tokens"])


def _seal(record: Mapping[str, Any]) -> str:
    """Return a SHA-256 over everything else in the record, whatever its layout as text."""
    content = json.dumps({key: value for key, value in record.items() if key != "sha256"}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
