"""programs/local."""
