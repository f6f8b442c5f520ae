"""Knows the folders that models and adapters lie in, their hashes and how to load them; does not ask them anything."""

import hashlib
import logging
import warnings
from pathlib import Path
from typing import Any

from ...data import InputError
from ..number_format import number_format
from ..optional_packages import need
from ..threads import one_thread

LOCAL_PURPOSE = "to run an open model in this process"

# peft imports bitsandbytes where it is installed, and that warns of a kernel which a CPU does without.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)


def load_weights(path: Path, adapter: Path | None = None, *, dtype: str | None = None) -> Any:
    """Load a causal model for inference.

    Args:
        path: Its folder.
        adapter: A LoRA adapter to merge in, or None.
        dtype: The number format; None is the machine's (`number_format`).
    """
    torch = need("torch", "local", LOCAL_PURPOSE)
    transformers = need("transformers", "local", LOCAL_PURPOSE)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    transformers.utils.logging.disable_progress_bar()
    # Left to itself, transformers asks on the terminal whether to run code that a folder brings.
    how = {"dtype": getattr(torch, number_format(dtype).name), "use_safetensors": True, "trust_remote_code": False}
    with one_thread():
        model = transformers.AutoModelForCausalLM.from_pretrained(path, **how)
        if adapter is not None:
            peft = need("peft", "local", "to load a rater's LoRA adapter")
            with warnings.catch_warnings():
                # peft asks transformers by a name that transformers has deprecated; neither concerns the caller.
                warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing", category=FutureWarning)
                model = peft.PeftModel.from_pretrained(model, adapter).merge_and_unload(safe_merge=True)
    fold_output(model)
    return model.to(device).eval()


def fold_output(model: Any) -> None:
    """Make the output layer multiply all rows of a batch at once.

    The hidden states of a few positions are a strided view of all. Left so, and with frozen weights, torch multiplies
    row by row against a copy of the output layer for each row: five times slower for a small model, and gigabytes.
    """
    model.get_output_embeddings().register_forward_pre_hook(lambda _, given: (given[0].contiguous(), *given[1:]))


_TOKENIZER_FILES = (
    *("tokenizer.json", "*.model", "*.tiktoken", "vocab.json", "vocab.txt", "merges.txt"),
    *("added_tokens.json", "special_tokens_map.json", "*.jinja"),
)


def weight_files(folder: Path) -> list[Path]:
    """Return a folder's safetensors by name, without hidden ones: some file systems leave a ``._`` file beside each."""
    return _seen(folder, "*.safetensors")


def weights_hash(folder: Path, *, tokenizer: bool = True) -> str:
    """Return one SHA-256 over what decides about a model's replies: weights, configuration, tokenizer, chat template.

    Args:
        folder: Of a model or an adapter; of an adapter weights and configuration count, the tokenizer is the base's.
        tokenizer: False leaves tokenizer and template out, as the hashes of earlier days did.
    """
    patterns = ["*.safetensors", "*config.json"]
    if tokenizer and not (folder / "adapter_config.json").is_file():
        patterns += _TOKENIZER_FILES
    digest = hashlib.sha256()
    for file in sorted({file for pattern in patterns for file in _seen(folder, pattern)}):
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _seen(folder: Path, pattern: str) -> list[Path]:
    return sorted(file for file in folder.glob(pattern) if not file.name.startswith("."))


def model_folder(path: str | Path) -> Path:
    """Return the whole path of a folder that holds a model.

    Raises:
        InputError: If there is no such folder, or no model in it.
    """
    folder = Path(path).expanduser()
    cure = "Name a folder with config.json and *.safetensors, or 'local' for the embedded model."
    if not folder.is_dir():
        raise InputError("no such model folder", place=str(folder), cure=cure)
    if not (folder / "config.json").is_file() or not weight_files(folder):
        raise InputError("the folder holds no model (config.json and *.safetensors)", place=str(folder), cure=cure)
    return folder.resolve()


def adapter_folder(path: str | Path) -> Path:
    """Return the whole path of a folder that holds a PEFT adapter.

    Raises:
        InputError: If it does not hold one.
    """
    folder = Path(path).expanduser()
    if not (folder / "adapter_config.json").is_file() or not (folder / "adapter_model.safetensors").is_file():
        cure = "Name a folder with adapter_config.json and adapter_model.safetensors."
        raise InputError("the folder holds no PEFT adapter", place=str(folder), cure=cure)
    return folder.resolve()
