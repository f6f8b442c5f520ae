"""Knows how a name becomes an embedding model, in this process or on a server; does not know what is embedded."""

import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import dspy

from ..data import SetupError
from ..programs import check_installed, litellm_table, need, number_format

_LOCAL = "local/"
_PURPOSE = "to embed texts with a model in this process"
_NO_KEY = "none"
"""What a server of one's own is sent where there is no key; LiteLLM refuses to ask without any."""


def is_hosted(name: str) -> bool:
    """Return whether LiteLLM knows a name: by its provider, or as the name of an embedding model."""
    if name.startswith((_LOCAL, "sentence-transformers/")) or Path(name).is_dir():
        return False
    import litellm

    provider, slash, _ = name.partition("/")
    if slash:
        return provider in {str(getattr(one, "value", one)) for one in litellm.provider_list}
    return litellm_table().get(name, {}).get("mode") == "embedding"


def hosted(name: str, api_base: str | None, api_key: str | None) -> Callable[[list[str]], Any]:
    """Return the model of a provider or a server, through `dspy.Embedder`, whose cache remembers what it returned.

    Args:
        name: As LiteLLM takes it; without a provider that LiteLLM knows it is one of the server's.
        api_base: The server's address, None for the provider's own.
        api_key: The key, None to look it up in the environment.
    """
    options: dict[str, Any] = {"num_retries": 3}
    if api_base is not None:
        name = name if is_hosted(name) and "/" in name else f"openai/{name}"
        key = os.environ.get("OPENAI_API_KEY", _NO_KEY) if api_key is None else api_key
        options |= {"api_base": api_base, "api_key": key}
    elif api_key is not None:
        options["api_key"] = api_key
    return dspy.Embedder(name, **options)


def sentence_model(name: str) -> Callable[[list[str]], Any]:
    """Return a sentence-transformers model, which is loaded when it is first asked.

    Args:
        name: ``local/<folder>``, the path of a folder, or a name on the Hugging Face Hub.

    Raises:
        SetupError: If the extra ``embeddings`` is not installed, or there is no such folder.
    """
    check_installed("sentence_transformers", "embeddings", _PURPOSE)
    folder = Path(name.removeprefix(_LOCAL)).expanduser()
    if name.startswith(_LOCAL) and not folder.is_dir():
        cure = "Name the folder of a sentence-transformers or transformers model."
        raise SetupError(f"there is no folder {str(folder)!r}", place=f"embedder {name!r}", cure=cure)
    return _SentenceModel(name, str(folder) if folder.is_dir() else name)


def _options() -> dict[str, str]:
    """Return how a model is loaded: in its own number format, unless this machine is fast in float32 alone."""
    return {"dtype": "float32"} if number_format().name == "float32" else {}


class _SentenceModel:
    """A model that is read once, and not before it is needed: it takes seconds."""

    def __init__(self, name: str, source: str) -> None:
        self._name = name
        self._source = source

    def __call__(self, texts: list[str]) -> Any:
        return self._model.encode(texts, show_progress_bar=False)

    @cached_property
    def _model(self) -> Any:
        library = need("sentence_transformers", "embeddings", _PURPOSE)
        try:
            return library.SentenceTransformer(self._source, model_kwargs=_options())
        except (OSError, ValueError, RuntimeError) as error:
            said = next(iter(str(error).strip().splitlines()), type(error).__name__)[:200]
            cure = (
                "Name the folder of a model as 'local/<folder>', a model that this machine has or can download, "
                "or leave the embedder out: TF-IDF needs none."
            )
            what = f"the model cannot be loaded ({said})"
            raise SetupError(what, place=f"embedder {self._name!r}", cure=cure) from error
