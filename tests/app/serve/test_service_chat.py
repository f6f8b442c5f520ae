"""A served rater as a model: OpenAI's form, and whatever is no item in it."""

from collections.abc import Iterator
from typing import Any

import pytest

from accord.app.serve.routes import RequestLimits
from accord.data import Nominal, Ordinal, content_id
from accord.programs import Rater, resolve_model
from worlds.service_client import CHAT, Client, answer, chat, served


@pytest.fixture
def client(make_rater) -> Iterator[Client]:
    with served(make_rater(answer), limits=RequestLimits(items=4, bytes=2_000, queue=8)) as found:
        yield found


def test_a_rater_of_several_texts_one_of_them_called_id(make_rater) -> None:
    rater = make_rater(lambda text: f"Reason: {text}\nLabel: yes", Nominal(["yes", "no"]), fields=("id", "title"))
    with served(rater) as client:
        first, second = client.rate({"id": "one", "title": "a"}, {"item_id": "k", "id": "two", "title": "b"})
        assert (first["id"], first["rationale"]) == (content_id(["one", "a"]), "one")
        assert (second["id"], second["rationale"]) == ("k", "two")
        status, problem = client.refusal("/v1/rate", {"items": [{"id": "one"}]})
        assert "An item has id, title and, if you like, item_id." in problem["message"]
        status, body, _ = client.ask(CHAT, chat('{"id": "three", "title": "c"}'))
        assert body["choices"][0]["message"]["content"] == "Reason: three\nLabel: yes"
        for content, code in (
            ("three", "no_item"),
            ("[3]", "no_item"),
            ('{"id": "x"}', "missing_field"),
            ('{"id": "x", "title": "y", "z": "z"}', "unknown_field"),
            (r'{"id": "x", "title": "y", "\ud800": "z"}', "unknown_field"),
        ):
            status, problem = client.refusal(CHAT, chat(content))
            assert (status, problem["code"]) == (400, code)
            assert "a JSON object with the texts id, title" in problem["message"]
        status, problem = client.refusal(CHAT, chat(r'{"id": "x", "title": "\ud800"}'))
        assert (status, problem["code"], problem["field"]) == (400, "broken_text", "title")


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
        (chat("\ud800"), 400, "broken_text"),
        (chat([{"type": "text", "text": "\ud83d"}, {"type": "text", "text": "\ude00"}]), 400, "broken_text"),
        ({"model": "stars", "messages": [{"role": "system", "content": "x"}]}, 400, "no_item"),
        ({"model": "stars", "messages": []}, 400, "no_items"),
        ({"model": "stars"}, 400, "missing_field"),
        ({"messages": []}, 400, "missing_field"),
        ({**chat("good"), "model": "other"}, 404, "model_not_found"),
        (chat("offline"), 502, "model_failed"),
    ],
)
def test_a_conversation_that_is_no_item_is_refused(client: Client, body: Any, status: int, code: str) -> None:
    found, problem = client.refusal(CHAT, body)
    assert (found, problem["code"]) == (status, code)


@pytest.mark.parametrize(
    ("content", "param", "said"),
    [
        (5, "messages[0].content", "has to be a string or a list of parts, not a number"),
        ({"text": "x"}, "messages[0].content", "has to be a string or a list of parts, not an object"),
        ([{"type": "text"}, 5], "messages[0].content[1]", "has to be an object, not a number"),
        ([{"type": "text", "text": 5}], "messages[0].content[0].text", "has to be a string, not a number"),
    ],
)
def test_a_message_of_another_type_is_refused_where_it_is_wrong(
    client: Client, content: Any, param: str, said: str
) -> None:
    status, problem = client.refusal(CHAT, chat(content))
    assert (status, problem["code"], problem["param"]) == (400, "wrong_type", param)
    assert problem["message"] == f"{param} {said}."


def test_a_conversation_may_come_in_parts_and_with_options_that_change_nothing(client: Client) -> None:
    parts = [{"type": "text", "text": "go"}, {"type": "text", "text": "od"}]
    options = {"n": 1, "stream": False, "tools": [], "top_p": 0.5, "user": "me", "response_format": {"type": "text"}}
    status, body, _ = client.ask(CHAT, chat(parts, **options))
    assert (status, body["rating"]["label"]) == (200, 5)


def test_a_reply_without_a_label_comes_as_the_model_left_it(client: Client) -> None:
    _, body, _ = client.ask(CHAT, chat("hm"))
    assert body["choices"][0]["message"]["content"] == "no idea"
    assert body["rating"]["unparsed"] == "no_label"
