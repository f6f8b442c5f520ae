"""data/statistics."""
