"""app/audit."""
