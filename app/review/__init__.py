"""The page on which people review a run."""

from .apply_choices import Reviewed, reviewed
from .figures import review_entry, review_figures
from .material import MATERIAL_FILE, ReviewItem, read_material, write_material
from .run import Reviewing, review_run

__all__ = [
    "MATERIAL_FILE",
    "ReviewItem",
    "Reviewed",
    "Reviewing",
    "read_material",
    "review_entry",
    "review_figures",
    "review_run",
    "reviewed",
    "write_material",
]
