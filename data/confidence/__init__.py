"""data/confidence."""
