"""Scores from the log-probabilities that servers send with their replies, and what stands in where they send none."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import dspy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.data import Corpus, Interval, Item, Journal, Ordinal, Scale
from accord.programs import Completion, Patience, Rater, Scoring, pooled_lm, scripted_lm
from worlds.level_server import SHARES, WEIGHED, after_label, says_label, text_of
from worlds.stub_script import Behaviour, Messages, prompt_hash
from worlds.stub_server import StubServer

FIVE = Ordinal(1, 5)
MANY = tuple(f"item {number}" for number in range(10))
QUICK = Patience(first_wait=0.01, longest_wait=0.05)


def corpus(*texts: str, scale: Scale = FIVE) -> Corpus:
    return Corpus([Item(text, {"text": text}) for text in texts], scale, ("text",))


Serve = Callable[..., Any]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start stub servers and hand out raters whose model they are; the server is ``rater.lm.engine.server``."""
    started: list[StubServer] = []
    engines: list[Any] = []

    def make(behaviour: Behaviour = WEIGHED, **options: Any) -> tuple[StubServer, Rater]:
        server = StubServer(behaviour)
        server.start()
        lm = pooled_lm("tiny", server.url, patience=QUICK)
        started.append(server)
        engines.append(lm.engine)
        scale = options.pop("scale", FIVE)
        return server, Rater(scale, lm=lm, **{"scoring": "expected", **options})

    yield make
    for engine in engines:
        engine.close()
    for server in started:
        server.stop()


def test_levels_are_weighed_in_the_reply_itself(serve):
    server, rater = serve()
    ratings = rater.rate(corpus("a", "b"))
    first, second = ratings
    # 0.1 + 0.4 + 0.3 + 0.8 + 2.0 = 3.6; 0.6 + 0.2 + 0.3 + 0.4 + 0.5 = 2.0
    assert (first.score, first.label) == (pytest.approx(3.6), 4)
    assert (second.score, second.label) == (pytest.approx(2.0), 2)
    assert first.distribution == pytest.approx(dict(enumerate(SHARES["a"], start=1)))
    assert first.confidence == pytest.approx(0.2)
    assert first.level_mass == pytest.approx(1.0)
    assert (first.rationale, first.sampled, ratings.sampled) == ("Because of draw 0.", "", {})
    assert server.stats().requests == 2
    assert ratings.completion_tokens == 2 * 7
    assert rater.variant(scoring="median").rate(corpus("a", "b")).labels == [4, 1]


def test_what_went_elsewhere_is_recorded_and_the_levels_are_brought_to_one(serve):
    half = {"a": tuple(share / 2 for share in SHARES["a"])}
    _, rater = serve(replace(WEIGHED, alternatives=after_label(half)))
    (rating,) = rater.rate(corpus("a"))
    assert rating.level_mass == pytest.approx(0.5)
    assert rating.score == pytest.approx(3.6)


def test_a_rater_that_writes_the_label_alone_gives_a_distribution_and_no_rationale(serve):
    _, rater = serve(replace(WEIGHED, answer=says_label), order="label")
    (rating,) = rater.rate(corpus("a"))
    assert (rating.score, rating.label, rating.rationale) == (pytest.approx(3.6), 4, "")
    said = rater(text="a")
    assert (said.label, said.rationale, said.score) == (4, "", pytest.approx(3.6))
    assert said.distribution[5] == pytest.approx(0.4)


def test_a_label_before_its_rationale_is_weighed_where_it_is_written(serve):
    first = replace(WEIGHED, answer=lambda messages, index, seed: "Label: 5\nReason: Warm.")
    _, rater = serve(first, order="label_rationale")
    (rating,) = rater.rate(corpus("a"))
    assert (rating.score, rating.label, rating.rationale) == (pytest.approx(3.6), 4, "Warm.")


def test_levels_of_several_tokens_are_weighed_along_the_reply(serve):
    taste = Ordinal.of(["very bad", "bad", "good", "very good"])
    nexts = {"Label:": {" very": 0.6, " good": 0.3, " bad": 0.1}, "Label: very": {" good": 0.9, " bad": 0.1}}

    def alternatives(messages: Messages, said: str) -> dict[str, float]:
        found = nexts.get(said.split("\n")[-1], {})
        return {token: math.log(share) for token, share in found.items()}

    named = Behaviour(answer=lambda *_: "Reason: Mild.\nLabel: very good", alternatives=alternatives)
    _, rater = serve(named, scale=taste)
    (rating,) = rater.rate(corpus("a", scale=taste))
    # 0.06 * 1 + 0.1 * 2 + 0.3 * 3 + 0.54 * 4 = 3.32
    assert (rating.score, rating.label) == (pytest.approx(3.32), "good")


@pytest.mark.parametrize("lack", [{"logprobs": False}, {"alternatives": None}])
def test_a_server_that_shows_no_alternatives_is_found_out_by_one_reply(serve, lack):
    server, rater = serve(replace(WEIGHED, **lack), scoring=Scoring("expected", samples=4))
    ratings = rater.rate(corpus(*MANY))
    assert ratings.scores == [2.5] * 10  # of 1, 2, 3 and 4
    assert ratings.sampled == {"no_logprobs": 10}
    assert ratings[0].level_mass is None
    assert sorted(one.n for one in server.served) == [1] + [4] * 10


def test_a_few_items_do_not_wait_for_the_first(serve):
    server, rater = serve(replace(WEIGHED, logprobs=False), scoring=Scoring("expected", samples=4))
    assert rater.rate(corpus("a", "b")).scores == [2.5, 2.5]
    assert sorted(one.n for one in server.served) == [1, 1, 4, 4]


def test_a_model_that_refuses_log_probabilities_is_asked_for_several_replies(serve):
    server, rater = serve(replace(WEIGHED, refused_fields=("logprobs",)), scoring=Scoring("expected", samples=4))
    ratings = rater.rate(corpus("a", "b"))
    assert ratings.scores == [2.5, 2.5]
    assert ratings.sampled == {"no_logprobs": 2}
    assert server.stats().outcomes["200"] == 2 + 2


def test_an_item_whose_levels_are_unclear_is_sampled_alone(serve):
    ten = Ordinal(1, 10)
    nexts = {"a": {" 9": 0.6, " 1": 0.4}, "b": {" 9": 0.6, " 8": 0.4}}

    def alternatives(messages: Messages, said: str) -> dict[str, float]:
        found = nexts[text_of(messages)] if said.endswith("Label:") else {}
        return {token: math.log(share) for token, share in found.items()}

    def answer(messages: Messages, index: int, seed: int | None) -> str:
        return f"Reason: So.\nLabel: {9 if seed is None else index + 1}"

    _, rater = serve(Behaviour(answer=answer, alternatives=alternatives), scale=ten, scoring=Scoring("median", 3))
    ratings = rater.rate(corpus("a", "b", scale=ten))
    assert ratings.scores == [2.0, 9.0]
    assert ratings.sampled == {"levels_unclear": 1}
    assert [rating.sampled for rating in ratings] == ["levels_unclear", ""]
    assert ratings[1].level_mass == pytest.approx(1.0)


def test_a_reply_without_a_label_is_not_guessed_at(serve):
    hedge = replace(WEIGHED, answer=lambda messages, index, seed: "Reason: Hm.\nLabel: 3-4")
    server, rater = serve(hedge)
    (rating,) = rater.rate(corpus("a"))
    assert (rating.label, rating.score, rating.unparsed, rating.sampled) == (None, None, "several_labels", "")
    assert server.stats().requests == 1


def test_a_failed_request_is_data_and_is_asked_again(serve, tmp_path):
    short = {"most_words": 60}
    server, rater = serve(replace(WEIGHED, **short))
    long = Corpus([Item("l", {"text": "a " * 60}), Item("a", {"text": "a"})], FIVE, ("text",))
    with Journal(tmp_path / "journal.sqlite") as journal:
        failed, rated = rater.rate(long, journal=journal)
        assert (failed.label, failed.unparsed) == (None, "error")
        assert "maximum context length" in failed.error
        assert rated.score == pytest.approx(3.6)
        before = server.stats().requests
        rater.rate(long, journal=journal)
        assert server.stats().requests == before + 1


def test_what_the_journal_has_is_not_asked_again_and_other_rules_read_it_too(serve, tmp_path):
    server, rater = serve()
    with Journal(tmp_path / "journal.sqlite") as journal:
        first = rater.rate(corpus("a", "b"), journal=journal)
        assert list(rater.rate(corpus("a", "b"), journal=journal)) == list(first)
        assert rater.variant(scoring="median").rate(corpus("a", "b"), journal=journal).scores == [4.0, 1.0]
        assert server.stats().requests == 2
        # A plain reply is another draw: it need not have come with log-probabilities.
        assert rater.variant(scoring="mode").rate(corpus("a"), journal=journal).labels == [5]
        assert server.stats().requests == 3
        (source,) = [source for source in journal.sources() if source.sampling.get("logprobs")]
        reply, weights = journal.draws(source, rater.prompt({"text": "a"}).sha256)
    assert (reply.label, reply.text) == (5, "Reason: Because of draw 0.\nLabel: 5")
    assert (weights.label, weights.reason) == (None, "")
    assert json.loads(weights.text)["weights"] == pytest.approx(dict(zip("12345", SHARES["a"], strict=True)))


def test_a_rerun_goes_on_where_a_killed_one_ended(serve, tmp_path):
    class Killed(Exception):
        pass

    def kill(done: int, total: int, note: str) -> None:
        if done == 1:
            raise Killed

    server, rater = serve()
    silent, poor = serve(replace(WEIGHED, logprobs=False), scoring=Scoring("expected", samples=4))
    for number, one in enumerate((rater, poor)):
        with Journal(tmp_path / f"{number}.sqlite") as journal:
            with pytest.raises(Killed):
                one.rate(corpus(*MANY) if one is poor else corpus("a", "b"), journal=journal, progress=kill)
    assert server.wait_until(lambda server: server.stats().requests <= 2)
    with Journal(tmp_path / "0.sqlite") as journal:
        assert rater.rate(corpus("a", "b"), journal=journal).scores == pytest.approx([3.6, 2.0])
    assert server.stats().requests <= 3
    with Journal(tmp_path / "1.sqlite") as journal:
        ratings = poor.rate(corpus(*MANY), journal=journal)
        assert ratings.sampled == {"no_logprobs": 10}
        assert ratings.scores == [2.5] * 10
    # What the first run learnt of the server is in the journal: nobody asks for log-probabilities again.
    assert [one.n for one in silent.served].count(1) == 1


def test_a_scale_without_levels_is_sampled(serve):
    free = Interval(-4, 4)
    halves = Behaviour(answer=lambda messages, index, seed: f"Reason: So.\nLabel: {index - 0.5}")
    _, rater = serve(halves, scale=free, scoring=Scoring("expected", samples=4))
    ratings = rater.rate(corpus("a", scale=free))
    assert ratings.scores == [1.0]
    assert ratings.sampled == {"no_levels": 1}


def test_the_mean_of_samples_asks_for_no_log_probabilities(serve):
    server, rater = serve(replace(WEIGHED, refused_fields=("logprobs",)), scoring=Scoring("mean", samples=4))
    ratings = rater.rate(corpus("a"))
    assert (ratings.scores, ratings.sampled) == ([2.5], {})
    assert server.stats().outcomes == {"200": 1}


def test_a_model_that_is_not_known_to_give_log_probabilities_is_not_asked_for_them():
    lm: Any = scripted_lm(lambda prompt, draw: Completion(f"Reason: So.\nLabel: {draw + 1}"))
    ratings = Rater(FIVE, lm=lm, scoring=Scoring("expected", samples=4)).rate(corpus("a"))
    assert (ratings.scores, ratings.sampled) == ([2.5], {"no_logprobs": 1})
    assert len(lm.engine.asked) == 4


@pytest.mark.parametrize("refused", [(), ("logprobs",)])
def test_models_by_their_litellm_names_are_weighed_too(refused):
    with StubServer(replace(WEIGHED, refused_fields=refused)) as server:
        lm = dspy.LM("openai/gpt-4o-mini", api_base=server.url, api_key="none", cache=False, num_retries=0)
        rater = Rater(FIVE, lm=lm, scoring=Scoring("expected", samples=2))
        (rating,) = rater.rate(corpus("a"))
    if refused:
        assert (rating.sampled, rating.level_mass) == ("no_logprobs", None)
    else:
        assert (rating.score, rating.label, rating.sampled) == (pytest.approx(3.6), 4, "")
        assert rating.distribution == pytest.approx(dict(enumerate(SHARES["a"], start=1)))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.floats(-30.0, 0.0), min_size=5, max_size=5), min_size=1, max_size=6))
def test_every_distribution_is_the_softmax_of_what_the_server_showed(serve_once, rows):
    server, rater = serve_once
    items = {f"item {number}": row for number, row in enumerate(rows)}

    def alternatives(messages: Messages, said: str) -> dict[str, float]:
        row = items[text_of(messages)] if said.endswith("Label:") else ()
        return {f" {level}": log for level, log in enumerate(row, start=1)}

    def answer(messages: Messages, index: int, seed: int | None) -> str:
        row = items[text_of(messages)]
        return f"Reason: So.\nLabel: {row.index(max(row)) + 1}"

    server.behaviour = Behaviour(answer=answer, alternatives=alternatives)
    for rating, row in zip(rater.rate(corpus(*items)), rows, strict=True):
        weights = [math.exp(log - max(row)) for log in row]
        softmax = [weight / math.fsum(weights) for weight in weights]
        assert list(rating.distribution.values()) == pytest.approx(softmax, abs=1e-12)
        assert rating.score == pytest.approx(sum(level * share for level, share in enumerate(softmax, start=1)))
        assert rating.level_mass == pytest.approx(math.fsum(map(math.exp, row)))


@pytest.fixture
def serve_once(serve):
    return serve()


def test_the_prompt_is_that_of_a_plain_rating(serve):
    server, rater = serve()
    rater.rate(corpus("a"))
    assert [one.prompt for one in server.served] == [rater.prompt({"text": "a"}).sha256]
    turns = [{"role": turn.role, "content": turn.content} for turn in rater.prompt({"text": "a"}).turns]
    assert prompt_hash(turns) == server.served[0].prompt
