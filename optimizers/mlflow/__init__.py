"""Judges of MLflow."""

__all__ = []
