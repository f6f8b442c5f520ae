"""Knows how a rater comes back from its directory, with its own model or another; does not know the files' seal."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dspy

from ...data import SetupError, scale_from_dict
from ..guideline.guideline import Guideline
from ..raters.rater import Rater
from ..rating.scoring import Scoring
from ..resolve_model import resolve_model
from .agreement_record import agreements_from_dict
from .files import AGREEMENT, GUIDELINE, RECORD, rater_record
from .model import load_model


def load_rater(path: Path, lm: str | dspy.LM | None = None, base: str | Path | None = None) -> Rater:
    """Read a rater directory after checking the hash of every file in it; nothing in it is unpickled or run.

    Args:
        path: The directory.
        lm: The model to use instead of the saved one: a name, or an LM. A rater on a server of one's own is saved
            without the server's address, so it needs one (or ``dspy.configure``).
        base: The folder of the base model, where it is not where it was when the rater was saved. Any folder with the
            same weights, configuration and tokenizer will do.

    Raises:
        InputError: If the directory is missing or incomplete, of a newer version, or a file's hash is wrong; if the
            base model is missing or another one than the adapter was made for.
        SetupError: If an extra is missing, or there is nothing that `base` could be the base of.
    """
    return rater_from(rater_record(path), path, lm, base)


def rater_from(record: Mapping[str, Any], path: Path, lm: str | dspy.LM | None, base: str | Path | None) -> Rater:
    """Return the rater that a checked record describes, with its model or another; see `load_rater`."""
    if lm is not None and base is not None:
        cure = "Give lm or base; on the command line --model or --base."
        raise SetupError("another model needs no base", place=str(path), cure=cure)
    rater = rater_of(record, path)
    given = None if base is None else Path(base)
    model = load_model(record["model"], path, given) if lm is None else resolve_model(lm)
    if model is not None:
        rater.set_lm(model)
    return rater


def rater_of(record: Mapping[str, Any], path: Path) -> Rater:
    """Return the rater that a checked record describes, without its model.

    Raises:
        InputError: If a part of it cannot be read.
    """
    place = str(path / RECORD)
    scale = scale_from_dict(record["scale"], place=place)
    guideline = Guideline.from_markdown(path / GUIDELINE)
    scoring = Scoring.from_dict(record.get("scoring"), place=place)
    rater = Rater(scale, guideline, fields=record["fields"], order=record["order"], scoring=scoring)
    rater.provenance = record["provenance"]
    if AGREEMENT in record["files"]:
        found = json.loads((path / AGREEMENT).read_text(encoding="utf-8"))
        rater.measured = agreements_from_dict(found, str(path / AGREEMENT))
    return rater
