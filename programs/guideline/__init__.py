"""What a rater is told: text, rules, checklist, and how two differ."""

from .checklist import Answer, Checklist, ChecklistQuestion, Threshold
from .checklist_markdown import holds_checklist
from .diff import Change, guideline_diff
from .guideline import Case, Guideline, parse_guideline
from .rules import HEADING, GuidelineRule, Part, find_rule, rules_of, with_rule, without_rule

__all__ = [
    "HEADING",
    "Answer",
    "Case",
    "Change",
    "Checklist",
    "ChecklistQuestion",
    "Guideline",
    "GuidelineRule",
    "Part",
    "Threshold",
    "find_rule",
    "guideline_diff",
    "holds_checklist",
    "parse_guideline",
    "rules_of",
    "with_rule",
    "without_rule",
]
