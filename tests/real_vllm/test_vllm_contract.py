"""What is called of the installed vLLM: its module, its command line, its routes; and that a kill leaves nothing."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from accord.data import SetupError
from accord.programs import VLLMServer
from accord.programs.vllm.launch import make_launch, vllm_python
from worlds.stub_vllm import is_open, processes_in

pytestmark = pytest.mark.vllm

_FLAGS = """
import json, sys
from vllm.entrypoints.openai import api_server
from vllm.entrypoints.launchers.cli_args import make_arg_parser
from vllm.utils.argparse_utils import FlexibleArgumentParser
from vllm.entrypoints.openai.completion.protocol import CompletionRequest
from vllm.config.lora import LoRAConfig, MaxLoRARanks
from vllm.sampling_params import MAX_LOGPROB_TOKEN_IDS
from typing import get_args
parsed = make_arg_parser(FlexibleArgumentParser()).parse_args(sys.argv[1:])
fields = sorted(CompletionRequest.model_fields)
print(json.dumps([sorted(vars(parsed)), fields, sorted(get_args(MaxLoRARanks)), MAX_LOGPROB_TOKEN_IDS]))
"""


def test_the_installed_vllm_has_the_flags_and_fields_that_are_used(python: str, base: Path) -> None:
    import json

    from accord.programs.vllm.engine import _MOST_NEXT
    from accord.programs.vllm.launch import _RANKS

    found = vllm_python(python)
    launch = make_launch(base, {}, "model", ("--enable-lora", "--max-lora-rank", "16", "--max-loras", "1"))
    words = launch.command(found, "127.0.0.1", 1)[3:]
    asked = subprocess.run([python, "-c", _FLAGS, *words], capture_output=True, text=True, timeout=120, check=False)
    assert asked.returncode == 0, asked.stderr[-2000:]
    flags, fields, ranks, most = json.loads(asked.stdout.strip().splitlines()[-1])
    assert {"served_model_name", "generation_config", "lora_modules", "enforce_eager", "block_size"} <= set(flags)
    assert {"prompt", "n", "return_token_ids", "logprob_token_ids", "return_tokens_as_token_ids"} <= set(fields)
    assert set(_RANKS) <= set(ranks)
    assert most == _MOST_NEXT


def test_options_that_vllm_does_not_know_are_one_error_with_the_log(python: str, base: Path) -> None:
    with pytest.raises(SetupError, match="unrecognized arguments: --no-such-option.*Check the options") as caught:
        VLLMServer(base, python=python, options=("--no-such-option", "1")).start()
    assert Path(str(caught.value).rsplit("The whole log: ", 1)[1].rstrip(".")).is_file()


def test_a_kill_while_it_starts_leaves_no_engine_behind(python: str, base: Path, tmp_path: Path) -> None:
    script = (
        "import sys, logging; logging.basicConfig(level=logging.INFO, stream=sys.stdout, format='%(message)s')\n"
        "from accord.programs import VLLMServer\n"
        f"VLLMServer({str(base)!r}, python={python!r}).start()\n"
    )
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    said = next(line for line in owner.stdout if line.startswith("starting vLLM"))
    folder, port = Path(said.rsplit(" ", 1)[1].strip()).parent, int(said.split("on port ")[1].split(";")[0])
    _wait_until(lambda: any(b"EngineCore" in _command(one) for one in processes_in(folder)), 120)
    owner.send_signal(signal.SIGKILL)
    owner.communicate(timeout=60)
    _wait_until(lambda: not processes_in(folder), 30)
    assert not is_open(port)


def _command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def _wait_until(condition, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it has not come about"
        time.sleep(0.05)
