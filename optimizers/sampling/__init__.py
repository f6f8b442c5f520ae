"""optimizers/sampling."""
