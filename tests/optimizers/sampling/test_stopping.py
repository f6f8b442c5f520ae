"""When an item is done: by hand, and what follows for the traces on worlds where guesses are known."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from accord.data import SetupError
from accord.optimizers import (
    Budget,
    Confident,
    Exhaust,
    First,
    RejectionSampling,
    Standing,
    Stopping,
    Traces,
)
from accord.programs import Rater
from worlds.rater_world import RaterWorld


def drawn(world: RaterWorld, stop: Stopping, **options) -> Traces:
    corpus = world.corpus()
    rater = Rater(corpus.scale, fields=corpus.fields, lm=world.teacher_lm())
    return RejectionSampling(stop=stop, filters=(), **options).infer(rater, trainset=corpus.examples())


def wilson(right: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, JASA 1927)."""
    share = right / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * (share * (1 - share) / of + z * z / (4 * of * of)) ** 0.5 / (1 + z * z / of)
    return middle - half, middle + half


def test_first_and_exhaust_take_any_match_and_confident_asks_for_proof() -> None:
    lucky, sure, none = Standing(1, 9, 0.4), Standing(3, 3, 0.97), Standing(0, 16, 0.01)
    assert [First().enough(one) for one in (lucky, sure, none)] == [True, True, False]
    assert [Exhaust().enough(one) for one in (lucky, sure, none)] == [False, False, False]
    assert [Confident().enough(one) for one in (lucky, sure, none)] == [False, True, False]
    assert [First().explains(one) for one in (lucky, sure, none)] == [True, True, False]
    assert [Exhaust().explains(one) for one in (lucky, sure, none)] == [True, True, False]
    assert [Confident().explains(one) for one in (lucky, sure, none)] == [False, True, False]
    # However sure: without a match there is nothing to learn from.
    assert not Confident(0.5).explains(Standing(0, 2, 0.9))
    assert Confident(0.4).explains(lucky)


@pytest.mark.parametrize("level", [0.0, 1.0, -1, 2, float("nan")])
def test_a_level_that_is_no_probability_is_refused(level: float) -> None:
    with pytest.raises(SetupError, match="level"):
        Confident(level)


@pytest.mark.parametrize("worth", [0.0, -1, float("nan")])
def test_a_worth_that_is_no_price_is_refused(worth: float) -> None:
    with pytest.raises(SetupError, match="worth"):
        Confident(worth=worth)


def precise(world: RaterWorld, traces: Sequence) -> tuple[int, int]:
    """Return how many traces stand for items whose draws favour gold more than the label mix does, of how many."""
    corpus = world.corpus()
    golds = dict(zip(corpus.ids, corpus.golds(), strict=True))
    mix = {gold: sum(world.chances(id).get(gold, 0) for id in corpus.ids) / len(corpus) for gold in golds.values()}
    # On guessed stories gold is as likely as the mix has it; 2 % keeps their sampling noise out.
    good = [
        trace["item_id"] not in world.guess_ids
        and world.gold_rates[trace["item_id"]] > 1.02 * mix[golds[trace["item_id"]]]
        for trace in traces
    ]
    return sum(good), len(good)


def test_confident_traces_are_more_precise_than_first_ones_at_equal_cost() -> None:
    """30 % of the items are guessed; hit rates of the others are 0.4, 0.6 or 0.8. Pooled over three worlds."""
    first, confident = [0, 0], [0, 0]
    for seed in range(3):
        world = RaterWorld(items=300, seed=seed, hit_rate=[0.4, 0.6, 0.8], guessable=0.3)
        all_first = drawn(world, First())
        budget = Budget(tokens=all_first.spent.tokens)
        partial = drawn(world, Confident(), budget=budget, max_tokens=100)
        assert partial.spent.tokens <= all_first.spent.tokens
        for counts, traces in ((first, all_first), (confident, partial)):
            good, of = precise(world, traces)
            counts[0] += good
            counts[1] += of
    assert confident[1] > 100
    assert wilson(*confident)[0] > wilson(*first)[1] + 0.1
    # First takes nearly every guess for a trace: about 70 % of what it accepts is worth anything.
    assert first[0] / first[1] == pytest.approx(0.7, abs=0.05)
    assert confident[0] / confident[1] > 0.9


def test_confident_keeps_most_of_what_is_truly_explained_and_names_the_rest() -> None:
    world = RaterWorld(items=300, seed=1, hit_rate=[0.4, 0.6, 0.8], guessable=0.3)
    traces = drawn(world, Confident())
    good, of = precise(world, traces)
    assert good / of > 0.9
    assert good > 0.65 * 210
    assert traces.outcomes["not_above_luck"] > 30
    assert sum(traces.outcomes.values()) == 300
    # Guessed items with matches are among the unexplained, not among the traces.
    guessed = [item for item in traces.items if item.item_id in world.guess_ids]
    assert sum(item.explained for item in guessed) < 0.15 * len(guessed)


def test_confident_gives_up_on_a_teacher_that_only_guesses_and_spends_less_than_exhaust() -> None:
    world = RaterWorld(items=300, seed=2, guessable=1.0)
    traces = drawn(world, Confident())
    assert len(traces) < 15
    assert traces.cost().draws < 0.4 * 16 * 300


@pytest.mark.slow
@pytest.mark.parametrize("stop", [First(), Confident(), Exhaust()])
def test_guessing_teachers_are_named_and_weak_ones_are_not(stop: Stopping) -> None:
    """400 items, 12 seeds. At 1.3 times chance a 95 % interval may miss once in a while where drawing stops early."""
    wrong = {"guess": 0, "skewed guess": 0, "weak": 0}
    for seed in range(12):
        guess = RaterWorld(items=400, seed=seed, guessable=1.0)
        wrong["guess"] += drawn(guess, stop).utilization().above_luck
        skewed = replace(guess, mix=[0.03, 0.03, 0.04, 0.1, 0.8])
        wrong["skewed guess"] += drawn(skewed, stop).utilization().above_luck
        wrong["weak"] += not drawn(RaterWorld(items=400, seed=seed, hit_rate=0.26), stop).utilization().above_luck
    assert wrong["guess"] <= 1 and wrong["skewed guess"] <= 1, wrong
    assert wrong["weak"] <= (0 if isinstance(stop, Exhaust) else 1), wrong
