"""What clients of a served rater get, and how each unfit request is refused."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from accord.app.serve.routes import RequestLimits
from accord.data import Ordinal, content_id
from accord.programs import Prompt, Rater, scripted_lm
from worlds.service_client import CHAT, ITEM, Client, answer, chat, served


@pytest.fixture
def client(make_rater) -> Iterator[Client]:
    with served(make_rater(answer), limits=RequestLimits(items=4, bytes=2_000, queue=8)) as found:
        yield found


def test_items_are_rated_in_their_order(client: Client) -> None:
    good, bad, unclear = client.rate({"text": "good"}, {"id": "b", "text": "bad"}, {"text": "hm"})
    assert good == {
        "id": content_id(["good"]),
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


def test_a_name_with_broken_unicode_is_no_missing_object(client: Client) -> None:
    status, problem = client.refusal("/v1/rate", {"items": [ITEM], "\ud800": 1})
    assert (status, problem["code"]) == (422, "broken_text")
    assert problem["message"] == "A name in the body has broken Unicode (half of a surrogate pair)."


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
    status, problem = client.refusal("/v1/rate/", {"items": [ITEM]})
    assert (status, problem["code"]) == (404, "not_found")  # and no redirect, which would lose a proxy's TLS
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


class Faulty(Rater):
    """A rater that cannot even write a prompt."""

    def prompt(self, fields: Any, demos: Any = ()) -> Prompt:
        raise ValueError(f"cannot render {fields}")


@pytest.mark.parametrize(("path", "body"), [("/v1/rate", {"items": [{"text": "secret"}]}), (CHAT, chat("secret"))])
def test_a_fault_before_the_model_is_asked_is_a_500_of_the_same_form(path: str, body: Any, caplog) -> None:
    with served(Faulty(Ordinal(1, 5), fields=("text",), lm=scripted_lm(lambda prompt, draw: ""))) as client:
        status, problem = client.refusal(path, body)
        assert client.figure(f'accord_requests_total{{route="{path}",status="500"}}') == 1
    assert (status, problem["code"], problem["type"]) == (500, "internal_error", "server_error")
    assert [record.message.splitlines()[0] for record in caplog.records] == [f"a request to {path} failed: ValueError"]
    assert "secret" not in caplog.text


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
    rating = schemas["ChatReply"]["properties"]["rating"]
    assert rating["$ref"] == "#/components/schemas/Rating"
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
