"""What `accord rate` does."""

from .rate import check_places, rate_file

__all__ = [
    "check_places",
    "rate_file",
]
