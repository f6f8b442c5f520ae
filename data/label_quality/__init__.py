"""data/label_quality."""
