"""optimizers/training_jobs."""
