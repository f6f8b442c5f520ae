"""A vLLM server's life on 127.0.0.1, with a stub in vLLM's place: start, failure, and an end without remains."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from accord.data import InputError, SetupError
from accord.programs import VLLMServer, resolve_model, vllm_model
from worlds.stub_vllm import is_open, make_adapter, make_stub_vllm, make_weights, processes_in

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python with a vLLM that starts in an instant."""
    return make_stub_vllm(tmp_path_factory.mktemp("stub"))


@pytest.fixture(autouse=True)
def _logs_go_with_the_test(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the logs of servers that failed, here and in processes started from here, lie in the test's own folder."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a folder that looks like a model."""
    return make_weights(tmp_path / "model")


def _folder(server: VLLMServer) -> Path:
    assert server.log is not None
    return server.log.parent


def test_a_server_answers_within_its_block_and_leaves_nothing_behind(python, model):
    with VLLMServer(model, python=python) as server:
        folder, port = _folder(server), server.port
        assert server.api_base == f"http://127.0.0.1:{port}/v1"
        assert is_open(port)
        assert len(processes_in(folder)) == 4  # keeper, server, and the two it started
    assert not is_open(port)
    assert processes_in(folder) == []
    assert not folder.exists()
    assert not server.is_running
    with pytest.raises(SetupError, match="not running"):
        _ = server.port


def test_a_python_may_be_named_from_where_one_stands(python, model, monkeypatch):
    monkeypatch.chdir(python.parent.parent)  # the server itself is started in a folder of its own
    with VLLMServer(model, python=python.relative_to(python.parent.parent)) as server:
        assert server.is_running


def test_the_command_line_has_adapters_with_a_rank_that_vllm_takes_and_ends_with_the_options(python, model, tmp_path):
    adapters = {"one": make_adapter(tmp_path / "one", rank=2), "two": make_adapter(tmp_path / "two", rank=20)}
    with VLLMServer(model, adapters, name="base", python=python, options=("--block-size", "64")) as server:
        assert server.log is not None
        said = server.log.read_text()
    for words in (
        ["--served-model-name", "base"],
        ["--max-lora-rank", "32"],
        ["--lora-modules", f"one={tmp_path / 'one'}", f"two={tmp_path / 'two'}", "--block-size", "64"],
        ["--host", "127.0.0.1"],
        ["--generation-config", "vllm"],
    ):
        assert ", ".join(map(repr, words)) in said
    assert said.startswith(os.environ.get("VLLM_CPU_KVCACHE_SPACE", "2"))


def test_a_taken_port_is_named(python, model):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SetupError, match=rf"127.0.0.1:{port}: the port cannot be used .*Give another port"):
            VLLMServer(model, python=python, port=port).start()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("RuntimeError: bad weights\nRuntimeError: Engine core initialization failed. See root cause", "bad weights"),
        (
            "(APIServer pid=7) ERROR 11-22 07:58:16 [core.py:1] ValueError: LoRA rank 64 > max_lora_rank 16",
            "rank is ab",
        ),
        ("OSError: [Errno 98] error while attempting to bind: address already in use", "The port was taken"),
        ("only this line", "only this line"),
    ],
)
def test_a_server_that_ends_while_it_starts_is_quoted_with_its_log(python, model, said, told):
    with pytest.raises(SetupError, match=told) as caught:
        VLLMServer(model, python=python, options=("--stub-says", said)).start()
    assert "vLLM ended with 1" in str(caught.value)
    log = Path(str(caught.value).rsplit("The whole log: ", 1)[1].rstrip("."))
    assert said.splitlines()[0] in log.read_text()
    assert processes_in(log.parent) == []


def test_a_server_that_does_not_answer_in_time_is_ended(python, model):
    server = VLLMServer(model, python=python, startup_seconds=0.5, options=("--stub-silent",))
    with pytest.raises(SetupError, match="did not answer in time"):
        server.start()
    assert processes_in(_folder(server)) == []
    assert not server.is_running


@pytest.mark.slow
def test_a_server_that_does_not_listen_to_signals_is_ended_by_force(python, model):
    server = VLLMServer(model, python=python, options=("--stub-stubborn",))
    server.start()
    folder, port = _folder(server), server.port
    server.stop()
    assert processes_in(folder) == []
    assert not is_open(port)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["exit", "kill", "interrupt", "terminate", "keeper"])
def test_no_process_and_no_port_outlives_the_one_that_started_them(python, model, tmp_path, request, end):
    script = tmp_path / "owner.py"
    script.write_text(
        "import signal, sys, threading\n"
        "from accord.programs import VLLMServer\n"
        # A shell's background job ignores interrupts, and so would all that it starts.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"server = VLLMServer({str(model)!r}, python={str(python)!r})\n"
        "server.start()\n"
        "sys.stdout.write(f'{server.log.parent} {server.port}\\n')\n"
        "sys.stdout.flush()\n" + ("" if end == "exit" else "threading.Event().wait()\n")
    )
    owner = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    request.addfinalizer(owner.kill)  # where the test fails it waits for ever, and keeps its server with it
    assert owner.stdout is not None
    where, port = owner.stdout.readline().split()
    folder = Path(where)
    if end == "keeper":
        keeper = next(one for one in processes_in(folder) if b"keeper.py" in Path(f"/proc/{one}/cmdline").read_bytes())
        os.kill(keeper, signal.SIGKILL)
        # The kernel ends the server; vLLM ends what it started then, the stub does not.
        _wait_until(lambda: not is_open(int(port)))
        for stray in processes_in(folder):
            os.kill(stray, signal.SIGKILL)
        owner.kill()
    elif end != "exit":
        number = {"kill": signal.SIGKILL, "interrupt": signal.SIGINT, "terminate": signal.SIGTERM}[end]
        owner.send_signal(number)
    owner.communicate(timeout=60)
    assert folder.exists() == (end not in ("exit", "interrupt"))
    _wait_until(lambda: not processes_in(folder) and not is_open(int(port)))


def _wait_until(condition) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it is still there"
        time.sleep(0.02)


def test_a_python_without_vllm_is_named_with_what_to_install(model, monkeypatch):
    monkeypatch.delenv("ACCORD_VLLM_PYTHON", raising=False)
    with pytest.raises(SetupError, match="vLLM is not installed in this Python.*ACCORD_VLLM_PYTHON"):
        VLLMServer(model).start()
    monkeypatch.setenv("ACCORD_VLLM_PYTHON", sys.executable)
    with pytest.raises(SetupError, match="ACCORD_VLLM_PYTHON: .* has no vLLM. Install vLLM"):
        VLLMServer(model).start()
    with pytest.raises(SetupError, match="cannot be run"):
        VLLMServer(model, python="/nowhere/python").start()


def test_damaged_or_foreign_files_are_refused_before_anything_is_started(model, tmp_path):
    with pytest.raises(InputError, match="for another model: its model.layers.0.mlp.up_proj is 16 wide, .* model 8"):
        VLLMServer(model, {"other": make_adapter(tmp_path / "other", width=16)})
    with pytest.raises(SetupError, match="rank 600 is above 512"):
        VLLMServer(model, {"high": make_adapter(tmp_path / "high", rank=600)})
    with pytest.raises(SetupError, match="rank 20 is above 16. Leave --max-lora-rank out"):
        VLLMServer(model, {"a": make_adapter(tmp_path / "a", rank=20)}, options=("--max-lora-rank", "16"))
    with pytest.raises(SetupError, match="cannot be called 'model'"):
        VLLMServer(model, {"model": make_adapter(tmp_path / "b")})
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(InputError, match=r"model\.safetensors is damaged"):
        VLLMServer(model)
    (model / "config.json").write_text("{")
    with pytest.raises(InputError, match=r"config\.json is damaged"):
        VLLMServer(model)
    with pytest.raises(InputError, match="no such model folder"):
        VLLMServer(tmp_path / "nowhere")


def test_a_name_stands_for_a_model_or_for_an_adapter_that_names_its_base(model, tmp_path):
    assert vllm_model(f"vllm/{model}").path == model
    found = vllm_model(f"vllm/{make_adapter(tmp_path / 'adapter', base=str(model))}")
    assert (found.path, found.adapter) == (model, tmp_path / "adapter")
    with pytest.raises(InputError, match="trained on 'some-model', which is no whole path"):
        vllm_model(f"vllm/{make_adapter(tmp_path / 'lost')}")
    with pytest.raises(InputError, match="no such model folder"):
        resolve_model("vllm/nowhere")
    with pytest.raises(SetupError, match="unknown setting 'port'.*python, options, timeout, max_tokens"):
        resolve_model(f"vllm/{model}", port=8000)
