"""`accord doctor` on keys, which it never shows, and on servers that have models or do not say."""

import json
import socket
from pathlib import Path

import pytest

from accord.app.doctor import model_server as doctor_server
from accord.app.doctor.models import without_secrets
from worlds.doctor_world import SECRET, answering, clear_environment, doctor, lines
from worlds.stub_server import StubServer


@pytest.fixture(autouse=True)
def _cleared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clear_environment(monkeypatch, tmp_path / "cache")


def test_keys_are_named_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"OPENAI_API_KEY": SECRET, "ANTHROPIC_API_KEY": "ant-" + SECRET[::-1], "HF_TOKEN": "hf_" + SECRET[5:20]}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:wordpass@proxy.example:3128")
    body = json.dumps({"data": [{"id": f"echo-{SECRET}"}, {"id": "rater"}]}).encode()
    with answering(200, body) as (url, asked):
        shown = doctor("--api-base", url).output + doctor("--json", "--api-base", url).output
        found = lines("--api-base", url)
    with answering(401, f'{{"error": "wrong key {SECRET}"}}'.encode()) as (url, _):
        shown += doctor("--api-base", url).output
    for value in (*secrets.values(), "wordpass", SECRET[3:12], SECRET[-8:]):
        assert value not in shown
    assert found["keys"]["found"] == "OPENAI_API_KEY, ANTHROPIC_API_KEY are set"
    assert found["Hugging Face"]["found"].startswith("HF_TOKEN is set")
    assert found["proxies"]["found"] == "https goes through proxy.example:3128"
    assert found["server"]["figures"]["models"] == ["echo-***", "rater"]
    assert asked[0] == {"path": "/v1/models", "key": f"Bearer {SECRET}"}
    assert "refuses the key in OPENAI_API_KEY (HTTP 401)" in " ".join(shown.split())


def test_a_key_that_is_empty_or_has_blanks_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{SECRET}\n")
    monkeypatch.setenv("GROQ_API_KEY", "")
    line = lines()["keys"]
    assert line["state"] == "wrong" and SECRET not in json.dumps(line)
    assert line["figures"] == {"set": [], "odd": ["OPENAI_API_KEY", "GROQ_API_KEY"], "addresses": []}


def test_texts_lose_what_the_environment_hides() -> None:
    variables = {
        "OPENAI_API_KEY": f" {SECRET}\n",
        "MY_TOKEN": "EMPTY",
        "HTTP_PROXY": "http://a:b@c",
        "PATH": "/usr/bin",
    }
    assert (
        without_secrets(f"{SECRET} by http://a:b@c in /usr/bin is EMPTY", variables)
        == "*** by *** in /usr/bin is EMPTY"
    )


def test_a_server_is_asked_for_its_models() -> None:
    body = json.dumps({"object": "list", "data": [{"id": f"model-{number}"} for number in range(9)]}).encode()
    with answering(200, body) as (url, asked):
        line = lines("--api-base", f"{url}/")["server"]
    assert line["state"] == "ok"
    names = ", ".join(f"model-{number}" for number in range(6))
    assert line["found"] == f"{url} has 9 models: {names} and 3 more"
    assert len(line["figures"]["models"]) == 9
    assert asked == [{"path": "/v1/models", "key": None}]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b'{"data": []}', "is there and has no model"),
        (200, b"<html>", "answers, but not as an OpenAI-compatible server does"),
        (200, b'{"data": [1]}', "answers, but not as an OpenAI-compatible server does"),
        (200, b'{"data": null}', "answers, but not as an OpenAI-compatible server does"),
        (200, b"[]", "answers, but not as an OpenAI-compatible server does"),
        (302, b"", "sends requests elsewhere (HTTP 302)"),
        (403, b"", "asks for a key (HTTP 403)"),
        (429, b"", "is there and busy (HTTP 429)"),
        (500, b"", "answers HTTP 500"),
    ],
)
def test_a_server_that_does_not_say_is_told_apart(status: int, body: bytes, said: str) -> None:
    headers = {"Location": "http://127.0.0.1:9/elsewhere"} if status == 302 else {}
    with answering(status, body, headers) as (url, asked):
        line = doctor_server.server(url)
    assert (line.state, line.found) == ("wrong", f"{url} {said}")
    assert line.cure and len(asked) == 1


def test_a_server_without_the_route_is_told_to_look_at_the_address() -> None:
    with StubServer() as server:
        done = doctor("--api-base", server.url)
    assert done.exit_code == 0
    assert "has no list of models (HTTP 404 for /models)" in " ".join(done.stdout.split())
    assert "mend it: check the address: it mostly ends in /v1" in " ".join(done.stdout.split())


def test_a_dead_port_is_said_in_words() -> None:
    with answering(200, b"") as (url, _):
        pass
    line = lines("--api-base", url)["server"]
    assert line["state"] == "wrong"
    assert line["found"] == f"{url} cannot be reached: connection refused"


def test_a_server_that_does_not_answer_is_waited_for_only_so_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_server, "SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v1"
        assert doctor_server.server(url).found == f"{url} does not answer within 0.2 s"


def test_a_server_that_hangs_up_is_told_apart() -> None:
    with answering(200, b"", {"Content-Length": "5"}) as (url, _):  # five bytes that never come
        assert doctor_server.server(url).found == f"{url} does not speak HTTP as it should (ClientPayloadError)"


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host/v1", "http://", "http://ann:wordpass@host/v1", ""])
def test_an_address_that_is_none_ends_with_2_and_one_line(url: str) -> None:
    done = doctor("--api-base", url)
    assert done.exit_code == 2
    assert done.stdout == "" and done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: --api-base: ") and "wordpass" not in done.stderr
