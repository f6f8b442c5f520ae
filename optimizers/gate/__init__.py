"""optimizers/gate."""
