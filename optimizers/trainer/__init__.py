"""What runs inside the training process (TRL, PEFT)."""
