"""What the tests of a GPU share: where there is none they are skipped, and say so."""

from pathlib import Path

import pytest

from worlds.tiny_model import make_tiny_model


@pytest.fixture(autouse=True)
def _cuda() -> None:
    torch = pytest.importorskip("torch", reason="the extra 'local' is not installed")
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device on this machine (see docs/gpu.md)")


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a two-layer Llama whose tokens are bytes."""
    return make_tiny_model(tmp_path_factory.mktemp("gpu") / "model")
