"""What Accord relies on in LiteLLM, uvicorn and the Hugging Face Hub's client."""

import inspect
import os
import subprocess
import sys
from typing import Any

import pytest

from worlds.contracts import holds, overrides, takes


def test_the_price_table_lies_in_the_package_and_has_the_columns_that_we_read() -> None:
    """Breaks programs/completions/prices.py: a budget in dollars needs a price, and never asks the network for it."""
    litellm: Any = pytest.importorskip("litellm")
    entry = litellm.model_cost["gpt-4o-mini"]
    assert 0 < entry["input_cost_per_token"] < entry["output_cost_per_token"] < 1e-5
    assert entry["litellm_provider"] == "openai"
    assert sum("output_cost_per_reasoning_token" in one for one in litellm.model_cost.values()) > 0


@pytest.mark.slow
def test_the_price_table_is_read_without_the_network() -> None:
    """Breaks programs/completions/prices.py, app/commands/main.py: LiteLLM downloads its table on import unless it is
    told not to.
    """
    program = (
        "import socket, sys\n"
        "def refuse(*_, **__): sys.exit('it asked the network')\n"
        "socket.socket.connect = refuse; socket.getaddrinfo = refuse\n"
        "import litellm; sys.exit(0 if 'gpt-4o-mini' in litellm.model_cost else 'no table')"
    )
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_server_of_uvicorn_has_the_two_methods_that_ours_replaces() -> None:
    """Breaks app/serve/lifecycle.py: it ends with 0 after a signal, and says where it serves once it does."""
    uvicorn: Any = pytest.importorskip("uvicorn")
    overrides(uvicorn.Server, "startup", "sockets")
    overrides(uvicorn.Server, "serve", "sockets")
    assert inspect.isgeneratorfunction(inspect.unwrap(uvicorn.Server.capture_signals))
    names = ("http", "ws", "lifespan", "log_config", "log_level", "access_log", "server_header", "proxy_headers")
    takes(uvicorn.Config, *names, "timeout_keep_alive", "timeout_graceful_shutdown")
    server = uvicorn.Server(uvicorn.Config(app=None))
    assert (server.started, server.should_exit, server.force_exit) == (False, False, False)


def test_a_model_card_s_front_matter_is_written_by_the_hub_s_own_client() -> None:
    """Breaks programs/directory/card_metadata.py: the card must be one that the Hub reads."""
    data = pytest.importorskip("huggingface_hub.repocard_data")
    front = data.ModelCardData(library_name="accord", tags=["rater"], license="apache-2.0").to_yaml()
    assert "library_name: accord" in front and "- rater" in front


def test_the_hub_s_cache_is_looked_into_without_the_network() -> None:
    """Breaks programs/directory/base_model.py:
    a rater's base model is found again by name and revision, or not at all.
    """
    hub = pytest.importorskip("huggingface_hub")
    takes(hub.snapshot_download, "repo_id", "revision", "local_files_only")
    with pytest.raises((OSError, ValueError)):
        hub.snapshot_download("nobody/nothing", revision="0" * 40, local_files_only=True)


def test_the_hub_s_client_makes_a_repository_and_uploads_a_folder() -> None:
    """Breaks app/export/hub.py: `accord export --hub` pushes a rater in one commit, and turns the Hub's errors into
    lines.
    """
    hub: Any = pytest.importorskip("huggingface_hub")
    import httpx
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    from huggingface_hub.utils import disable_progress_bars, enable_progress_bars

    takes(hub.HfApi, "library_name")
    takes(hub.HfApi.create_repo, "repo_id", "private", "exist_ok")
    takes(hub.HfApi.upload_folder, "repo_id", "folder_path", "commit_message", "delete_patterns")
    takes(hub.HfApi.model_info, "repo_id")
    holds(hub.CommitInfo, "oid")
    assert callable(hub.is_offline_mode) and callable(hub.get_token)
    assert issubclass(HFValidationError, ValueError)
    answer = httpx.Response(403, request=httpx.Request("POST", "http://127.0.0.1/"))
    refused = HfHubHTTPError("no", response=answer, server_message="why")
    assert (refused.response.status_code, refused.server_message) == (403, "why")
    assert callable(disable_progress_bars) and callable(enable_progress_bars)
