"""optimizers/finetuning."""
