"""What `accord export` does."""

from .export import Export, export_rater

__all__ = [
    "Export",
    "export_rater",
]
