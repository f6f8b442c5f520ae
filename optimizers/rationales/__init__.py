"""What a rationale says: filters, selection, ratings that it mentions."""

from .filters import DEFAULT_FILTERS, Copy, Degenerate, Duplicate, Empty, Filter, Length, OtherScript, refusal
from .selection import Earliest, Medoid, Selection, Shortest
from .strip_ratings import RatingMentions
from .substance import says_something
from .words import words

__all__ = [
    "DEFAULT_FILTERS",
    "Copy",
    "Degenerate",
    "Duplicate",
    "Earliest",
    "Empty",
    "Filter",
    "Length",
    "Medoid",
    "OtherScript",
    "RatingMentions",
    "Selection",
    "Shortest",
    "refusal",
    "says_something",
    "words",
]
