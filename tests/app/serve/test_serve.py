"""The command `accord serve`: what it refuses, 500 requests from 32 clients, and a stop that loses nothing."""

import json
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from accord.app.commands.main import app
from accord.data import Ordinal
from accord.programs import Guideline, Rater, resolve_model
from worlds.crowd_checks import check_replies, stop_amid_requests
from worlds.served_rater import Crowd, ServedRater, make_calls, percentile
from worlds.service_client import ITEM, Client
from worlds.stub_process import StubProcess
from worlds.stub_script import rate_by_hash
from worlds.tiny_model import make_tiny_model


def test_a_rater_on_a_server_needs_no_torch() -> None:
    program = (
        "import sys\nfrom accord.programs import Rater\nfrom accord.data import Ordinal\n"
        "import accord.app.serve.run, accord.app.serve.lifecycle\nfrom accord.app.serve.routes import make_service\n"
        "service = make_service(Rater(Ordinal(1, 5), lm='openai/m'), 'stars')\nservice.answering.warm_up()\n"
        "sys.exit(1 if {'torch', 'transformers'} & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def api_rater(tmp_path: Path) -> Path:
    """Return the folder of a rater whose model is on a server."""
    folder = tmp_path / "stars"
    Rater(Ordinal(1, 5), Guideline("How friendly?"), fields=("text",), lm="openai/stub").save(folder)
    return folder


def test_the_document_names_every_option() -> None:
    document = (Path(__file__).parents[3] / "docs" / "serving.md").read_text(encoding="utf-8")
    table = document.split("| option |")[1].split("\n\n")[0]
    shown = getattr(get_command(app), "commands")["serve"].params  # noqa: B009  (not of every command of click's)
    options = [name for option in shown for name in option.opts if name.startswith("--")]
    assert [name for name in options if f"`{name}" not in table] == []


def test_what_keeps_a_rater_from_being_served_is_one_line(
    api_rater: Path, modelless_folder: Path, tmp_path: Path
) -> None:
    def run(folder: Path, *options: str) -> Result:
        return CliRunner().invoke(app, ["serve", str(folder), *options])

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        runs = {
            f"127.0.0.1:{port}: the port is taken. Give another with --port": run(api_rater, "--port", port),
            "no such rater directory": run(tmp_path / "none", "--port", "0"),
            "--token-env NOT_SET: the environment variable is not set": run(api_rater, "--token-env", "NOT_SET"),
            "the rater was saved without a model. Give --model": run(modelless_folder, "--port", "0"),
            "Give --queue 256 or more": run(api_rater, "--port", "0", "--queue", "9"),
            "api_base: does not begin with http": run(api_rater, "--port", "0", "--api-base", "here"),
            "the model 'local' runs in this process": run(
                api_rater, "--port", "0", "--model", "local", "--api-base", "http://127.0.0.1:1/v1"
            ),
        }
    for said, result in runs.items():
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        (line,) = result.stderr.splitlines()
        assert line.startswith("error: ") and said in line


def test_a_missing_extra_is_named(api_rater: Path) -> None:
    program = "import sys; sys.modules['uvicorn'] = None; from accord.app.commands.main import main; main()"
    command = [sys.executable, "-c", program, "serve", str(api_rater)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: the package 'uvicorn' is needed to serve a rater. Install it with: pip install 'accord[serve]'.\n"
    )


def test_a_rater_on_a_server_of_one_s_own_needs_its_address(tmp_path: Path) -> None:
    lm = resolve_model("stub", api_base="http://127.0.0.1:1/v1")
    Rater(Ordinal(1, 5), fields=("text",), lm=lm).save(tmp_path / "stars")
    result = CliRunner().invoke(app, ["serve", str(tmp_path / "stars"), "--port", "0"])
    assert (
        "the rater's model 'stub' is on a server whose address is not saved. Give it with --api-base" in result.stderr
    )
    with StubProcess() as stub, ServedRater(tmp_path / "stars", "--api-base", stub.url) as server:
        assert Client(None, server.port).rate(ITEM)[0]["label"] in (1, 2, 3, 4, 5)
        server.signal()
        assert server.wait()[0] == 0


def expected_label(rater: Rater, text: str) -> int:
    """Return what the stub server says of an item."""
    turns = [{"role": turn.role, "content": turn.content} for turn in rater.prompt({"text": text}).turns]
    return int(rate_by_hash(turns, 0, None)[-1])


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_five_hundred_requests_from_32_clients_and_a_graceful_stop(api_rater: Path, number: int) -> None:
    rater = Rater.load(api_rater)
    with StubProcess("--latency", "0.05") as stub, ServedRater(api_rater, "--api-base", stub.url) as server:
        crowd = Crowd(server.url)
        crowd.send(make_calls(500))
        assert len(crowd.replies) == 500
        check_replies(crowd.replies)
        good = [reply for reply in crowd.replies if reply.status == 200]
        assert len(good) == 475  # 5 % are bad
        for reply in good:
            labels = [rating["label"] for rating in reply.body["ratings"]]
            assert labels == [expected_label(rater, text) for text in reply.call.texts]
        assert percentile([reply.seconds for reply in good], 0.99) < 30
    with StubProcess("--latency", "0.2") as stub, ServedRater(api_rater, "--api-base", stub.url) as server:
        stop_amid_requests(server, number=number)


@pytest.mark.slow
def test_a_local_rater_is_served_in_a_fresh_process(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    lm = resolve_model(f"local/{make_tiny_model(tmp_path / 'model')}", max_tokens=8)
    Rater(Ordinal(1, 5), Guideline("How friendly?"), fields=("text",), lm=lm, order="label", scoring="expected").save(
        tmp_path / "rater"
    )
    with ServedRater(tmp_path / "rater") as server:
        crowd = Crowd(server.url)
        crowd.send(make_calls(500))
        assert len(crowd.replies) == 500
        check_replies(crowd.replies)
        for reply in crowd.replies:
            for rating in reply.body.get("ratings", ()):
                shares = {int(level): share for level, share in rating["distribution"].items()}
                assert sum(shares.values()) == pytest.approx(1)
                assert rating["score"] == pytest.approx(sum(level * share for level, share in shares.items()))
                assert rating["confidence"] == shares[rating["label"]]
        stop_amid_requests(server, crowd.replies)


def test_a_second_signal_stops_at_once(api_rater: Path) -> None:
    with StubProcess("--latency", "60") as stub, ServedRater(api_rater, "--api-base", stub.url) as server:
        body = json.dumps({"items": [ITEM]}).encode()
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as raw:
            head = f"POST /v1/rate HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            raw.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
            client = Client(None, server.port)
            client.await_figure("accord_requests_in_flight", 2)  # it and the one that asks
            server.signal()
            while client.ask("/healthz")[0] != 503:
                pass
            server.signal()
            code, said = server.wait()
    assert code == 1
    assert said.splitlines() == [
        "stopping: 1 request to finish (a second signal stops at once)",
        "stopped at once: 1 request unanswered",
    ]


def test_what_is_answered_while_the_server_ends_is_not_counted_as_lost(api_rater: Path) -> None:
    # The reply is due a second after the request, and so within the two that the server gives to last replies.
    with (
        StubProcess("--latency", "1") as stub,
        ServedRater(api_rater, "--api-base", stub.url, "--grace", "0") as server,
        ThreadPoolExecutor(1) as elsewhere,
    ):
        client = Client(None, server.port)
        asked = elsewhere.submit(client.rate, ITEM)
        client.await_figure("accord_requests_in_flight", 2)
        server.signal()
        code, said = server.wait()
        assert asked.result(30)[0]["label"] in (1, 2, 3, 4, 5)
    assert code == 0, said
    assert "stopping: 1 request to finish" in said
    assert said.splitlines()[-1].endswith("none lost")


def test_after_the_grace_what_is_unanswered_is_counted(api_rater: Path) -> None:
    with (
        StubProcess("--latency", "60") as stub,
        ServedRater(api_rater, "--api-base", stub.url, "--grace", "0") as server,
    ):
        body = json.dumps({"items": [ITEM]}).encode()
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as raw:
            head = f"POST /v1/rate HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            raw.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
            Client(None, server.port).await_figure("accord_requests_in_flight", 2)
            server.signal()
            code, said = server.wait()
    assert code == 1
    assert said.splitlines()[-1].endswith("1 unanswered after 0.0 s of grace")
