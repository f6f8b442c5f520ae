"""What `accord guideline` does."""

from .command import diff, explain_rule, roll_back, show_guideline

__all__ = [
    "diff",
    "explain_rule",
    "roll_back",
    "show_guideline",
]
