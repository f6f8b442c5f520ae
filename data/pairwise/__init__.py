"""data/pairwise."""
