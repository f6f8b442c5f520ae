"""data/scales."""
