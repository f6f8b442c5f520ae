"""programs/directory."""
