"""What was measured: its record, words and table, shared by compile, evaluate and report."""

from .baselines import Baselines, baseline_name, fit_baselines
from .machine import machine_of, machine_sentence
from .measure import RatingColumn, Some, Yardstick, alpha_of, measure_run
from .record import REPORT_SCHEMA, RaterRow, Report, ReportedComparison
from .run_ratings import RATINGS_FILE, RatedItem, Said, read_ratings, write_ratings
from .terminal import SCORES_NOTE, rater_table, span_text, summary, utilization_table
from .trace_summary import describe_traces, trace_sentences
from .verdict import number, verdict

__all__ = [
    "RATINGS_FILE",
    "REPORT_SCHEMA",
    "SCORES_NOTE",
    "Baselines",
    "RatedItem",
    "RaterRow",
    "RatingColumn",
    "Report",
    "ReportedComparison",
    "Said",
    "Some",
    "Yardstick",
    "alpha_of",
    "baseline_name",
    "describe_traces",
    "fit_baselines",
    "machine_of",
    "machine_sentence",
    "measure_run",
    "number",
    "rater_table",
    "read_ratings",
    "span_text",
    "summary",
    "trace_sentences",
    "utilization_table",
    "verdict",
    "write_ratings",
]
