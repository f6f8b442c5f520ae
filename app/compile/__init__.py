"""app/compile."""
