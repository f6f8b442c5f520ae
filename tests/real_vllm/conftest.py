"""What the tests with a real vLLM share: where it is, and the embedded model."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from accord.data import SetupError
from accord.programs import embedded_model
from accord.programs.vllm.launch import PYTHON_VARIABLE, vllm_python

_BESIDE = Path(__file__).parent.parent.parent / ".venv-vllm" / "bin" / "python"


@pytest.fixture(scope="session")
def python() -> Iterator[str]:
    """Return a Python with vLLM; without one the tests are skipped, or fail where ACCORD_NEED_VLLM is set."""
    with pytest.MonkeyPatch.context() as patch:
        if not os.environ.get(PYTHON_VARIABLE) and _BESIDE.exists():
            patch.setenv(PYTHON_VARIABLE, str(_BESIDE))
        patch.setenv("HF_HUB_OFFLINE", "1")
        try:
            found = vllm_python()
        except SetupError as error:
            if os.environ.get("ACCORD_NEED_VLLM"):
                raise
            pytest.skip(f"needs vLLM: make vllm-check installs it ({error.what})")
        yield found.path


@pytest.fixture(scope="session")
def base() -> Path:
    """Return the folder of the embedded model."""
    return embedded_model()
