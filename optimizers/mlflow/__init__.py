"""optimizers/mlflow."""
