"""app/evaluate."""
