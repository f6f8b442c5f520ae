"""Calibration, risk-coverage and abstention."""

from .calibration import calibration
from .confidences import checked_confidences
from .risk_coverage import risk_coverage
from .selective_check import check_abstention
from .selective_rating import Abstention, TriedThreshold, fit_abstention

__all__ = [
    "Abstention",
    "TriedThreshold",
    "calibration",
    "check_abstention",
    "checked_confidences",
    "fit_abstention",
    "risk_coverage",
]
