"""programs/guideline."""
