"""The modes of `DistillGuideline`."""

from .checklist_mode import ChecklistMode
from .evidence import Evidence
from .extractive import Extractive
from .two_stage import TwoStage
from .worked_cases import CaseChoice
from .writer import GuidelineWriter, Subject

__all__ = [
    "CaseChoice",
    "ChecklistMode",
    "Evidence",
    "Extractive",
    "GuidelineWriter",
    "Subject",
    "TwoStage",
]
