"""Knows what of a rater is on disk, as one frozen record; knows no rater and no file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dspy

from ...data import Scale
from ..adapter import Order, Template
from ..guideline import Checklist, Guideline
from ..rating import Scoring
from .agreement_record import Agreements


@dataclass(frozen=True)
class RaterRecord:
    """A rater as its directory has it.

    Attributes:
        scale: What it rates on.
        guideline: What it is told.
        fields: Names of the item's texts.
        order: Which outputs it writes, in which order.
        scoring: How its rating comes about.
        provenance: How it came about.
        measured: By split, how it and others agree with people.
        lm: Its own model, where it has one.
        template: The frame of its prompts and replies.
    """

    scale: Scale
    guideline: Guideline
    fields: tuple[str, ...]
    order: Order
    scoring: Scoring
    provenance: Mapping[str, Any]
    measured: Agreements
    lm: dspy.LM | None = None
    template: Template = Template()

    @property
    def checklist(self) -> Checklist | None:
        """What its model answers with yes or no; None where it writes a label."""
        return self.guideline.checklist
