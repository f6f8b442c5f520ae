"""Knows how a model folder's tokenizer and configuration are read, and what to say of a damaged one; asks no model."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...data import AccordError, InputError
from ..optional_packages import need
from .weights import LOCAL_PURPOSE

_CONTEXT = 2048
"""Tokens of prompt and reply that a model is taken to hold where its configuration does not say."""


def read_tokenizer(folder: Path) -> Any:
    """Return a model's tokenizer; Python code that the folder brings is not run, nor asked for.

    Raises:
        InputError: If it cannot be read.
        SetupError: If an extra is missing.
    """
    transformers = need("transformers", "local", LOCAL_PURPOSE)
    with readable(folder):
        return transformers.AutoTokenizer.from_pretrained(folder, trust_remote_code=False)


def context_length(folder: Path) -> int:
    """Return how many tokens of prompt and reply together a model can hold.

    Raises:
        InputError: If its configuration cannot be read.
        SetupError: If an extra is missing.
    """
    transformers = need("transformers", "local", LOCAL_PURPOSE)
    with readable(folder):
        config = transformers.AutoConfig.from_pretrained(folder, trust_remote_code=False)
        return int(getattr(config.get_text_config(), "max_position_embeddings", _CONTEXT))


@contextlib.contextmanager
def readable(folder: Path, adapter: Path | None = None) -> Iterator[None]:
    """Say in one line what keeps a model folder from being read; transformers does so in many, of many kinds.

    Args:
        folder: The model's.
        adapter: What is put on top of it.

    Raises:
        InputError: If one cannot be read, or the two do not fit.
    """
    try:
        yield
    except (AccordError, MemoryError):
        raise
    except Exception as error:
        said = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        why = f"({type(error).__name__}{': ' * bool(said)}{said})"
        cure = "Put a whole copy of the model there (config.json, tokenizer.json, *.safetensors)."
        if adapter is None:
            raise InputError(f"the model cannot be read {why}", place=str(folder), cure=cure) from None
        cure = f"Use whole copies of both, and an adapter that was trained on {folder.name}."
        raise InputError(f"the adapter cannot be put on its model {why}", place=str(adapter), cure=cure) from None
