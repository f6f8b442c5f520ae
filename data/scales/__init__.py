"""What labels can be: one file a kind of scale."""

from .base import Kind, Label, Scale
from .interval import Interval
from .nominal import Nominal, Pairwise
from .ordinal import Ordinal
from .scale_from_dict import scale_from_dict

__all__ = [
    "Interval",
    "Kind",
    "Label",
    "Nominal",
    "Ordinal",
    "Pairwise",
    "Scale",
    "scale_from_dict",
]
