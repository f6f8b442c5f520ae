"""Compilers: what turns labels into better raters."""

from .budget.budget import Budget
from .budget.budgeted_lm import Unasked, budgeted, unasked
from .budget.cost import Bill, Cost
from .budget.forecast import Forecast, Remaining, forecast
from .budget.ledger import Ledger, Reservation
from .budget.meter import TokenGauge
from .budget.pilot import ItemCost, item_cost, pilot_places
from .compiler import Compiler
from .distill_guideline import DistillGuideline
from .distillation.writer import Subject
from .drafts.drafts import RuleRecord
from .dspy_provider.provider import VLLMProvider, VLLMTrainingJob
from .embedders import Embedder, resolve_embedder
from .finetune import FineTune
from .finetuning.expected_time import rating_seconds, training_seconds
from .finetuning.objectives import Objective
from .finetuning.preferences import Preference, Preferences, preferences
from .gate.versions import GuidelineVersions, Step
from .rationales.filters import DEFAULT_FILTERS, Copy, Degenerate, Duplicate, Empty, Filter, Length, OtherScript
from .rationales.selection import Earliest, Medoid, Selection, Shortest
from .rejection_sampling import RejectionSampling
from .sampling.acceptance import Acceptance, AnyAnnotator, ByAnnotator, Exact, Target, Within
from .sampling.hints import HintedItem, HintedTrace, Hints
from .sampling.hit_rate import HitRates, Tally, learn
from .sampling.human_first import PeopleFirst, trace_id
from .sampling.item_draws import ItemDraws, Outcome
from .sampling.label_repair import Repair
from .sampling.stopping import Confident, Exhaust, First, Standing, Stopping
from .sampling.wave_size import Tariff, Waves
from .traces.disagreement import disagreement
from .traces.optimizer_feedback import FeedbackMetric
from .traces.suspects import Suspect, suspects
from .traces.traces import Traces
from .traces.utilization import LevelUtilization, Utilization, utilization
from .training_jobs.rows import Row

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
