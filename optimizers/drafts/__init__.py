"""Drafts of a guideline, and what they must not do."""

from .checklist_checks import question_refusals
from .checks import Checks, DraftRefusal
from .counter_examples import with_counter_examples
from .critiques import Critique, Rationale, clusters, critiques, sentences
from .drafts import Author, CaseRecord, Draft, Drafts, RuleRecord
from .human_rules import keeping_all, standing_rules
from .leak_guard import LeakGuard
from .size_budget import LeftOut, SizeBudget, fitted, within

__all__ = [
    "Author",
    "CaseRecord",
    "Checks",
    "Critique",
    "Draft",
    "DraftRefusal",
    "Drafts",
    "LeakGuard",
    "LeftOut",
    "Rationale",
    "RuleRecord",
    "SizeBudget",
    "clusters",
    "critiques",
    "fitted",
    "keeping_all",
    "question_refusals",
    "sentences",
    "standing_rules",
    "with_counter_examples",
    "within",
]
