"""data/corpus."""
