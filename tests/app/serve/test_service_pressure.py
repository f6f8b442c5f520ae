"""A served rater with too many requests, clients that leave, strangers, and while it stops."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from accord.app.serve.routes import RequestLimits
from worlds.service_client import ITEM, answer, served


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
        for given in ("bearer s3cret", "BEARER  s3cret"):  # the scheme is no part of the secret (RFC 9110, 11.1)
            assert client.ask("/v1/models", headers={"Authorization": given})[0] == 200
        for given in ("s3cret", "Basic s3cret", "Bearer S3cret", "Bearer", "Bearers3cret", "Bearer s3cret s3cret"):
            assert client.ask("/v1/models", headers={"Authorization": given})[0] == 401
        document = client.ask("/openapi.json", headers=right)[1]
        assert document["security"] == [{"bearer": []}]
    assert "s3cre" not in caplog.text


def test_a_full_queue_is_a_429_that_says_when_to_come_back(make_rater, in_background) -> None:
    gate = Gate()
    with served(make_rater(gate), limits=RequestLimits(items=4, queue=4)) as client:
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


def test_what_the_rater_does_not_come_to_any_more_is_a_503_and_unanswered(make_rater, in_background) -> None:
    gate = Gate()
    with served(make_rater(gate)) as client:
        begun = in_background(lambda: client.rate({"text": "a"}))
        assert gate.entered.wait(30)
        waits = in_background(lambda: client.ask("/v1/rate", {"items": [ITEM]}))
        client.await_figure("accord_queue_items", 1)
        client.service.batcher.stop()
        client.await_figure('accord_requests_total{route="/v1/rate",status="503"}', 1)
        gate.open.set()
        client.await_figure("accord_items_rated_total", 1)
        document = client.ask("/openapi.json")[1]
    status, found, headers = waits[0]
    assert (status, found["error"]["code"], headers["retry-after"]) == (503, "stopped", "1")
    assert "Retry-After" in document["paths"]["/v1/rate"]["post"]["responses"]["503"]["headers"]
    assert begun[0][0]["label"] == 3
    intake = client.service.intake
    assert (intake.unanswered, intake.dropped, intake.in_flight) == (1, 1, 0)
