"""Knows how to make folders that look like a model and an adapter, of a few bytes and without torch; loads nothing."""

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

CURSE = b"a pickle nobody needs"
"""What lies beside weights and must never be copied with them."""


def make_model(folder: Path, *, seed: int = 0, width: int = 4) -> Path:
    """Write what counts as a model folder (config.json, safetensors, tokenizer), with a pickle and code beside it."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "tokenizer.json").write_text("{}")
    (folder / "LICENSE").write_text("Do as you like.")
    (folder / "pytorch_model.bin").write_bytes(CURSE)
    (folder / "modeling.py").write_text("raise SystemExit")
    weights = np.random.default_rng(seed).normal(size=(width, width)).astype(np.float32)
    save_file({"model.weight": weights}, folder / "model.safetensors")
    return folder


def make_adapter(folder: Path, *, seed: int = 1) -> Path:
    """Write what counts as an adapter folder, with what a trainer leaves beside it."""
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 1}')
    (folder / "optimizer.pt").write_bytes(CURSE)
    weights = np.random.default_rng(seed).normal(size=(1, 4)).astype(np.float32)
    save_file({"base_model.model.model.lora_A.weight": weights}, folder / "adapter_model.safetensors")
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder, by its name in it."""
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
