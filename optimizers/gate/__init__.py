"""What may replace what: the gate, ablation, versions, the choice on dev."""

from .checklist_fit import correlation
from .dev_selection import choose, dev_corpus
from .gate import Accept, Gate
from .outcomes import outcomes_of, warnings_of
from .rule_ablation import ablated
from .versions import GuidelineVersions, Step

__all__ = [
    "Accept",
    "Gate",
    "GuidelineVersions",
    "Step",
    "ablated",
    "choose",
    "correlation",
    "dev_corpus",
    "outcomes_of",
    "warnings_of",
]
