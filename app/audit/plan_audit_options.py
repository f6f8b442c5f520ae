"""Knows what can be chosen of an audit; does not know how it is done."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...optimizers import Budget


@dataclass(frozen=True)
class AuditOptions:
    """What is audited and how.

    Attributes:
        columns: The file's columns by what they are: label, annotator, id, group.
        by: Further columns whose parts are compared.
        items: How many items; None for all.
        repeats: Replies an item at temperature 1.
        paraphrases: Files with guidelines that should ask for the same.
        writer: A model that writes paraphrases, or None.
        written: How many it writes.
        budget: What may be spent.
        wanted: Accuracy that labels are to have where unsure ones are held back.
        resamples: Of the bootstraps.
        seed: Of the sample, the draws, the texts that ask for labels and the bootstraps.
    """

    columns: Mapping[str, str | None]
    by: tuple[str, ...] = ()
    items: int | None = None
    repeats: int = 5
    paraphrases: tuple[Path, ...] = ()
    writer: str | None = None
    written: int = 3
    budget: Budget = Budget()
    wanted: float = 0.8
    resamples: int = 2000
    seed: int = 0
