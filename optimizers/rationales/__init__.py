"""optimizers/rationales."""
