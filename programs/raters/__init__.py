"""programs/raters."""
