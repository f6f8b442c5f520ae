"""What the tests of the compilers share: a model of a few thousand random weights, made here and nowhere fetched."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from worlds.tiny_model import make_tiny_model
from worlds.warm_trainer import warm_training


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a two-layer Llama whose tokens are bytes."""
    pytest.importorskip("torch")
    return make_tiny_model(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="session", autouse=True)
def _warm_trainer() -> Iterator[None]:
    """Train in children of a process that has its libraries imported; see `warm_trainer`."""
    with warm_training():
        yield
