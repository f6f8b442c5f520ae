"""The pool for OpenAI-compatible servers, against a real server on the loopback that is slow, rude, broken or away."""

import asyncio
import copy
import gc
import json
import pickle
import random
import threading
import time
import weakref
from collections import Counter
from dataclasses import replace

import dspy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.data import Ordinal, SetupError
from accord.programs import (
    Alternative,
    Ask,
    OpenAIPool,
    Patience,
    Prompt,
    Rater,
    Sampling,
    StreamingEngine,
    Turn,
    complete,
    gives_logprobs,
    identity,
    pooled_lm,
    shares_prompt,
)
from accord.programs.openai_client.concurrency_limit import ConcurrencyLimit
from accord.programs.openai_client.request import ChatForm
from accord.programs.openai_client.response import Malformed, ServerError, read_completions, read_error
from accord.programs.openai_client.retry import Failure, failure_of, retry_after_of
from worlds.stub_script import Behaviour, Storm
from worlds.stub_server import StubServer

QUICK = Patience(first_wait=0.01, longest_wait=0.05)
SECRET = "sk-do-not-show-me"


def prompt(text):
    return Prompt((Turn("system", "Rate it."), Turn("user", text)))


def asks(count, draws=1):
    return [Ask(prompt(f"item {number}"), tuple(range(draws))) for number in range(count)]


class Chain:
    """A feed that makes the next ask ready only when the last result was consumed."""

    def __init__(self, length):
        self.left = length
        self.ready = 1
        self.taken_by = set()

    def take(self, count):
        self.taken_by.add(threading.get_ident())
        given = min(count, self.ready, self.left)
        self.ready -= given
        self.left -= given
        return [Ask(prompt(f"link {self.left + number}")) for number in range(given)]


@pytest.fixture
def pools():
    """Make pools with little patience to wait, and close them after the test."""
    made = []

    def make(server, **settings):
        lm = pooled_lm("tiny", server if isinstance(server, str) else server.url, **{"patience": QUICK, **settings})
        made.append(lm.engine)
        return lm

    yield make
    for engine in made:
        engine.close()


def draw(lm, wanted, sampling=None):
    """Return the completions of each ask, in the order of the asks."""
    found = dict(complete(lm, wanted, Sampling() if sampling is None else sampling))
    assert sorted(found) == list(range(len(wanted)))
    return [found[number] for number in range(len(wanted))]


# What comes back


def test_every_ask_is_answered_once_over_few_connections(pools):
    with StubServer() as server:
        lm = pools(server, max_in_flight=8)
        answers = draw(lm, asks(200))
        stats = server.stats()
    assert all(one.text.endswith(tuple("12345")) and not one.error for (one,) in answers)
    assert stats.requests == stats.draws == 200 and stats.repeats == 0
    assert stats.connections <= 8


def test_all_draws_of_an_ask_come_from_one_request_and_the_prompt_is_billed_once(pools):
    with StubServer() as server:
        ((*completions,),) = draw(pools(server), asks(1, draws=16))
        stats = server.stats()
    assert (stats.requests, stats.draws) == (1, 16)
    assert len({one.text for one in completions}) > 1
    # "Rate it." and "item 0" are 2 + 2 words, which are the stub's tokens; each reply has 13.
    assert [one.prompt_tokens for one in completions] == [4] + [0] * 15
    assert [one.completion_tokens for one in completions] == [13] * 16


def test_the_same_draws_are_asked_for_with_the_same_seeds_and_others_with_others(pools):
    with StubServer() as server:
        lm = pools(server)
        first, again = draw(lm, asks(30, 2)), draw(lm, asks(30, 2))
        draw(lm, asks(30, 2), Sampling(seed=1))
        draw(lm, asks(1, 2), Sampling(temperature=0.0))
        *seeds, greedy = [one.seed for one in server.served]
    assert first == again
    assert set(seeds[:30]) == set(seeds[30:60]) and not set(seeds[:30]) & set(seeds[60:90])
    assert greedy is None and all(seed is not None and 0 <= seed < 2**31 for seed in seeds)


def test_seeds_can_be_left_out(pools):
    with StubServer() as server:
        draw(pools(server, send_seeds=False), asks(3))
        assert [one.seed for one in server.served] == [None] * 3


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
def test_native_reasoning_comes_apart_from_the_reply(pools, field):
    thinking = Behaviour(thinking=lambda messages, index, seed: "It seems fine.", thinking_field=field)
    with StubServer(thinking) as server:
        ((one,),) = draw(pools(server), asks(1))
    assert one.thinking == "It seems fine." and "fine" not in one.text
    assert one.completion_tokens == 13 + 3


def test_a_reply_that_was_cut_says_so(pools):
    with StubServer(Behaviour(truncated=1.0)) as server:
        ((one,),) = draw(pools(server), asks(1))
    assert one.finish_reason == "length" and not one.error


def test_log_probabilities_come_where_they_are_asked_for(pools):
    with StubServer(Behaviour(alternatives=lambda messages, said: {" it": -1.5, " é": -0.5, "x": -3.0})) as server:
        lm = pools(server)
        ((one,),) = draw(lm, asks(1), Sampling(logprobs=2))
        ((bare,),) = draw(lm, asks(1), Sampling(logprobs=0))
        ((other,),) = draw(lm, asks(1))
    assert one.tokens is not None and bare.tokens is not None and other.tokens is None
    assert one.text == b"".join(token.bytes for token in one.tokens).decode()
    assert [token.logprob for token in one.tokens] == [-0.25, -1.5] + [-0.25] * 11
    assert one.tokens[3].alternatives == (Alternative(" é".encode(), -0.5), Alternative(b" it", -1.5))
    assert [len(token.alternatives) for token in bare.tokens] == [0] * 13


@pytest.mark.parametrize(
    ("behaviour", "sent"),
    [(Behaviour(most_alternatives=5), 5), (Behaviour(refused_fields=("logprobs",)), None), (Behaviour(), 20)],
)
def test_a_server_is_asked_for_no_more_alternatives_than_it_gives(pools, behaviour, sent):
    many = {str(number): -1.0 - number for number in range(30)}
    with StubServer(replace(behaviour, alternatives=lambda messages, said: many)) as server:
        lm = pools(server, max_in_flight=1)
        answers = draw(lm, asks(4), Sampling(logprobs=20))
        refused = sum(one.outcome == 400 for one in server.served)
    found = {None if one.tokens is None else len(one.tokens[0].alternatives) for (one,) in answers}
    assert found == {sent}
    assert refused == (sent != 20)  # what was refused once is not asked for again


def test_a_dspy_request_for_log_probabilities_gets_them(pools):
    with StubServer(Behaviour(alternatives=lambda messages, said: {" it": -1.5, " that": -0.5})) as server:
        lm = pools(server)
        assert gives_logprobs(lm)
        response = lm(prompt("item").request(lm.model, temperature=0.0, max_tokens=50, logprobs=2))
    assert [one.token for one in response.logprobs][:2] == ["Reason:", " it"]
    assert [(top.token, top.logprob) for top in response.logprobs[1].top] == [(" that", -0.5), (" it", -1.5)]


def test_text_arrives_as_it_was_sent(pools):
    text = 'tab\t "quotes" \\ \u2028 é 漢 😀\x00'
    with StubServer(Behaviour(answer=lambda messages, index, seed: messages[-1]["content"])) as server:
        ((one,),) = draw(pools(server), [Ask(prompt(text))])
    assert one.text == text


def test_a_mistake_in_a_prompt_ends_the_run_instead_of_hanging_it(pools):
    with StubServer() as server, pytest.raises(UnicodeEncodeError):
        draw(pools(server), [*asks(3), Ask(prompt("lone \ud800 surrogate"))])


def test_an_ask_without_draws_and_no_asks_at_all_cost_nothing(pools):
    with StubServer() as server:
        lm = pools(server)
        assert draw(lm, [Ask(prompt("nothing"), ())]) == [()]
        assert draw(lm, []) == []
        assert server.stats().requests == 0


def test_a_feed_may_make_asks_of_what_it_gets_and_is_asked_in_the_callers_thread(pools):
    with StubServer() as server:
        lm, chain, numbers = pools(server), Chain(20), []
        for number, _ in lm.engine.complete_feed(chain, Sampling()):
            numbers.append(number)
            chain.ready += 1
    assert numbers == list(range(20)) and chain.taken_by == {threading.get_ident()}


# Servers with less than everything


def test_a_server_that_refuses_n_is_asked_once_for_each_draw_and_that_is_remembered(pools):
    with StubServer(Behaviour(takes_n=False)) as server:
        lm = pools(server, max_in_flight=1)
        answers = draw(lm, asks(5, draws=4))
        stats = server.stats()
        seeds = {one.seed for one in server.served if one.outcome == 200}
    assert [len(completions) for completions in answers] == [4] * 5
    assert stats.outcomes == {"400": 1, "200": 20} and len(seeds) == 20
    assert all(one.prompt_tokens == 4 for completions in answers for one in completions)  # each was paid for


def test_a_server_that_gives_fewer_choices_is_asked_for_the_rest(pools):
    with StubServer(Behaviour(most_choices=3)) as server:
        answers = draw(pools(server, max_in_flight=1), asks(2, draws=8))
        sizes = sorted(one.n for one in server.served)
    assert [len(completions) for completions in answers] == [8, 8]
    # 8 is answered with 3; from then on 3 + 2, and 3 + 3 + 2 for the second ask.
    assert sizes == [2, 2, 3, 3, 3, 8]
    assert [one.prompt_tokens for one in answers[1]] == [4, 0, 0, 4, 0, 0, 4, 0]


def test_a_server_that_refuses_seeds_gets_none(pools):
    with StubServer(Behaviour(refused_fields=("seed",))) as server:
        answers = draw(pools(server, max_in_flight=1), asks(5))
        assert not any(one.error for (one,) in answers)
        assert server.stats().outcomes == {"400": 1, "200": 5}


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=20),
    st.integers(0, 10_000) | st.none() | st.just(-3) | st.just("many"),
)
def test_tokens_are_shared_out_without_loss(lengths, reported):
    choices = [{"index": place, "message": {"content": "x" * length}} for place, length in enumerate(lengths)]
    body = json.dumps({"choices": choices, "usage": {"prompt_tokens": 7, "completion_tokens": reported}}).encode()
    completions = read_completions(body, len(lengths))
    assert not isinstance(completions, ServerError)
    estimate = -(-sum(lengths) // 4)
    expected = reported if isinstance(reported, int) and reported >= 0 else estimate
    assert sum(one.completion_tokens for one in completions) == expected
    assert min(one.completion_tokens for one in completions) >= 0
    assert [one.prompt_tokens for one in completions] == [7] + [0] * (len(lengths) - 1)


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(
    st.sampled_from(["choices", "message", "content", "usage", "error", "code", "logprobs", "index", "finish_reason"]),
    inner | st.lists(inner),
)))  # fmt: skip
def test_whatever_json_a_server_sends_is_read_or_called_malformed(sent):
    body = json.dumps(sent).encode()
    assert isinstance(read_error(body), ServerError)
    try:
        found = read_completions(body, 3)
    except Malformed:
        return
    assert isinstance(found, ServerError) or 1 <= len(found) <= 3


def test_a_refusal_and_text_in_parts_are_read():
    message = {"content": None, "refusal": "I can't help."}
    parts = {"content": [{"type": "text", "text": "Label: "}, {"type": "text", "text": "4"}]}
    body = json.dumps({"choices": [{"message": message}, {"message": parts}]}).encode()
    completions = read_completions(body, 2)
    assert not isinstance(completions, ServerError)
    assert [one.text for one in completions] == ["I can't help.", "Label: 4"]


@pytest.mark.parametrize(
    ("said", "param", "cured"),
    [
        ("n > 1 is not supported", None, ChatForm(most=1)),
        ("n must be 1 when using greedy sampling, got 4.", None, ChatForm(most=1)),
        ("Only one completion choice is allowed", None, ChatForm(most=1)),
        ("bad value", "n", ChatForm(most=1)),
        (
            "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.",
            "max_tokens",
            ChatForm(limit_field="max_completion_tokens"),
        ),
        ("Unrecognized request argument supplied: seed", None, ChatForm(seeds=False)),
        ("This model's maximum context length is 8192 tokens; you sent n tokens", None, None),
        ("Invalid value for 'content'", "messages", None),
    ],
)
def test_a_refused_form_is_told_from_a_refused_request(said, param, cured):
    assert ChatForm().cured(said=said, param=param, choices=4, seeded=True) == cured
    assert ChatForm(most=1, seeds=False).merged(ChatForm(most=3)) == ChatForm(most=1, seeds=False)


# Trouble


def test_malformed_replies_are_asked_again_and_the_counts_add_up(pools):
    with StubServer(Behaviour(storms=(Storm("malformed", share=0.5),))) as server:
        answers = draw(pools(server), asks(300))
        stats = server.stats()
    failed = [one for (one,) in answers if one.error]
    assert stats.draws == 300 - len(failed) and stats.requests == stats.draws + stats.outcomes["malformed"]
    # 8 attempts fail together with probability 1/256: 1.2 of 300 on average.
    assert len(failed) <= 6 and all("not JSON" in one.error and "8 attempts" in one.error for one in failed)


@pytest.mark.parametrize(
    "storms",
    [
        (Storm(500, first=20), Storm(503, share=0.2), Storm(429, share=0.1)),
        (Storm("reset", first=5), Storm("reset", share=0.2)),
        (Storm("empty", first=3), Storm("malformed", share=0.1)),
    ],
    ids=["statuses", "resets", "bodies"],
)
def test_trouble_that_passes_costs_no_draw(pools, storms):
    with StubServer(Behaviour(storms=storms)) as server:
        answers = draw(pools(server), asks(200, draws=2))
        stats = server.stats()
    assert not any(one.error for completions in answers for one in completions)
    assert stats.draws == 400 and stats.repeats == 0 and stats.requests > 200


def test_trouble_that_stays_is_data(pools):
    with StubServer(Behaviour(storms=(Storm(500, first=10_000),))) as server:
        lm = pools(server, patience=Patience(attempts=3, first_wait=0.001))
        answers = draw(lm, asks(5, draws=2))
        assert server.stats().requests == 15
    assert {one.error for completions in answers for one in completions} == {"HTTP 500: storm of 500 (3 attempts)"}
    assert all(one.finish_reason == "error" for completions in answers for one in completions)


def test_patience_ends_by_time_too(pools):
    with StubServer(Behaviour(storms=(Storm(429, first=10_000, retry_after=30.0),))) as server:
        ((one,),) = draw(pools(server, patience=Patience(seconds=1.0)), asks(1))
        assert "HTTP 429" in one.error and server.stats().requests == 1


def test_a_prompt_that_is_too_long_is_data_and_is_not_asked_again(pools):
    with StubServer(Behaviour(most_words=5)) as server:
        short, long = draw(pools(server), [Ask(prompt("short")), Ask(prompt("much too long for this"), (0, 1))])
        assert server.stats().requests == 2
    assert not short[0].error and all("maximum context length" in one.error for one in long)


def test_requests_that_hang_are_given_up_and_asked_again(pools):
    with StubServer(Behaviour(storms=(Storm("hang", first=3),))) as server:
        answers = draw(pools(server, timeout=0.3), asks(6))
        assert server.stats().requests == 9
    assert not any(one.error for (one,) in answers)


def test_nobody_comes_back_before_the_server_wants(pools):
    with StubServer(Behaviour(storms=(Storm(429, first=2, retry_after=0.4),))) as server:
        draw(pools(server, max_in_flight=1), asks(10))
        first, second, *rest = [one.arrived for one in server.served]
    assert second - first >= 0.4 and min(rest) - second >= 0.4  # neither the refused one nor any other


def test_a_date_to_come_back_at_is_honoured(pools):
    # HTTP dates have whole seconds: 1.2 s from now is between 0.2 s and 1.2 s away.
    with StubServer(Behaviour(storms=(Storm(503, first=1, retry_after=1.2, as_date=True),))) as server:
        draw(pools(server), asks(1))
        refused, answered = server.served
    assert answered.arrived - refused.arrived >= 0.2


def test_a_wish_beyond_all_patience_is_cut(pools):
    patience = Patience(first_wait=0.01, longest_retry_after=0.05)
    with StubServer(Behaviour(storms=(Storm(429, first=1, retry_after=3600.0),))) as server:
        ((one,),) = draw(pools(server, patience=patience), asks(1))
    assert not one.error


def test_a_server_that_restarts_in_mid_run_costs_no_draw(pools):
    with StubServer(Behaviour(latency=0.02)) as server:
        lm = pools(server, max_in_flight=8)
        results = lm.engine.complete_feed(Listing(asks(150)), Sampling())
        found = dict(next(results) for _ in range(30))
        server.stop()
        restarted = threading.Timer(0.2, server.start)
        restarted.start()
        found.update(results)
        restarted.join()
        stats = server.stats()
    assert sorted(found) == list(range(150)) and not any(one.error for (one,) in found.values())
    # What was on its way when the server went is asked again; what was answered is not.
    assert 150 <= stats.requests <= 150 + 8 * 20 and stats.connections > 8


class Listing:
    """A feed of asks known beforehand that counts what was taken."""

    def __init__(self, wanted):
        self.wanted = list(wanted)
        self.taken = 0

    def take(self, count):
        given = self.wanted[self.taken : self.taken + count]
        self.taken += len(given)
        return given


@pytest.mark.slow
def test_a_rate_limit_storm_of_thirty_seconds_is_outlasted_by_default(pools):
    with StubServer(Behaviour(latency=0.05, storms=(Storm(429, between=(0.5, 30.5)),))) as server:
        answers = draw(pools(server, patience=Patience()), asks(3000))
        stats = server.stats()
    assert not any(one.error for (one,) in answers)
    assert stats.draws == 3000 and stats.repeats == 0
    # The storm must not be answered with a storm: those on their way when it begins, each a few times.
    assert stats.outcomes["429"] < 2000


# What is wrong with the set-up


@pytest.mark.parametrize(
    ("dials", "said"),
    [
        (Behaviour(token="other"), "HTTP 401"),
        (Behaviour(model="large"), "HTTP 404: The model `tiny` does not exist"),
        (Behaviour(storms=(Storm(403, first=99),)), "HTTP 403"),
        (Behaviour(storms=(Storm(402, first=99),)), "HTTP 402"),
        (Behaviour(storms=(Storm(307, first=99),)), "HTTP 307"),
        (
            Behaviour(storms=(Storm(429, first=99, body='{"error": {"message": "m", "code": "insufficient_quota"}}'),)),
            "HTTP 429",
        ),
    ],
    ids=["key", "model", "forbidden", "balance", "redirect", "quota"],
)
def test_what_would_fail_every_time_ends_the_run_with_a_cure(pools, dials, said):
    with StubServer(dials) as server:
        with pytest.raises(SetupError, match=said) as caught:
            draw(pools(server, api_key=SECRET), asks(50))
    assert caught.value.cure and "model 'tiny' at 127.0.0.1" in str(caught.value) and SECRET not in str(caught.value)


def test_a_server_that_is_not_there_is_an_error_with_a_cure(pools):
    with StubServer() as server:
        url = server.url
    with pytest.raises(SetupError, match="api_base"):
        draw(pools(url), asks(3))


def test_a_403_after_a_success_is_about_one_item(pools):
    with StubServer() as server:
        lm = pools(server)
        draw(lm, asks(1))
        server.behaviour = Behaviour(storms=(Storm(403, first=2),))
        ((one,), (other,)) = draw(lm, [Ask(prompt("a")), Ask(prompt("b"))])
    assert "HTTP 403" in one.error + other.error and not (one.error and other.error)


def test_the_key_is_sent_and_nowhere_shown(pools, monkeypatch):
    with StubServer(Behaviour(token=SECRET)) as server:
        lm = pools(server, api_key=SECRET)
        ((one,),) = draw(lm, asks(1))
        assert not one.error
        state = lm.engine.dump_state()
        shown = [repr(lm), repr(lm.engine), str(vars(lm)), json.dumps(lm.dump_state()), identity(lm)]
        assert not [text for text in shown if SECRET in text]
        assert SECRET.encode() not in pickle.dumps(lm.engine) and identity(lm) == "tiny"
        monkeypatch.setenv("OPENAI_API_KEY", SECRET)
        again = OpenAIPool.load_state(state)
        assert again.dump_state() == state
        assert not next(again.complete_feed(Listing(asks(1)), Sampling()))[1][0].error
        again.close()
        # A server that repeats the key in an error, a moment after it was right.
        server.behaviour = Behaviour(storms=(Storm(400, first=9, body=f"no {SECRET} here"),))
        ((one,),) = draw(lm, [Ask(prompt("other"))])
        assert one.error == "HTTP 400: no *** here"


def test_the_variable_that_has_the_key_can_be_named(pools, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    monkeypatch.setenv("MY_KEY", f"{SECRET}\n")
    with StubServer(Behaviour(token=SECRET)) as server:
        assert not draw(pools(server, api_key_env="MY_KEY"), asks(1))[0][0].error
        with pytest.raises(SetupError, match="HTTP 401"):
            draw(pools(server), asks(1))


# How many at a time


def test_concurrency_climbs_to_the_limit_and_no_further(pools):
    with StubServer(Behaviour(latency=0.2)) as server:
        draw(pools(server, max_in_flight=100), asks(600))
        # It begins with 64 and is at its limit after one round trip.
        assert 75 <= server.stats().peak <= 100


def test_concurrency_gives_way_to_a_server_that_takes_only_a_few(pools):
    with StubServer(Behaviour(latency=0.02, storms=(Storm(429, above=8),))) as server:
        answers = draw(pools(server), asks(800))
        served = server.served
    assert not any(one.error for (one,) in answers)
    # It begins with up to 64 at a time, most of which are turned away; once it has learnt, few are.
    refused = [one.outcome == 429 for one in served]
    assert sum(refused[:40]) >= 15 and sum(refused[-400:]) <= 100


def test_the_gate_halves_once_a_round_trip_and_climbs_fast_to_half_of_where_it_was():
    now = [0.0]
    gate = ConcurrencyLimit(64, start=4, clock=lambda: now[0])
    began = [gate.enter() for _ in range(4)]
    for one in began:
        now[0] += 1.0
        gate.succeeded(one)
        gate.leave()
    assert gate.limit == 8  # slow start: doubled in a round trip
    together = [gate.enter() for _ in range(8)]
    now[0] += 1.0
    for one in together:
        gate.congested(one)
        gate.leave()
    assert gate.limit == 4  # eight refusals, one cut
    for _ in range(5):
        now[0] += 1.0
        later = gate.enter()
        now[0] += 1.0
        gate.congested(later)
        gate.leave()
    assert gate.limit == 1  # a long storm: 4, 2, 1, 1, 1
    now[0] += 1.0
    for _ in range(3):
        gate.succeeded(gate.enter())
        gate.leave()
    assert gate.limit == 4  # 1 + 3: fast up to 4, half of the 8 before the storm
    gate.succeeded(gate.enter())
    gate.leave()
    assert gate.limit == 4  # from there by 1/4
    gate.congested(gate.enter(), retry_after=5.0)
    gate.leave()
    assert not gate.has_room() and gate.closed_for == 5.0
    now[0] += 5.0
    assert gate.has_room()


# Retrying, by hand


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "2.5"}, 2.5),
        ({"Retry-After": "Thu, 01 Jan 1970 00:01:40 GMT"}, 10.0),
        ({"Retry-After": "Thu, 01 Jan 1970 00:00:10 GMT"}, 0.0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-3"}, None),
        ({"Retry-After": "nan"}, None),
        ({"retry-after-ms": "250", "Retry-After": "1"}, 0.25),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers, seconds):
    assert retry_after_of(headers, now=90.0) == seconds


def test_waits_have_full_jitter_under_an_exponential_bound():
    patience, chance = Patience(first_wait=1.0, longest_wait=8.0), random.Random(3)
    failure = Failure("broken", "HTTP 500")
    for failures, bound in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (9, 8.0), (2000, 8.0)):
        waits = [patience.wait(failure, failures, chance) for _ in range(400)]
        # The mean of 400 uniform numbers is within 0.06 bounds (4 standard errors) of the middle.
        assert 0 <= min(waits) and max(waits) <= bound and abs(sum(waits) / 400 - bound / 2) < 0.06 * bound
    asked = [patience.wait(Failure("overloaded", "", retry_after=5.0), 9, chance) for _ in range(50)]
    assert 5.0 <= min(asked) and max(asked) <= 6.0 and len(set(asked)) == 50


def test_statuses_are_sorted_by_what_can_be_done():
    kinds = {status: failure_of(status, ServerError("")).kind for status in range(300, 600)}
    assert Counter(kinds.values()).keys() == {"overloaded", "broken", "refused", "set_up"}
    assert [status for status, kind in kinds.items() if kind == "overloaded"] == [408, 429, 503, 504, 529]
    assert [status for status in range(400, 500) if kinds[status] == "set_up"] == [401, 402, 403, 404, 405, 410]
    assert kinds[400] == kinds[413] == kinds[422] == kinds[501] == "refused" and kinds[500] == kinds[502] == "broken"


# As a DSPy engine


class Judge(dspy.Signature):
    """Judge the text."""

    text: str = dspy.InputField()
    verdict: str = dspy.OutputField()


def test_it_works_in_any_dspy_program(pools):
    said = Behaviour(answer=lambda messages, index, seed: "[[ ## verdict ## ]]\ngood\n\n[[ ## completed ## ]]")
    with StubServer(said) as server:
        program = dspy.Predict(Judge)
        program.set_lm(pools(server))
        assert program(text="Lovely.").verdict == "good"
        assert copy.deepcopy(program)(text="Lovely.").verdict == "good"
        assert server.stats().connections == 1  # a copy shares the pool


def test_it_works_asynchronously_and_from_within_a_running_loop(pools):
    said = Behaviour(answer=lambda m, i, s: "[[ ## verdict ## ]]\ngood\n\n[[ ## completed ## ]]", latency=0.1)
    with StubServer(said) as server:
        program = dspy.Predict(Judge)
        program.set_lm(pools(server))

        async def main():
            together = await asyncio.gather(*(program.acall(text=f"{number}") for number in range(20)))
            return together, program(text="blocking, inside the loop")

        together, alone = asyncio.run(main())
        assert [one.verdict for one in [*together, alone]] == ["good"] * 21
        assert server.stats().peak == 20


def test_it_rates(pools):
    with StubServer() as server:
        rater = Rater(Ordinal(1, 5), fields=("text",), lm=pools(server))
        assert rater(text="Fine.").label in range(1, 6)


def test_failures_are_dspys_own_errors(pools):
    with StubServer(Behaviour(token="other")) as server:
        with pytest.raises(dspy.LMAuthError, match="HTTP 401"):
            pools(server, api_key=SECRET)("Hello")
    with StubServer(Behaviour(storms=(Storm(400, first=9),))) as server:
        with pytest.raises(dspy.LMProviderError, match="HTTP 400"):
            pools(server)("Hello")


def test_an_async_call_that_is_cancelled_lets_go(pools):
    with StubServer(Behaviour(storms=(Storm("hang", first=1),))) as server:
        lm = pools(server)

        async def main():
            call = asyncio.create_task(lm.acall("Hello"))
            await asyncio.to_thread(server.wait_until, lambda stub: stub.requests == 1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            return await lm.acall("Hello again")

        assert asyncio.run(main())


def test_it_is_a_streaming_engine_that_shares_prompts(pools):
    lm = pools("http://127.0.0.1:1/v1")
    assert isinstance(lm.engine, StreamingEngine) and shares_prompt(lm)


# Beginning and end


def test_a_generator_that_is_closed_early_drops_what_is_on_its_way(pools):
    feed = Listing(asks(1000))
    with StubServer(Behaviour(latency=0.05)) as server:
        lm = pools(server, max_in_flight=16)
        results = lm.engine.complete_feed(feed, Sampling())
        for _ in range(20):
            next(results)
        results.close()
        asked = server.stats().requests
        assert asked <= feed.taken <= 20 + 2 * 16 + 4
        assert len(draw(lm, asks(30))) == 30  # the pool is as good as new
        assert server.stats().requests <= asked + 16 + 30


def test_what_came_before_a_wrong_key_is_delivered_first(pools):
    with StubServer() as server:
        lm = pools(server, max_in_flight=1)
        results = lm.engine.complete_feed(Listing(asks(50)), Sampling())
        next(results)
        server.behaviour = Behaviour(token="another")
        delivered = 1
        with pytest.raises(SetupError, match="401"):
            for _ in results:
                delivered += 1
        assert delivered == server.stats().draws


def test_closing_the_pool_ends_a_run_that_still_waits(pools):
    with StubServer(Behaviour(storms=(Storm("hang", first=99),))) as server:
        lm = pools(server)
        closing = threading.Thread(
            target=lambda: server.wait_until(lambda stub: stub.requests > 0) and lm.engine.close()
        )
        closing.start()
        with pytest.raises(SetupError, match="the pool was closed"):
            draw(lm, asks(3))
        closing.join()
        server.behaviour = Behaviour()
        assert draw(lm, asks(1))  # and it opens again


def test_a_pool_that_is_let_go_takes_its_thread_along():
    with StubServer() as server:
        before = set(threading.enumerate())
        lm = pooled_lm("tiny", server.url)
        draw(lm, asks(3))
        (thread,) = set(threading.enumerate()) - before
        engine = weakref.ref(lm.engine)
        del lm
        gc.collect()
        thread.join(10)
        assert engine() is None and not thread.is_alive()


def test_many_threads_share_one_pool(pools):
    with StubServer(Behaviour(latency=0.02)) as server:
        lm, found = pools(server, max_in_flight=16), []
        threads = [
            threading.Thread(target=lambda seed=seed: found.append(draw(lm, asks(60), Sampling(seed=seed))))
            for seed in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        stats = server.stats()
    assert len(found) == 6 and stats.draws == 360 and stats.repeats == 0
    assert stats.peak <= 16 and stats.connections <= 16


def test_a_call_costs_less_than_a_millisecond_of_cpu(pools):
    # The benchmark measures this with care; here server and client share the process, and still have time to spare.
    with StubServer() as server:
        lm = pools(server)
        draw(lm, asks(50))
        begun = time.process_time()
        draw(lm, asks(1000))
        assert (time.process_time() - begun) / 1000 < 0.0025
