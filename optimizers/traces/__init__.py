"""What sampling came back with: utilization, luck, suspects."""

from .disagreement import disagreement
from .optimizer_feedback import FeedbackMetric
from .suspects import Suspect, suspects
from .traces import Traces
from .utilization import LevelUtilization, Utilization, utilization

__all__ = [
    "FeedbackMetric",
    "LevelUtilization",
    "Suspect",
    "Traces",
    "Utilization",
    "disagreement",
    "suspects",
    "utilization",
]
