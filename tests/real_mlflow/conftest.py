"""What the tests with a real MLflow share: MLflow itself, a tracking store of its own, and a key that nobody checks."""

import importlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Return MLflow on a fresh store; without it the tests are skipped, or fail where ACCORD_NEED_MLFLOW is set."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK"):
            patch.setenv(name, "true")
        patch.setenv("MLFLOW_ENABLE_ASYNC_TRACE_LOGGING", "false")  # a trace is there once its span has ended
        patch.setenv("OPENAI_API_KEY", "nobody-checks")
        try:
            mlflow = importlib.import_module("mlflow")
        except ModuleNotFoundError:
            if os.environ.get("ACCORD_NEED_MLFLOW"):
                raise
            pytest.skip("needs MLflow: make mlflow-check installs it")
        store: Path = tmp_path_factory.mktemp("mlflow")
        mlflow.set_tracking_uri(f"sqlite:///{store / 'store.db'}")
        yield mlflow
