"""programs/completions."""
