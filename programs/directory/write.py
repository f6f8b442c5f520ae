"""Knows what of a rater goes into its directory; not the files' seal, nor how a rater works."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...data import SetupError
from ..adapter import FORMAT_VERSION, Template
from .agreement_record import agreements_to_dict
from .card import rater_card
from .files import AGREEMENT, CARD, GUIDELINE, PAIR_KIND, fresh_directory, write_json, write_record
from .model import describe_model
from .record import RaterRecord


def write_rater(rater: RaterRecord, path: Path, *, pair: Mapping[str, Any] | None = None) -> None:
    """Write a rater as a directory that loads without the journal and the data it was compiled from.

    ``rater.json`` has the layout's version, scale, fields, order, scoring, prompt format, model, provenance, a SHA-256
    of every other file and one of itself; ``guideline.md`` is the guideline; ``adapter/`` or ``weights/`` has the
    weights that are the rater's own; ``agreement.json`` how it and others agree with people on dev and on test;
    ``CARD.md`` a model card made of all that.
    Left out: keys and addresses of servers (set them when loading), candidates that were not chosen, a base model's
    weights.

    The directory is written beside its place and moved there whole, replacing a rater that was there.

    Args:
        rater: What of the rater is kept.
        path: Where to.
        pair: How a rater of pairs is asked in both orders; None for one that is asked once.

    Raises:
        InputError: If a file of its weights is damaged.
        SetupError: If `path` exists and is not a rater directory, an extra is missing, or the template is another than
            the one that `FORMAT_VERSION` stands for.
    """
    if rater.template != Template():
        cure = "Save the rater that this is a variant of."
        raise SetupError("a rater with another template is for audits", place=str(path), cure=cure)
    with fresh_directory(path) as fresh:
        (fresh / GUIDELINE).write_text(rater.guideline.to_markdown(), encoding="utf-8")
        if rater.measured:
            write_json(fresh / AGREEMENT, agreements_to_dict(rater.measured))
        model = describe_model(rater.lm, fresh)
        (fresh / CARD).write_text(rater_card(path.absolute().name, rater, model, pair=pair), encoding="utf-8")
        record: dict[str, Any] = {
            "scale": rater.scale.to_dict(),
            "fields": list(rater.fields),
            "order": rater.order,
            "scoring": rater.scoring.to_dict(),
            "format": FORMAT_VERSION,
            "model": model,
            "guideline": rater.guideline.hash,
            "provenance": rater.provenance,
            **({} if pair is None else {"kind": PAIR_KIND, "pair": dict(pair)}),
        }
        write_record(fresh, record)
