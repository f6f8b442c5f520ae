"""What is trained, and which candidate wins."""

from .ablation_verdict import traces_paid
from .base_model import check_labels_differ, trained_base
from .expected_time import WORTH_TOKENS, TimedJob, expectation, rating_seconds, training_seconds
from .measure import Measure, MeasuredCandidate
from .objectives import ABLATIONS, Objective, Rows
from .planner import Plan, Planner
from .plans import Plans, first_round
from .preferences import Preference, Preferences, preferences
from .run_plans import train_plans, write_jobs
from .self_training import SELF_TRAINED, Rounds, own_items, told_of_rounds
from .workspace import Workspace

__all__ = [
    "ABLATIONS",
    "SELF_TRAINED",
    "WORTH_TOKENS",
    "Measure",
    "MeasuredCandidate",
    "Objective",
    "Plan",
    "Planner",
    "Plans",
    "Preference",
    "Preferences",
    "Rounds",
    "Rows",
    "TimedJob",
    "Workspace",
    "check_labels_differ",
    "expectation",
    "first_round",
    "own_items",
    "preferences",
    "rating_seconds",
    "told_of_rounds",
    "traces_paid",
    "train_plans",
    "trained_base",
    "training_seconds",
    "write_jobs",
]
