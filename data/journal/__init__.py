"""The durable record of draws, and of people's choices."""

from .draws import Draw, Source
from .human_choices import Choice, Choices, standing_choices
from .journal import Journal, opened
from .outline import Outcome, PromptOutline

__all__ = [
    "Choice",
    "Choices",
    "Draw",
    "Journal",
    "Outcome",
    "PromptOutline",
    "Source",
    "opened",
    "standing_choices",
]
