"""Biases of a rater's labels, one file an audit."""

from .consistency import consistency
from .detectability import detectability
from .length_bias import item_lengths, length_bias
from .leniency import leniency
from .level_usage import level_usage
from .position_bias import position_bias
from .prompt_injection import injection_effect
from .prompt_sensitivity import sensitivity
from .subgroup_agreement import agreement_by
from .table import LABEL_AUDITS, LabelAudit

__all__ = [
    "LABEL_AUDITS",
    "LabelAudit",
    "agreement_by",
    "consistency",
    "detectability",
    "injection_effect",
    "item_lengths",
    "length_bias",
    "leniency",
    "level_usage",
    "position_bias",
    "sensitivity",
]
