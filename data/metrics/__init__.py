"""data/metrics."""
