"""A model within a budget: raters that know of none are stopped exactly, and what is left is neither lost nor paid."""

from typing import Any

import dspy
import pytest
from dspy.utils.exceptions import LMError

from accord.data import Corpus, Item, Journal, Ordinal, SetupError
from accord.optimizers import Budget, Ledger, budgeted, unasked
from accord.programs import NOT_ASKED, Patience, Price, Rater, pooled_lm, rate_repeatedly, scripted_lm
from worlds.level_server import WEIGHED
from worlds.rater_world import RaterWorld
from worlds.stub_script import Behaviour
from worlds.stub_server import StubServer

FIVE = Ordinal(1, 5)


def corpus(count: int = 10) -> Corpus:
    return Corpus([Item(f"i{n}", {"text": f"text {n}"}) for n in range(count)], FIVE, ("text",))


def engine_of(lm: dspy.LM) -> Any:
    return lm.engine


def lm():
    return scripted_lm(lambda prompt, draw: f"Reason: r\nLabel: {1 + draw}")


def test_calls_end_exactly_and_a_journal_has_what_was_paid(tmp_path):
    own = lm()
    with Journal(tmp_path / "journal.sqlite") as journal:
        ledger = Ledger(Budget(calls=4), None)
        some = Rater(FIVE, lm=budgeted(own, ledger)).rate(corpus(), journal=journal)
        assert some.labels == [1] * 4 + [None] * 6
        assert [rating.asked for rating in some] == [True] * 4 + [False] * 6
        assert some[9].error == f"{NOT_ASKED}: calls: 4 of 4 made"
        assert ledger.spent.calls == len(engine_of(own).asked) == len(journal) == 4
        rest = Rater(FIVE, lm=own).rate(corpus(), journal=journal)
    assert rest.labels == [1] * 10
    assert len(engine_of(own).asked) == 10


def test_draws_of_one_call_are_cut_where_tokens_end():
    # A prompt has at most bytes / 2 + 64 tokens before anything is known, a reply at most 16.
    own = lm()
    rater = Rater(FIVE, lm=own)
    prompt = len(rater.prompt({"text": "text 0"}).bytes) // 2 + 65
    ledger = Ledger(Budget(tokens=prompt + 2 * 16), None)
    found = rate_repeatedly(rater.variant(lm=budgeted(own, ledger)), corpus(1), 5, max_tokens=16)
    assert [ratings.labels for ratings in found] == [[1], [2], [None], [None], [None]]
    assert [ratings[0].asked for ratings in found] == [True, True, False, False, False]


@pytest.mark.parametrize("engine", ["batch", "feed", "single"])
def test_every_kind_of_engine_is_metered(engine):
    world = RaterWorld(items=30)
    own = world.teacher_lm(engine=engine)
    ledger = Ledger(Budget(calls=7), None)
    found = Rater(world.scale, fields=("text",), lm=budgeted(own, ledger)).rate(world.corpus())
    assert engine_of(own).requests == ledger.spent.calls == sum(rating.asked for rating in found) == 7


def test_log_probabilities_come_through_and_are_metered():
    with StubServer(WEIGHED) as server:
        own = pooled_lm("tiny", server.url, patience=Patience(first_wait=0.01))
        items = Corpus([Item(name, {"text": name}) for name in ("a", "b")], FIVE, ("text",))
        ledger = Ledger(Budget(calls=1), None)
        found = Rater(FIVE, lm=budgeted(own, ledger), scoring="expected").rate(items)
        engine_of(own).close()
        assert server.requests == 1
    (asked,) = (rating for rating in found if rating.asked)
    assert asked.confidence == pytest.approx({"a": 0.2, "b": 0.1}[asked.item_id])


def test_what_would_be_asked_is_counted_and_nobody_is_asked(tmp_path):
    own = lm()
    with Journal(tmp_path / "journal.sqlite") as journal:
        Rater(FIVE, lm=own).rate(corpus(4), journal=journal, max_tokens=32)
        nobody, wanted = unasked(own)
        Rater(FIVE, lm=nobody).rate(corpus(10), journal=journal, max_tokens=32)
        assert (wanted.calls, wanted.draws) == (6, 6)
        # other sampling, other draws
        nobody, wanted = unasked(own)
        rate_repeatedly(Rater(FIVE, lm=nobody), corpus(10), 3, journal=journal, max_tokens=32)
        assert (wanted.calls, wanted.draws, wanted.max_tokens) == (10, 30, 960)
    assert len(engine_of(own).asked) == 4


def test_minutes_end_a_model_in_this_process_between_a_few_asks():
    seconds = iter(range(0, 10_000, 10))
    own = lm()
    ledger = Ledger(Budget(minutes=5), None, clock=lambda: float(next(seconds)))
    found = Rater(FIVE, lm=budgeted(own, ledger)).rate(corpus(200))
    assert 0 < len(engine_of(own).asked) < 200
    assert "minutes" in found[199].error and ledger.late


def test_single_calls_and_unknown_prices_are_refused():
    ledger = Ledger(Budget(calls=1), None)
    with pytest.raises(LMError, match="asked through accord.programs.complete"):
        Rater(FIVE, lm=budgeted(lm(), ledger))(text="x")
    with pytest.raises(SetupError, match="unknown"):
        Ledger(Budget(usd=1), None)
    assert Ledger(Budget(usd=1), Price(0.0, 0.0)).exhausted == ""


def test_a_wrong_set_up_still_ends_the_run():
    with StubServer(Behaviour(model="other")) as server:
        own = pooled_lm("tiny", server.url, patience=Patience(attempts=1))
        with pytest.raises(SetupError):
            Rater(FIVE, lm=budgeted(own, Ledger(Budget(calls=3), None))).rate(corpus(3))
        engine_of(own).close()
