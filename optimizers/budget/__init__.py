"""optimizers/budget."""
