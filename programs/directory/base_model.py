"""Knows which base model a rater was compiled on and finds it again by its content; does not load it."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from ...data import EMBEDDED_MODEL, InputError
from ..local import EMBEDDED_NAME, LocalEngine, embedded_model, model_folder, weights_hash

_SNAPSHOT = re.compile(r"models--(?P<id>[^/]+)/snapshots/(?P<revision>[0-9a-f]{40})$")
"""How the Hub's cache lays out what was downloaded: the only place where a folder says which revision it is."""

_FRONT = re.compile(r"\A---\s*\n(?P<yaml>.*?)\n---\s*(\n|\Z)", re.DOTALL)
_CURE = "Name its folder: Rater.load(path, base=FOLDER), or --base FOLDER on the command line."


@dataclass(frozen=True)
class Base:
    """A model that others have as well.

    Attributes:
        name: What it is called in records.
        hash: SHA-256 of its weights, configuration and tokenizer (`weights_hash`).
        id: Its id on the Hugging Face Hub, where it is known.
        revision: The Hub's commit, where it is known.
        archive: SHA-256 of the archive the embedded model is made from; None for any other.
        license: The licence that its card states, as the Hub writes it, or None.
        language: The languages that its card states, or None.
    """

    name: str
    hash: str
    id: str | None = None
    revision: str | None = None
    archive: str | None = None
    license: str | None = None
    language: str | list[str] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what is known."""
        return {key: value for key, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        """Return name and hash, e.g. ``SmolLM2 (sha256 0a1b2c3d4e5f)``."""
        return f"{self.name} (sha256 {self.hash[:12]})"


def base_of(engine: LocalEngine) -> Base:
    """Return the base of an engine whose weights are not the rater's own."""
    known = weights_hash(engine.path)
    if engine.name == EMBEDDED_NAME:
        about = {"archive": EMBEDDED_MODEL.sha256, "license": "apache-2.0", "language": "en"}
        return Base(engine.name, known, f"HuggingFaceTB/{EMBEDDED_NAME}", **about)
    stated = _stated(engine.path)
    found = _SNAPSHOT.search(engine.path.as_posix())
    if found is None:
        return Base(engine.name, known, **stated)
    return Base(engine.name, known, found["id"].replace("--", "/", 1), found["revision"], **stated)


def find_base(model: Mapping[str, Any], wanted: Base, given: Path | None, place: str) -> Path:
    """Return the folder of the base that a saved rater needs: the one given, where it was, or the Hub's cache.

    Args:
        model: The record of the rater's model.
        wanted: Its base.
        given: The folder to take instead of the saved one.
        place: The rater's directory, for messages.

    Raises:
        InputError: If there is no folder, or another model is in it.
    """
    if given is not None:
        folder = model_folder(given)
    elif model["name"] == "local":
        folder = embedded_model()
    else:
        saved = Path(str(model["name"]).removeprefix("local/"))
        cached = None if saved.is_dir() else _cached(wanted)
        if cached is None and not saved.is_dir():
            raise InputError(f"the base model {wanted} is not at {saved}", place=place, cure=_CURE)
        folder = model_folder(saved if cached is None else cached)
    found = weights_hash(folder)
    if wanted.hash not in (found, weights_hash(folder, tokenizer=False)):  # the second one in records of earlier days
        here = Base(folder.name, found)
        what = f"the rater was compiled on {wanted}, and {folder} holds another model: {here}"
        raise InputError(what, place=place, cure=_CURE)
    return folder


def _cached(wanted: Base) -> Path | None:
    """Look into the Hub's cache on this machine; nothing is downloaded."""
    if wanted.id is None or wanted.revision is None:
        return None
    try:
        from huggingface_hub import snapshot_download  # takes time, and is an extra's

        return Path(snapshot_download(wanted.id, revision=wanted.revision, local_files_only=True))
    except (ImportError, OSError, ValueError):  # LocalEntryNotFoundError is both of the latter
        return None


def _stated(folder: Path) -> dict[str, Any]:
    """Return licence and language that a model's own card (README.md) states; a model without a card states none."""
    try:
        found = _FRONT.match((folder / "README.md").read_text(encoding="utf-8"))
        stated = yaml.safe_load(found["yaml"]) if found else None
    except (OSError, ValueError, yaml.YAMLError):
        return {}
    if not isinstance(stated, dict):
        return {}
    kinds = {"license": str, "language": (str, list)}
    return {key: stated[key] for key, kind in kinds.items() if isinstance(stated.get(key), kind)}
