"""Which human labels are probably wrong."""

from .label_errors import LabelError, LabelErrors, label_errors

__all__ = [
    "LabelError",
    "LabelErrors",
    "label_errors",
]
