"""data/annotators."""
