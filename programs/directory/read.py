"""Knows how a rater comes back from its directory, with its own model or another; does not know the files' seal."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dspy

from ...data import SetupError, scale_from_dict
from ..guideline import Guideline
from ..rating import Scoring
from ..resolve_model import resolve_model
from .agreement_record import Agreements, agreements_from_dict
from .files import AGREEMENT, GUIDELINE, RECORD
from .model import load_model
from .record import RaterRecord


def read_model(
    record: Mapping[str, Any], path: Path, lm: str | dspy.LM | None, base: str | Path | None
) -> dspy.LM | None:
    """Return the model of a rater whose checked record this is, or another one; None where it has none of its own.

    Args:
        record: What `rater_record` returned.
        path: The rater's directory.
        lm: The model to use instead of the saved one: a name, or an LM. A rater on a server of one's own is saved
            without the server's address, so it needs one (or ``dspy.configure``).
        base: The folder of the base model, where it is not where it was when the rater was saved. Any folder with the
            same weights, configuration and tokenizer will do.

    Raises:
        InputError: If the base model is missing or another one than the adapter was made for.
        SetupError: If an extra is missing, or there is nothing that `base` could be the base of.
    """
    given = None if base is None else Path(base)
    return load_model(record["model"], path, given) if lm is None else resolve_model(lm)


def check_either(path: Path, lm: str | dspy.LM | None, base: str | Path | None) -> None:
    """Refuse another model together with a base.

    Raises:
        SetupError: If both are given.
    """
    if lm is not None and base is not None:
        cure = "Give lm or base; on the command line --model or --base."
        raise SetupError("another model needs no base", place=str(path), cure=cure)


def read_rater(record: Mapping[str, Any], path: Path) -> RaterRecord:
    """Return what a checked record and the files beside it say of a rater, without its model; nothing is unpickled.

    Raises:
        InputError: If a part of it cannot be read.
    """
    place = str(path / RECORD)
    measured: Agreements = {}
    if AGREEMENT in record["files"]:
        found = json.loads((path / AGREEMENT).read_text(encoding="utf-8"))
        measured = agreements_from_dict(found, str(path / AGREEMENT))
    return RaterRecord(
        scale_from_dict(record["scale"], place=place),
        Guideline.from_markdown(path / GUIDELINE),
        tuple(record["fields"]),
        record["order"],
        Scoring.from_dict(record.get("scoring"), place=place),
        record["provenance"],
        measured,
    )
