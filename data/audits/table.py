"""Knows the audits of labels beside gold and which columns each needs; does not know whose labels, or where from."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..confidence import calibration, risk_coverage
from ..frozen import FrozenDict
from ..label_quality import LabelErrors, label_errors
from ..scales import Scale
from ..statistics import Finding
from .detectability import detectability
from .length_bias import length_bias
from .leniency import leniency
from .level_usage import level_usage
from .position_bias import position_bias
from .subgroup_agreement import agreement_by


class LabelAudit(NamedTuple):
    """One audit of labels.

    Attributes:
        measure: The function.
        needs: Columns without which it cannot be made, in the order in which it takes them.
        takes: Columns that it takes by name where they are known.
    """

    measure: Callable[..., Finding | LabelErrors]
    needs: tuple[str, ...]
    takes: tuple[str, ...] = ()

    def of(self, known: Mapping[str, Sequence[Any]], scale: Scale, **options: Any) -> Finding | LabelErrors:
        """Make it of the columns that are known, a cell an item; the options are those of the function."""
        further = {name: known[name] for name in self.takes if name in known}
        return self.measure(*(known[name] for name in self.needs), scale=scale, **further, **options)


LABEL_AUDITS: Mapping[str, LabelAudit] = FrozenDict(
    {
        "leniency": LabelAudit(leniency, ("ratings", "gold")),
        "level usage": LabelAudit(level_usage, ("ratings", "gold")),
        "position bias": LabelAudit(position_bias, ("given", "swapped"), ("gold",)),
        "length bias": LabelAudit(length_bias, ("ratings", "gold", "lengths")),
        "agreement by": LabelAudit(agreement_by, ("ratings", "gold", "by")),
        "calibration": LabelAudit(calibration, ("confidences", "ratings", "gold")),
        "risk and coverage": LabelAudit(risk_coverage, ("confidences", "ratings", "gold")),
        "label errors": LabelAudit(label_errors, ("ratings", "confidences", "gold"), ("ids", "labels")),
        "detectability": LabelAudit(detectability, ("ratings", "human"), ("texts",)),
    }
)
"""By what they look for, in the order in which they are told."""
