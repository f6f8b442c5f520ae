"""app/review."""
