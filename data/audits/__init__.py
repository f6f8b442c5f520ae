"""data/audits."""
