"""app/guideline."""
