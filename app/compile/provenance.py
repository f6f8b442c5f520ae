"""Knows what a compiled rater says of where it comes from, with the hashes that tell whether it is so."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...data import Label
from ...optimizers import Traces
from ..task import Job


def origin_of(job: Job, traces: Traces, file: Path, fill: Label) -> dict[str, Any]:
    """Return what a rater's provenance has beyond what its compiler knows, as plain data.

    Args:
        job: What was done.
        traces: What was drawn.
        file: Where the traces were written; its SHA-256 is what ``sha256sum`` says.
        fill: The constant answer that stands for a reply without a label.
    """
    with file.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    named = zip(("train", "dev", "test"), job.splits, strict=True)
    return {
        "task": job.name,
        "constant": fill,
        "corpus": job.splits.train.origin,
        "splits": {name: {"corpus": part.hash, "items": len(part)} for name, part in named},
        "teacher_guideline": job.teacher.guideline.hash,
        "traces": {**traces.summary(), "sha256": sha256},
        "journal": {"sha256": draws_hash(traces)},
        **job.origin,
    }


def draws_hash(traces: Traces) -> str:
    """Return the SHA-256 of all draws that traces were taken from, whatever the order of the items.

    The journal's file is no measure of them: it grows, and holds the ratings as well.
    """
    digest = hashlib.sha256(f"{traces.source.key}\n".encode())
    for item in sorted(traces.items, key=lambda item: item.item_id):
        for draw in item.all_draws:
            digest.update(f"{json.dumps(asdict(draw), sort_keys=True, ensure_ascii=False)}\n".encode())
    return digest.hexdigest()
