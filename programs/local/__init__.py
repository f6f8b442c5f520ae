"""Open models in this process."""

from .chat_template import encode_prompt, encode_reply
from .embedded_model import EMBEDDED_NAME, embedded_model
from .engine import LocalEngine, local_lm
from .first_difference import LevelChoice, common_start, level_choice
from .model_folder import context_length, read_tokenizer
from .safetensors_check import adapter_base, check_adapter, check_model, tensor_shapes
from .speed import Speed
from .weights import LOCAL_PURPOSE, adapter_folder, fold_output, load_weights, model_folder, weights_hash

__all__ = [
    "EMBEDDED_NAME",
    "LOCAL_PURPOSE",
    "LevelChoice",
    "LocalEngine",
    "Speed",
    "adapter_base",
    "adapter_folder",
    "check_adapter",
    "check_model",
    "common_start",
    "context_length",
    "embedded_model",
    "encode_prompt",
    "encode_reply",
    "fold_output",
    "level_choice",
    "load_weights",
    "local_lm",
    "model_folder",
    "read_tokenizer",
    "tensor_shapes",
    "weights_hash",
]
