"""Knows the record of one thing a compile tried; does not know how it was made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...data import Agreement

if TYPE_CHECKING:
    from .rater import Rater


@dataclass(frozen=True)
class Candidate:
    """One rater that a compile made and measured on dev.

    Attributes:
        name: What it is, e.g. ``trace`` or ``label``.
        rater: The rater itself.
        dev: Its agreement on the dev items.
        items: How many training items it was made from.
        chosen: Whether the gate chose it.
        details: Plain data, e.g. losses, seconds, training parameters.
    """

    name: str
    rater: "Rater"
    dev: Agreement
    items: int
    chosen: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)
