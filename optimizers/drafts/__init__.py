"""optimizers/drafts."""
