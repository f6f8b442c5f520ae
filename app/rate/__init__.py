"""app/rate."""
