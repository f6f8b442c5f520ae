"""data/baselines."""
