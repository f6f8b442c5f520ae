"""app/task."""
