"""optimizers/dspy_provider."""
