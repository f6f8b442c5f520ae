"""Knows what rating a corpus asks of whoever rates; knows no rater in particular."""

from collections.abc import Mapping
from typing import Protocol

import dspy

from ...data import Label, Scale
from ..adapter import Completion, Order, Prompt, Reply
from ..guideline import Checklist
from .scoring import Scoring


class Asked(Protocol):
    """Who rates: a `Rater`, as far as the files of this sub-room look at it."""

    scale: Scale
    scoring: Scoring

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of the item's text fields."""
        ...

    @property
    def order(self) -> Order:
        """Which outputs the rater writes, in which order."""
        ...

    @property
    def checklist(self) -> Checklist | None:
        """What its model answers with yes or no; None where it writes a label."""
        ...

    @property
    def lm(self) -> dspy.LM:
        """The model that answers."""
        ...

    def prompt(self, fields: Mapping[str, str]) -> Prompt:
        """Render the request for one item."""
        ...

    def reply(self, rationale: str, label: Label) -> str:
        """Render the reply that gives a label."""
        ...

    def read(self, completion: Completion) -> Reply:
        """Parse what came back for a `prompt`."""
        ...
