"""programs/adapter."""
