"""Compilers: what turns labels into better raters."""

from .acceptance import Acceptance, AnyAnnotator, ByAnnotator, Exact, Target, Within
from .base import Compiler
from .bill import Bill
from .budget import Budget
from .budgeted import Unasked, budgeted, unasked
from .cost import Cost
from .disagreement import disagreement
from .distill_guideline import DistillGuideline
from .drafts import RuleRecord
from .embedders import Embedder, resolve_embedder
from .expected_time import rating_seconds, training_seconds
from .feedback import FeedbackMetric
from .filters import DEFAULT_FILTERS, Copy, Degenerate, Duplicate, Empty, Filter, Length, OtherScript
from .finetune import FineTune
from .forecast import Forecast, Remaining, forecast
from .guideline_versions import GuidelineVersions, Step
from .guideline_writer import Subject
from .hints import HintedItem, HintedTrace, Hints
from .hit_rate import HitRates, Tally, learn
from .item_draws import ItemDraws, Outcome
from .ledger import Ledger, Reservation
from .objectives import Objective, Row
from .people_first import PeopleFirst, trace_id
from .pilot import ItemCost, item_cost, pilot_places
from .preferences import Preference, Preferences, preferences
from .rejection_sampling import RejectionSampling
from .repair import Repair
from .selection import Earliest, Medoid, Selection, Shortest
from .stopping import Confident, Exhaust, First, Standing, Stopping
from .suspects import Suspect, suspects
from .token_gauge import TokenGauge
from .traces import Traces
from .utilization import LevelUtilization, Utilization, utilization
from .vllm_provider import VLLMProvider, VLLMTrainingJob
from .waves import Tariff, Waves

__all__ = [
    "DEFAULT_FILTERS",
    "Acceptance",
    "AnyAnnotator",
    "Bill",
    "Budget",
    "ByAnnotator",
    "Compiler",
    "Confident",
    "Copy",
    "Cost",
    "Degenerate",
    "DistillGuideline",
    "Duplicate",
    "Earliest",
    "Embedder",
    "Empty",
    "Exact",
    "Exhaust",
    "FeedbackMetric",
    "Filter",
    "FineTune",
    "First",
    "Forecast",
    "GuidelineVersions",
    "HintedItem",
    "HintedTrace",
    "Hints",
    "HitRates",
    "ItemCost",
    "ItemDraws",
    "Ledger",
    "Length",
    "LevelUtilization",
    "Medoid",
    "Objective",
    "OtherScript",
    "Outcome",
    "PeopleFirst",
    "Preference",
    "Preferences",
    "RejectionSampling",
    "Remaining",
    "Repair",
    "Reservation",
    "Row",
    "RuleRecord",
    "Selection",
    "Shortest",
    "Standing",
    "Step",
    "Stopping",
    "Subject",
    "Suspect",
    "Tally",
    "Target",
    "Tariff",
    "TokenGauge",
    "Traces",
    "Unasked",
    "Utilization",
    "VLLMProvider",
    "VLLMTrainingJob",
    "Waves",
    "Within",
    "budgeted",
    "disagreement",
    "forecast",
    "item_cost",
    "learn",
    "pilot_places",
    "preferences",
    "rating_seconds",
    "resolve_embedder",
    "suspects",
    "trace_id",
    "training_seconds",
    "unasked",
    "utilization",
]
