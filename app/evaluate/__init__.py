"""What `accord evaluate` does."""

from .inputs import DataColumns, open_data
from .measure import Settings
from .run import WantedEvaluation, evaluate_file

__all__ = [
    "DataColumns",
    "Settings",
    "WantedEvaluation",
    "evaluate_file",
    "open_data",
]
