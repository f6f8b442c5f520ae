"""optimizers/trainer."""
