"""A vLLM server that is started, asked and stopped."""

from .engine import VLLMEngine
from .launch import PYTHON_VARIABLE, vllm_python
from .lm import VLLM, VLLMLM, vllm_lm, vllm_model
from .server import VLLMServer

__all__ = [
    "PYTHON_VARIABLE",
    "VLLM",
    "VLLMLM",
    "VLLMEngine",
    "VLLMServer",
    "vllm_lm",
    "vllm_model",
    "vllm_python",
]
