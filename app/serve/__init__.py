"""What `accord serve` does."""

from .errors import Refused, failed, not_json
from .run import Serving, serve_rater

__all__ = [
    "Refused",
    "Serving",
    "failed",
    "not_json",
    "serve_rater",
]
