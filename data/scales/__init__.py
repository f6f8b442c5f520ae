"""What labels can be: one file a kind of scale."""

from .base import AlphaDistance, CentralTendency, Label, Scale
from .interval import Interval
from .nominal import Nominal, Pairwise
from .ordinal import Ordinal
from .scale_from_dict import register, scale_from_dict, scale_words

__all__ = [
    "AlphaDistance",
    "CentralTendency",
    "Interval",
    "Label",
    "Nominal",
    "Ordinal",
    "Pairwise",
    "Scale",
    "register",
    "scale_from_dict",
    "scale_words",
]
