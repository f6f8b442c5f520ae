"""Serving a rater: what clients get, how they are refused, and that a stop loses nothing."""

import asyncio
import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from typer.testing import CliRunner, Result

from accord.app.cli import app
from accord.app.service import Limits, Service, make_service
from accord.data import Nominal, Ordinal, SetupError, content_hash
from accord.programs import Completion, Guideline, Rater, resolve_model
from worlds.served_rater import Crowd, Reply, ServedRater, make_calls, percentile
from worlds.stub_process import StubProcess
from worlds.stub_script import rate_by_hash
from worlds.tiny_model import make_tiny_model

ITEM = {"text": "good"}


class Client:
    """Speaks to a served rater over HTTP, one connection a request.

    Attributes:
        port: Where.
    """

    def __init__(self, service: Service | None, port: int) -> None:
        self._service = service
        self.port = port

    @property
    def service(self) -> Service:
        """What is served, where that is in this process."""
        assert self._service is not None
        return self._service

    def ask(
        self, path: str, body: Any = None, *, headers: dict[str, str] | None = None, method: str | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """Return status, body and headers (names in lower case); a body that is no bytes is sent as JSON."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if headers is None else headers
        with contextlib.closing(connection):
            connection.request(method or ("GET" if body is None else "POST"), path, raw, sent)
            response = connection.getresponse()
            read = response.read()
        shown = {name.lower(): value for name, value in response.getheaders()}
        return response.status, json.loads(read) if "json" in shown["content-type"] else read.decode(), shown

    def rate(self, *items: Any, **options: Any) -> Any:
        """Return the ratings of some items."""
        status, body, _ = self.ask("/v1/rate", {"items": list(items), **options})
        assert status == 200, body
        return body["ratings"]

    def refusal(self, path: str, body: Any, **options: Any) -> tuple[int, Any]:
        """Return the status and the problem of a request that is refused."""
        status, found, _ = self.ask(path, body, **options)
        assert set(found) == {"error"}
        assert set(found["error"]) == {"message", "type", "param", "code", "item", "field"}
        assert "\n" not in found["error"]["message"]
        return status, found["error"]

    def figure(self, name: str) -> float:
        """Return a figure of the metrics, by its name and labels; 0 where it is not there."""
        _, page, _ = self.ask("/metrics")
        found = re.search(rf"^{re.escape(name)} (\S+)$", page, re.MULTILINE)
        return float(found[1]) if found else 0.0

    def await_figure(self, name: str, value: float) -> None:
        """Ask until a figure has a value."""
        until = time.monotonic() + 30
        while self.figure(name) != value:
            assert time.monotonic() < until, f"{name} is {self.figure(name)}"


Serve = Callable[..., contextlib.AbstractContextManager[Client]]


@contextlib.contextmanager
def served(rater: Rater, **options: Any) -> Iterator[Client]:
    """Serve a rater from a thread of this process under the name ``stars``."""
    service = make_service(rater, "stars", **options)
    config = uvicorn.Config(service.intake, log_level="critical", lifespan="off", http="h11", ws="none")
    server, up = uvicorn.Server(config), threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    async def run() -> None:
        running = asyncio.ensure_future(server.serve(sockets=[listener]))
        while not server.started:
            await asyncio.sleep(0)
        up.set()
        await running

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert up.wait(30)
        yield Client(service, listener.getsockname()[1])
    finally:
        service.batcher.stop()
        server.should_exit = True
        thread.join(30)
        listener.close()


def answer(text: str) -> str | Completion:
    if text == "offline":
        return Completion("", error="RateLimit: slow down")
    if text == "secret":
        raise ValueError(f"cannot answer {text}")
    if text == "no key":
        raise SetupError("HTTP 401", place="model 'm' at host:443", cure="Check the key.")
    return {"good": "Reason: It is good.\nLabel: 5", "bad": "Reason: Bad.\nLabel: 1"}.get(text, "no idea")


@pytest.fixture
def client(make_rater) -> Iterator[Client]:
    with served(make_rater(answer), limits=Limits(items=4, bytes=2_000, queue=8)) as found:
        yield found


def test_items_are_rated_in_their_order(client: Client) -> None:
    good, bad, unclear = client.rate({"text": "good"}, {"id": "b", "text": "bad"}, {"text": "hm"})
    assert good == {
        "id": content_hash({"text": "good"}),
        "label": 5,
        "rationale": "It is good.",
        "unparsed": None,
        "score": None,
        "distribution": None,
        "confidence": None,
        "error": None,
    }
    assert (bad["id"], bad["label"]) == ("b", 1)
    # A reply that cannot be read is data, not an error of the server.
    assert (unclear["label"], unclear["unparsed"], unclear["rationale"]) == (None, "no_label", "no idea")


def test_rationales_can_be_left_out(client: Client) -> None:
    (good,) = client.rate(ITEM, return_rationale=False)
    assert (good["label"], good["rationale"]) == (5, None)


def test_an_item_whose_call_failed_is_one_unparsed_item(client: Client) -> None:
    failed, good = client.rate({"text": "offline"}, ITEM)
    assert (failed["label"], failed["unparsed"], failed["error"]) == (None, "error", "RateLimit: slow down")
    assert good["label"] == 5


def test_the_reply_says_what_it_took(client: Client) -> None:
    _, body, _ = client.ask("/v1/rate", {"items": [ITEM, ITEM]})
    said = len(b"Reason: It is good. Label: 5".split())
    assert body["usage"]["completion_tokens"] == 2 * said
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + 2 * said


UNFIT: dict[str, tuple[Any, str, str | None, tuple[str, ...]]] = {
    "unknown": ([ITEM, {"id": "k", "txt": "x"}], "unknown_field", "items[1].txt", ("(id 'k')", "Did you mean 'text'?")),
    "missing": ([{"id": "k"}], "missing_field", "items[0].text", ("items[0] (id 'k'): the field 'text' is missing",)),
    "number": ([{"text": 5}], "wrong_type", "items[0].text", ("has to be a string, not a number",)),
    "null": ([{"text": None}], "wrong_type", "items[0].text", ("has to be a string, not null",)),
    "blank": ([ITEM, {"text": " \n"}], "empty_field", "items[1].text", ("is blank", "An item has text and")),
    "surrogate": ([{"text": "\ud800"}], "broken_text", "items[0].text", ("surrogate",)),
    "no object": (["good"], "wrong_type", "items[0]", ("has to be an object, not a string",)),
    "id": ([{"text": "x", "id": 3}], "wrong_type", "items[0].id", ("has to be a string",)),
    "long id": ([{"text": "x", "id": "x" * 257}], "bad_length", "items[0].id", ("more than 256 characters",)),
    "none": ([], "no_items", "items", ("items is empty",)),
    "too many": ([ITEM] * 5, "too_many_items", "items", ("has 5 entries; a request takes 4",)),
    "no list": ("good", "wrong_type", "items", ("has to be a list, not a string",)),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_is_no_item_is_refused_by_name(client: Client, case: str) -> None:
    items, code, param, said = UNFIT[case]
    status, problem = client.refusal("/v1/rate", {"items": items})
    assert (status, problem["code"], problem["param"]) == (422, code, param)
    for words in said:
        assert words in problem["message"]


def test_a_misspelt_option_is_refused_by_name(client: Client) -> None:
    status, problem = client.refusal("/v1/rate", {"itmes": [ITEM]})
    assert (status, problem["param"]) == (422, "itmes")
    assert "Did you mean 'items'?" in problem["message"]
    status, problem = client.refusal("/v1/rate", {"items": [ITEM], "return_rationale": "yes"})
    assert (status, problem["message"]) == (422, "return_rationale has to be true or false, not a string.")


@pytest.mark.parametrize("body", [b'{"items": [', b"\xff\xfe", b'{"items": [] "x"}', b"[" * 1_500, b"hello"])
def test_a_body_that_is_no_json_is_a_400(client: Client, body: bytes) -> None:
    status, problem = client.refusal("/v1/rate", body)
    assert (status, problem["code"]) == (400, "malformed_json")


@pytest.mark.parametrize("body", [b"", b"[]", b'"good"', b"3", b"null"])
def test_json_that_is_no_request_is_a_422(client: Client, body: bytes) -> None:
    status, problem = client.refusal("/v1/rate", body, method="POST")
    assert (status, problem["code"]) == (422, "invalid_body")


def test_json_has_to_be_called_so(client: Client) -> None:
    body = json.dumps({"items": [ITEM]}).encode()
    for headers in ({}, {"Content-Type": "text/plain"}):
        status, problem = client.refusal("/v1/rate", body, headers=headers)
        assert (status, problem["code"]) == (415, "not_json_type")
        assert "Content-Type: application/json" in problem["message"]
    assert client.ask("/v1/rate", body, headers={"Content-Type": "application/json; charset=utf-8"})[0] == 200


@pytest.mark.parametrize("size", [2_001, 3_000_000])
def test_a_body_that_is_too_long_is_a_413_that_the_client_can_read(client: Client, size: int) -> None:
    frame = len(b'{"items": [{"text": ""}]}')
    status, problem = client.refusal("/v1/rate", {"items": [{"text": "x" * (size - frame)}]})
    assert (status, problem["code"]) == (413, "body_too_large")
    assert "more than 2,000 bytes" in problem["message"]
    assert client.ask("/v1/rate", {"items": [{"text": "x" * (2_000 - frame)}]})[0] == 200


def test_a_long_body_without_a_declared_length_is_a_413_too(client: Client) -> None:
    with socket.create_connection(("127.0.0.1", client.port), timeout=30) as raw:
        raw.sendall(b"POST /v1/rate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
        raw.sendall(b"Transfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n")
        raw.sendall((b"400\r\n" + b"x" * 1024 + b"\r\n") * 10 + b"0\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 413 ")


def test_what_is_not_there_is_a_404_that_lists_what_is(client: Client) -> None:
    status, problem = client.refusal("/v2/rate", None)
    assert (status, problem["code"]) == (404, "not_found")
    assert "POST /v1/rate" in problem["message"]
    status, found, headers = client.ask("/v1/rate", method="GET")
    assert (status, found["error"]["code"], headers["allow"]) == (405, "method_not_allowed", "POST")


def test_a_model_that_cannot_be_asked_is_a_502(client: Client) -> None:
    status, problem = client.refusal("/v1/rate", {"items": [{"text": "no key"}]})
    assert (status, problem["code"], problem["type"]) == (502, "model_failed", "server_error")
    assert "HTTP 401. Check the key." in problem["message"]
    assert client.rate(ITEM)[0]["label"] == 5


def test_a_fault_of_the_server_is_a_500_and_no_text_is_logged(client: Client, caplog) -> None:
    status, problem = client.refusal("/v1/rate", {"items": [{"text": "secret"}]})
    assert (status, problem["code"]) == (500, "internal_error")
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text + json.dumps(problem)


def test_a_rater_of_several_texts_one_of_them_called_id(make_rater) -> None:
    rater = make_rater(lambda text: f"Reason: {text}\nLabel: yes", Nominal(["yes", "no"]), fields=("id", "title"))
    with served(rater) as client:
        first, second = client.rate({"id": "one", "title": "a"}, {"item_id": "k", "id": "two", "title": "b"})
        assert (first["id"], first["rationale"]) == (content_hash({"id": "one", "title": "a"}), "one")
        assert (second["id"], second["rationale"]) == ("k", "two")
        status, problem = client.refusal("/v1/rate", {"items": [{"id": "one"}]})
        assert "An item has id, title and, if you like, item_id." in problem["message"]
        status, body, _ = client.ask("/v1/chat/completions", chat('{"id": "three", "title": "c"}'))
        assert body["choices"][0]["message"]["content"] == "Reason: three\nLabel: yes"
        for content, code in (
            ("three", "no_item"),
            ("[3]", "no_item"),
            ('{"id": "x"}', "missing_field"),
            ('{"id": "x", "title": "y", "z": "z"}', "unknown_field"),
        ):
            status, problem = client.refusal("/v1/chat/completions", chat(content))
            assert (status, problem["code"]) == (400, code)
            assert "a JSON object with the texts id, title" in problem["message"]


def chat(content: Any, **options: Any) -> dict[str, Any]:
    return {"model": "stars", "messages": [{"role": "user", "content": content}], **options}


def test_the_rater_is_a_model_for_openai_s_client(client: Client) -> None:
    import openai

    with openai.OpenAI(base_url=f"http://127.0.0.1:{client.port}/v1", api_key="none", max_retries=0) as model:
        assert [one.id for one in model.models.list()] == ["stars"]
        said = model.chat.completions.create(
            model="stars",
            messages=[
                {"role": "system", "content": "Say 1."},
                {"role": "user", "content": "bad"},
                {"role": "assistant", "content": "Label: 1"},
                {"role": "user", "content": "good"},
            ],
            temperature=1.0,
        )
        assert said.choices[0].message.content == "Reason: It is good.\nLabel: 5"
        assert said.choices[0].finish_reason == "stop"
        assert said.usage is not None and said.usage.completion_tokens == 6
        with pytest.raises(openai.NotFoundError, match="does not exist; here is 'stars'"):
            model.chat.completions.create(model="gpt", messages=[{"role": "user", "content": "good"}])
        with pytest.raises(openai.BadRequestError, match="not streamed"):
            model.chat.completions.create(model="stars", messages=[{"role": "user", "content": "x"}], stream=True)


def test_a_served_rater_can_be_the_model_of_another_one(client: Client) -> None:
    lm = resolve_model("stars", api_base=f"http://127.0.0.1:{client.port}/v1")
    # Its prompt is no item of the served one, which so has no idea: a reply, and no failure.
    assert Rater(Ordinal(1, 5), lm=lm)(text="good").unparsed == "no_label"
    getattr(lm.engine, "close")()  # noqa: B009  (not part of dspy's protocol)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (chat("good", n=2), 400, "unsupported"),
        (chat("good", stream=True), 400, "unsupported"),
        (chat("good", logprobs=True), 400, "unsupported"),
        (chat("good", tools=[{"type": "function"}]), 400, "unsupported"),
        (chat("good", response_format={"type": "json_object"}), 400, "unsupported"),
        (chat([{"type": "image_url", "image_url": {"url": "x"}}]), 400, "unsupported"),
        (chat(" "), 400, "no_item"),
        ({"model": "stars", "messages": [{"role": "system", "content": "x"}]}, 400, "no_item"),
        ({"model": "stars", "messages": []}, 400, "no_items"),
        ({"model": "stars"}, 400, "missing_field"),
        ({"messages": []}, 400, "missing_field"),
        ({**chat("good"), "model": "other"}, 404, "model_not_found"),
        (chat("offline"), 502, "model_failed"),
    ],
)
def test_a_conversation_that_is_no_item_is_refused(client: Client, body: Any, status: int, code: str) -> None:
    found, problem = client.refusal("/v1/chat/completions", body)
    assert (found, problem["code"]) == (status, code)


def test_a_conversation_may_come_in_parts_and_with_options_that_change_nothing(client: Client) -> None:
    parts = [{"type": "text", "text": "go"}, {"type": "text", "text": "od"}]
    options = {"n": 1, "stream": False, "tools": [], "top_p": 0.5, "user": "me", "response_format": {"type": "text"}}
    status, body, _ = client.ask("/v1/chat/completions", chat(parts, **options))
    assert (status, body["rating"]["label"]) == (200, 5)


def test_a_reply_without_a_label_comes_as_the_model_left_it(client: Client) -> None:
    _, body, _ = client.ask("/v1/chat/completions", chat("hm"))
    assert body["choices"][0]["message"]["content"] == "no idea"
    assert body["rating"]["unparsed"] == "no_label"


def test_a_token_is_asked_for_everywhere_but_at_the_health_check(make_rater, caplog) -> None:
    with served(make_rater(answer), token="s3cret") as client:
        body, right = {"items": [ITEM]}, {"Content-Type": "application/json", "Authorization": "Bearer s3cret"}
        for path in ("/v1/rate", "/v1/models", "/metrics", "/openapi.json", "/", "/nothing"):
            for given in ({}, {"Authorization": "Bearer s3cre"}, {"Authorization": "Bearer s3cret2"}):
                status, found, headers = client.ask(path, body if path == "/v1/rate" else None, headers=given)
                assert (status, found["error"]["code"]) == (401, "unauthorized")
                assert headers["www-authenticate"] == "Bearer"
                assert "s3cre" not in json.dumps(found)
        assert client.ask("/healthz", headers={})[0] == 200
        assert client.ask("/v1/rate", body, headers=right)[0] == 200
        document = client.ask("/openapi.json", headers=right)[1]
        assert document["security"] == [{"bearer": []}]
    assert "s3cre" not in caplog.text


class Gate:
    """A rater's script whose first answer waits for the test."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.open = threading.Event()

    def __call__(self, text: str) -> str:
        self.entered.set()
        assert self.open.wait(30)
        return f"Reason: {text}\nLabel: 3"


@pytest.fixture
def in_background() -> Iterator[Callable[..., "list[Any]"]]:
    threads: list[threading.Thread] = []

    def start(call: Callable[[], Any]) -> list[Any]:
        got: list[Any] = []
        threads.append(threading.Thread(target=lambda: got.append(call())))
        threads[-1].start()
        return got

    yield start
    for thread in threads:
        thread.join(30)


def test_a_full_queue_is_a_429_that_says_when_to_come_back(make_rater, in_background) -> None:
    gate = Gate()
    with served(make_rater(gate), limits=Limits(items=4, queue=4)) as client:
        first = in_background(lambda: client.rate({"text": "a"}))
        assert gate.entered.wait(30)
        second = in_background(lambda: client.rate(*[{"text": "b"}] * 4))
        client.await_figure("accord_queue_items", 4)
        status, found, headers = client.ask("/v1/rate", {"items": [ITEM]})
        assert (status, found["error"]["code"], found["error"]["type"]) == (429, "overloaded", "rate_limit_error")
        assert found["error"]["message"] == "4 items are waiting already. Try again in 1 s."
        assert headers["retry-after"] == "1"
        gate.open.set()
        client.await_figure("accord_items_rated_total", 5)
        assert client.rate(ITEM)[0]["label"] == 3
    assert len(first) == len(second) == 1


def test_requests_that_wait_are_answered_in_one_batch(make_rater, in_background) -> None:
    gate = Gate()
    with served(make_rater(gate)) as client:
        in_background(lambda: client.rate({"text": "a"}))
        assert gate.entered.wait(30)
        others = [in_background(lambda number=number: client.rate({"text": f"b{number}"})) for number in range(5)]
        client.await_figure("accord_queue_items", 5)
        gate.open.set()
        client.await_figure("accord_items_rated_total", 6)
        assert client.figure("accord_batch_items_count") == 2  # one of 1, one of 5
        assert client.figure("accord_batch_items_sum") == 6
    assert [got[0][0]["rationale"] for got in others] == ["b0", "b1", "b2", "b3", "b4"]


def test_items_of_a_client_that_left_are_not_rated(make_rater, in_background) -> None:
    gate = Gate()
    rater = make_rater(gate)
    with served(rater) as client:
        in_background(lambda: client.rate({"text": "a"}))
        assert gate.entered.wait(30)
        body = json.dumps({"items": [{"text": "left"}]}).encode()
        with socket.create_connection(("127.0.0.1", client.port), timeout=30) as raw:
            head = f"POST /v1/rate HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            raw.sendall(head.encode() + b"Content-Type: application/json\r\n\r\n" + body)
            client.await_figure("accord_queue_items", 1)
        client.await_figure('accord_requests_total{route="/v1/rate",status="499"}', 1)
        assert client.figure("accord_queue_items") == 0
        gate.open.set()
        client.rate({"text": "stays"})
    assert [prompt.turns[-1].content.split("\n")[1] for prompt, _ in rater.lm.engine.asked] == ["a", "stays"]


def test_a_server_that_stops_refuses_and_finishes(make_rater, in_background) -> None:
    gate = Gate()
    with served(make_rater(gate)) as client:
        begun = in_background(lambda: client.ask("/v1/rate", {"items": [ITEM]}))
        assert gate.entered.wait(30)
        client.service.intake.stopping = True
        status, found, headers = client.ask("/v1/rate", {"items": [ITEM]})
        assert (status, found["error"]["code"], headers["connection"]) == (503, "draining", "close")
        assert int(headers["retry-after"]) >= 1
        assert client.ask("/healthz")[:2] == (503, {"status": "draining"})
        assert client.service.intake.in_flight == 1
        gate.open.set()
    status, body, headers = begun[0]
    assert (status, body["ratings"][0]["label"], headers["connection"]) == (200, 3, "close")
    assert client.service.intake.in_flight == 0


def test_metrics_count_requests_labels_reasons_and_tokens(client: Client) -> None:
    client.rate(ITEM, ITEM, {"text": "hm"}, {"text": "offline"})
    client.refusal("/v1/rate", {"items": []})
    client.ask("/nothing")
    client.ask("/else")
    assert client.figure('accord_requests_total{route="/v1/rate",status="200"}') == 1
    assert client.figure('accord_requests_total{route="/v1/rate",status="422"}') == 1
    assert client.figure('accord_requests_total{route="other",status="404"}') == 2
    assert client.figure('accord_request_seconds_count{route="/v1/rate"}') == 2
    assert client.figure("accord_items_rated_total") == 2
    assert client.figure('accord_labels_total{label="5"}') == 2
    assert client.figure('accord_items_unparsed_total{reason="no_label"}') == 1
    assert client.figure('accord_items_unparsed_total{reason="error"}') == 1
    assert client.figure("accord_queue_items") == 0
    assert client.figure("accord_requests_in_flight") == 1  # the one that asks
    assert client.figure('accord_tokens_total{kind="completion"}') == 2 * 6 + 2


def test_the_openapi_document_is_complete_and_its_examples_hold(client: Client) -> None:
    _, document, _ = client.ask("/openapi.json")
    assert set(document["paths"]) == {"/v1/rate", "/v1/chat/completions", "/v1/models", "/healthz", "/metrics", "/"}
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"] and operation["description"], path
            for status, response in operation["responses"].items():
                assert response["description"], (path, status)
                kinds = response["content"]
                if status >= "400" and path != "/healthz":
                    assert kinds["application/json"]["schema"] == {"$ref": "#/components/schemas/Refusal"}
                    example = kinds["application/json"]["example"]["error"]
                    assert set(example) == set(document["components"]["schemas"]["Problem"]["properties"])
    asking = {"400", "401", "408", "413", "415", "429", "500", "502", "503"}
    assert asking | {"200", "422"} == set(document["paths"]["/v1/rate"]["post"]["responses"])
    assert asking | {"200", "404"} == set(document["paths"]["/v1/chat/completions"]["post"]["responses"])
    schemas = document["components"]["schemas"]
    assert set(schemas["Item"]["properties"]) == {"id", "text"}
    assert schemas["Item"]["required"] == ["text"]
    (example,) = schemas["RateRequest"]["examples"]
    assert client.ask("/v1/rate", example)[0] == 200
    (rated,) = schemas["Rating"]["examples"]
    assert set(rated) == set(client.rate(ITEM)[0]) == set(schemas["Rating"]["properties"])
    assert rated["unparsed"] is None
    assert client.ask("/v1/chat/completions", schemas["ChatRequest"]["examples"][0] | {"model": "stars"})[0] == 200


def test_the_front_page_says_what_is_served(client: Client) -> None:
    _, about, _ = client.ask("/")
    assert about["rater"] == "stars"
    assert about["fields"] == ["text"]
    assert about["scale"] == {"type": "ordinal", "low": 1, "high": 5}
    assert about["limits"] == {"items": 4, "bytes": 2_000, "queue": 8}
    for route in about["routes"]:
        method, path = route.split()
        assert client.ask(path, method=method, headers={"Content-Type": "application/json"})[0] not in (404, 405)


def test_a_rater_on_a_server_needs_no_torch() -> None:
    program = (
        "import sys\nfrom accord.programs import Rater\nfrom accord.data import Ordinal\n"
        "import accord.app.serve, accord.app.service_run\nfrom accord.app.service import make_service\n"
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


def test_what_keeps_a_rater_from_being_served_is_one_line(api_rater: Path, rater_folder: Path, tmp_path: Path) -> None:
    def run(folder: Path, *options: str) -> Result:
        return CliRunner().invoke(app, ["serve", str(folder), *options])

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        runs = {
            f"127.0.0.1:{port}: the port is taken. Give another with --port": run(api_rater, "--port", port),
            "no such rater directory": run(tmp_path / "none", "--port", "0"),
            "--token-env NOT_SET: the environment variable is not set": run(api_rater, "--token-env", "NOT_SET"),
            "the rater was saved without a model. Give --model": run(rater_folder, "--port", "0"),
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
    program = "import sys; sys.modules['uvicorn'] = None; from accord.app.cli import main; main()"
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


def check_replies(replies: list[Reply]) -> None:
    """Check that each call got the status it should, with a reason where it was refused."""
    for reply in replies:
        assert reply.status == reply.call.expected, reply
        if reply.status == 200:
            assert [rating["id"].split(".")[0] for rating in reply.body["ratings"]] == [
                text.split()[1].split(".")[0] for text in reply.call.texts
            ]
        else:
            assert reply.body["error"]["message"] and reply.body["error"]["code"]


def stop_amid_requests(rater: ServedRater, after: int, number: int = signal.SIGTERM) -> str:
    """Stop a server while a crowd asks it, check that nothing that was accepted is lost, and return its last line."""
    crowd, answered = Crowd(rater.url), 0

    def signal_once(reply: Reply) -> None:
        nonlocal answered
        answered += 1
        if answered == after:
            rater.signal(number)

    crowd.send(make_calls(100_000, bad=0.05, seed=1), signal_once)
    code, said = rater.wait()
    assert code == 0, said
    assert not rater.is_open()
    late = [reply for reply in crowd.replies if reply.status in (0, 503)]
    check_replies([reply for reply in crowd.replies if reply not in late])
    assert len(late) == crowd.clients  # each went on until it was refused
    *_, last = said.splitlines()
    assert last.endswith("none lost")
    # Whatever the server counts as accepted has reached a client; bodies that are too long are not let in.
    counts = Counter(reply.status for reply in crowd.replies)
    assert f" {sum(counts[status] for status in (200, 400, 422)):,} requests answered" in last
    return last


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
        stop_amid_requests(server, after=100, number=number)


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
        stop_amid_requests(server, after=100)


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
