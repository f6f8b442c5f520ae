"""programs/audits."""
