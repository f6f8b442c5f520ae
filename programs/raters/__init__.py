"""The DSPy modules: `Rater`, `PairRater`, `Panel`, and what is made of them."""

from .checklist_support import check_limits, check_writes_labels
from .forced_choice import forced_choice
from .format_check import format_check, format_readings
from .interrater import Interrater, interrater
from .merge_adapter import merge_rater
from .on_vllm import on_vllm
from .pair_rater import Combine, PairRater, PairRatings, open_rater
from .panel import Panel, PanelRatings, Vote
from .rater import Candidate, Rater
from .shareable_copy import copy_rater

__all__ = [
    "Candidate",
    "Combine",
    "Interrater",
    "PairRater",
    "PairRatings",
    "Panel",
    "PanelRatings",
    "Rater",
    "Vote",
    "check_limits",
    "check_writes_labels",
    "copy_rater",
    "forced_choice",
    "format_check",
    "format_readings",
    "interrater",
    "merge_rater",
    "on_vllm",
    "open_rater",
]
