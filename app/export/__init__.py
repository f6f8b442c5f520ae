"""app/export."""
