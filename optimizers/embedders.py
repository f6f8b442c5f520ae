"""Knows how texts become vectors whose cosines say how alike they are; does not know what the texts are for.

TF-IDF is the default: it needs no model, gives the same vectors everywhere, and weighs words by how rare they are among
the texts at hand. The paper that distillation follows (Zhang et al., arXiv 2510.25860, section 3) embeds critiques with
a hosted model, which finds like critiques in other words.

Vectors are not kept in the journal. They would be far larger than the replies they are made of, a local model makes
the same ones again in seconds, and those of a hosted model are in DSPy's own cache.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import dspy
import numpy as np

from ..data import SetupError

_PROBE = "Is anybody there?"


class Vectors(Protocol):
    """Texts as vectors."""

    def transform(self, texts: Sequence[str]) -> Any:
        """Return one row of unit length (or of zeros) for each text: a sparse matrix or an array (texts, terms)."""
        ...


@dataclass(frozen=True)
class Embedder:
    """A way to make vectors of texts.

    Attributes:
        name: What it is called in a rater's provenance.
        embed: Returns one row for each text, an array (texts, dimensions) of finite numbers; None is TF-IDF.
    """

    name: str
    embed: Callable[[list[str]], Any] | None = None

    @property
    def place(self) -> str:
        """What it is called in an error."""
        return f"embedder {self.name!r}"

    def fitted(self, texts: Sequence[str]) -> Vectors:
        """Return the vectors of texts that are to be compared; asking for others later is possible.

        Raises:
            SetupError: If the model fails, or does not return one row of finite numbers for each text.
        """
        if self.embed is None:
            return vectorizer_of(texts)
        vectors = self.embed if isinstance(self.embed, _Remembered) else _Remembered(self)
        vectors.transform(texts)
        return vectors

    def checked(self) -> "Embedder":
        """Return this embedder if it answers, so that no writer is paid for what could not be used.

        What is returned asks for no text twice.

        Raises:
            SetupError: As for `fitted`.
        """
        if self.embed is None:
            return self
        remembered = _Remembered(self)
        remembered.transform([_PROBE])
        return Embedder(self.name, remembered)


TFIDF = Embedder("TF-IDF")
"""Of words, signs and their pairs."""

Embed = str | Callable[[list[str]], Any] | dspy.Embedder | Embedder | None
"""What `resolve_embedder` takes."""


class _Remembered:
    """The vectors of a model, which is asked for each text once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, np.ndarray] = {}

    def transform(self, texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, _rows(self._embedder, new), strict=True))
        return np.stack([self._known[text] for text in texts])

    def __call__(self, texts: list[str]) -> np.ndarray:
        return self.transform(texts)


def _rows(embedder: Embedder, texts: list[str]) -> np.ndarray:
    """Ask the model, and return rows of unit length.

    Raises:
        SetupError: If it fails, or returns anything but a row of finite numbers for each text.
    """
    if embedder.embed is None:
        raise ValueError("TF-IDF asks no model")
    try:
        rows = np.asarray(embedder.embed(texts), dtype=np.float64)
    # A hosted model fails in as many ways as LiteLLM has providers.
    except Exception as error:
        if isinstance(error, SetupError):
            raise
        said = " ".join(str(error).split())[:300] or type(error).__name__
        cure = "Check the model's name, its address and key, or leave the embedder out: TF-IDF needs none."
        raise SetupError(f"the texts could not be embedded ({said})", place=embedder.place, cure=cure) from error
    cure = "Return one row of finite numbers for each text, all of one length."
    if rows.ndim != 2 or len(rows) != len(texts) or rows.shape[1] == 0:
        what = f"{len(texts)} texts gave an array of shape {rows.shape}"
        raise SetupError(what, place=embedder.place, cure=cure)
    if not np.isfinite(rows).all():
        what = f"{int((~np.isfinite(rows)).any(axis=1).sum())} of {len(texts)} vectors have numbers that are not finite"
        raise SetupError(what, place=embedder.place, cure=cure)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths == 0, 1.0, lengths)


def vectorizer_of(texts: Sequence[str]) -> Any:
    """Return a TF-IDF vectorizer of words, signs and their pairs, fitted on the texts."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # a second to import

    vectorizer = TfidfVectorizer(token_pattern=r"(?u)\w+|[^\w\s]", ngram_range=(1, 2), sublinear_tf=True)
    return vectorizer.fit(texts)


def cosines(left: Any, right: Any) -> np.ndarray:
    """Return how alike the rows of two sets of vectors are: an array (rows of left, rows of right)."""
    found = left @ right.T
    return found if isinstance(found, np.ndarray) else found.toarray()


def resolve_embedder(embedder: Embed, *, api_base: str | None = None, api_key: str | None = None) -> Embedder:
    """Return the embedder that a name stands for.

    ==========================================  ======================================================================
    None                                        TF-IDF of words, signs and their pairs
    ``sentence-transformers/all-MiniLM-L6-v2``  a sentence-transformers model, in this process (extra ``embeddings``);
                                                so is every name that LiteLLM does not know
    ``local/<folder>``, or a folder's path      such a model on disk; a transformers model is read by mean pooling
    ``openai/text-embedding-3-small``           an embedding model through LiteLLM; with ``api_base`` any name is one
    a function                                  takes a list of texts and returns an array (texts, dimensions)
    a `dspy.Embedder`                           taken as it is
    ==========================================  ======================================================================

    Args:
        embedder: The name, a function, or an embedder.
        api_base: The address of an OpenAI-compatible server that has the model.
        api_key: Its key; None leaves it to LiteLLM, which looks in the environment.

    Raises:
        SetupError: If it is none of these, the extra is missing, or there is no such folder.
    """
    from .embedding_models import hosted, is_hosted, sentence_model

    if isinstance(embedder, Embedder):
        return embedder
    if embedder is None:
        return TFIDF
    if isinstance(embedder, dspy.Embedder):
        return Embedder(embedder.model if isinstance(embedder.model, str) else _called(embedder.model), embedder)
    if isinstance(embedder, str) and embedder:
        if api_base is not None or is_hosted(embedder):
            return Embedder(embedder, hosted(embedder, api_base, api_key))
        return Embedder(embedder, sentence_model(embedder))
    if callable(embedder):
        return Embedder(_called(embedder), embedder)
    cure = "Give a name such as 'sentence-transformers/all-MiniLM-L6-v2', or a function from texts to an array."
    raise SetupError(f"embedder={embedder!r}", place="embedder", cure=cure)


def _called(function: Any) -> str:
    return getattr(function, "__qualname__", type(function).__name__)
