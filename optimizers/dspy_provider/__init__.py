"""DSPy's `Provider` protocol over Accord's training and vLLM."""

from .provider import VLLMProvider, VLLMTrainingJob

__all__ = [
    "VLLMProvider",
    "VLLMTrainingJob",
]
