"""optimizers/distillation."""
