"""data/journal."""
