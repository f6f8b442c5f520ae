"""optimizers/traces."""
