"""The page about a run."""

from .page import write_page
from .run_contents import read_run

__all__ = [
    "read_run",
    "write_page",
]
