"""app/report."""
