"""programs/rating."""
