"""Compilers: what turns labels into better raters."""

from .acceptance import Acceptance, Exact, Within
from .base import Compiler
from .distill_guideline import DistillGuideline
from .finetune import FineTune
from .rejection_sampling import RejectionSampling
from .stopping import Exhaust, First, Stopping
from .traces import ItemDraws, Spent, Traces
from .utilization import LevelUtilization, Utilization, utilization

__all__ = [
    "Acceptance",
    "Compiler",
    "DistillGuideline",
    "Exact",
    "Exhaust",
    "FineTune",
    "First",
    "ItemDraws",
    "LevelUtilization",
    "RejectionSampling",
    "Spent",
    "Stopping",
    "Traces",
    "Utilization",
    "Within",
    "utilization",
]
