"""What a rater's second thoughts say: flip rate, summaries of several ratings, and accuracy without noise."""

from itertools import combinations, permutations

import numpy as np
import pytest

from accord.data import InputError, Interval, Nominal, Ordinal, agreement, consistency, human_agreement
from worlds.biased_raters import NAMES, NINE, BiasedRaters

FIVE = Ordinal(1, 5)
YES = Nominal(["yes", "no"])


def test_the_flip_rate_by_hand() -> None:
    # Pairs that differ: 0 of 3; 2 of 3; 1 of 1. Steps: 0; (0 + 3 + 3) / 3; 1. One item has one readable rating.
    repeats = [[2, 2, 2], [1, 4, 4], [3, 2, None], [5, None, None]]
    found = consistency(repeats, FIVE, resamples=0)
    assert found.measures["flip rate"].value == pytest.approx((0 + 2 / 3 + 1) / 3)
    assert found.measures["steps apart"].value == pytest.approx((0 + 2 + 1) / 3)
    assert found.measures["items that flip"].value == pytest.approx(2 / 3)
    assert (found.n, found.left_out, found.shown) == (3, {"fewer than 2 readable ratings": 1}, True)
    assert found.details["unreadable ratings"] == 3
    assert found.details["ratings of an item"] == {"least": 2, "most": 3}


def test_steps_are_ranks_on_an_ordinal_scale_and_steps_on_an_interval() -> None:
    assert consistency([[1, 9]], Ordinal.of([1, 5, 9]), resamples=0).measures["steps apart"].value == 2
    assert consistency([[0.0, 1.5]], Interval(0, 3, 0.5), resamples=0).measures["steps apart"].value == 3
    assert consistency([[0.2, 0.7]], Interval(0, 1), resamples=0).measures["steps apart"].value == pytest.approx(0.5)


def test_alpha_is_that_of_the_ratings_as_annotators() -> None:
    repeats = BiasedRaters(60).repeats(4)
    expected = human_agreement(repeats, NINE, resamples=0).metrics["alpha"].value
    assert consistency(repeats, NINE, resamples=0).measures["alpha"].value == pytest.approx(expected)


def test_the_flip_rate_is_without_bias_whatever_the_number_of_ratings() -> None:
    rates = []
    for count in (2, 3, 8):
        found = consistency(BiasedRaters(4000).repeats(count, flip=0.2), NINE, resamples=0)
        rates.append(found.measures["flip rate"].value)
    assert rates == pytest.approx([0.32] * 3, abs=0.02)


def test_one_rating_and_the_summary_of_all_against_gold() -> None:
    gold = [3, 3, 1, 5]
    repeats = [[3, 3, 4], [2, 2, 3], [1, 1, 1], [5, 4, 5]]
    found = consistency(repeats, FIVE, gold=gold, resamples=0).measures
    assert found["accuracy of one"].value == pytest.approx((2 / 3 + 1 / 3 + 1 + 2 / 3) / 4)
    assert found["accuracy of all"].value == pytest.approx(3 / 4)
    assert found["gain in accuracy"].value == pytest.approx(3 / 4 - 2 / 3)
    median = agreement([3, 2, 1, 5], gold, FIVE, resamples=0).metrics["alpha"].value
    assert found["alpha of all"].value == pytest.approx(median)
    # One rating each, three to an item: as many pairs with gold as there are ratings.
    flat = [label for item in repeats for label in item]
    thrice = agreement(flat, [label for label in gold for _ in range(3)], FIVE, resamples=0).metrics["alpha"].value
    assert found["alpha of one"].value == pytest.approx(thrice, abs=0.03)  # alpha's n - 1 knows 4 items, not 12


def test_equally_frequent_names_count_in_part() -> None:
    found = consistency([["yes", "no"], ["yes", "yes"]], YES, gold=["yes", "yes"], resamples=0).measures
    assert found["accuracy of all"].value == pytest.approx(0.75)


def test_accuracy_without_noise_by_hand() -> None:
    # 80 items have 4 of 5 alike, 4 of 10 pairs differ: F = 0.8 * 0.4 = 0.32 = 2 q (1 - q), so a flip has q = 0.2.
    # 20 items are right in all, 55 in 4 of 5, 25 in 1 of 5: A = 0.2 + 0.44 + 0.05 = 0.69, D = (A - q) / (1 - 2 q).
    repeats = [["yes"] * 5] * 20 + [["yes"] * 4 + ["no"]] * 80
    found = consistency(repeats, YES, gold=["yes"] * 75 + ["no"] * 25, resamples=0).measures
    assert found["flip rate"].value == pytest.approx(0.32)
    assert found["accuracy of one"].value == pytest.approx(0.69)
    assert found["accuracy without noise"].value == pytest.approx(0.49 / 0.6)


def test_a_coin_has_no_accuracy_without_noise_and_the_reason_is_given() -> None:
    found = consistency([["yes", "no"]] * 30, YES, gold=["yes"] * 30, resamples=50).measures
    assert found["accuracy without noise"].value is None
    assert "nothing but noise" in found["accuracy without noise"].note


def test_planted_flips_and_settled_accuracy_lie_in_their_intervals() -> None:
    world = BiasedRaters(400, seed=1)
    flips = consistency(world.repeats(5, flip=0.2), NINE, resamples=400).measures["flip rate"]
    assert flips.low is not None and flips.high is not None and flips.low < 0.32 < flips.high
    gold = [NAMES.levels[place] for place in world.kinds]
    settled = consistency(world.repeated_names(5), NAMES, gold=gold, resamples=400).measures
    accuracy = settled["accuracy without noise"]
    assert accuracy.low is not None and accuracy.high is not None and accuracy.low < 0.85 < accuracy.high
    one = settled["accuracy of one"].value
    assert one is not None and one < accuracy.low


def test_a_rater_that_never_flips_shows_nothing() -> None:
    found = consistency(BiasedRaters(50).repeats(4, flip=0), NINE, resamples=50)
    assert found.shown is False and found.measures["flip rate"].value == 0
    assert found.details["ratings for a stable summary"] == 1
    assert found.verdict == "no item was rated differently twice"


def test_how_often_two_medians_of_three_differ() -> None:
    item = [1, 2, 2, 3, 3, 3]
    splits = [
        (np.median([item[i] for i in half]), np.median([item[i] for i in set(range(6)) - set(half)]))
        for half in combinations(range(6), 3)
    ]
    expected = np.mean([a != b for a, b in splits])
    found = consistency([item] * 40, FIVE, resamples=0).details["summaries"]
    assert [row["k"] for row in found] == [1, 3]
    assert found[1]["value"] == pytest.approx(expected, abs=0.06)


def test_how_often_two_most_frequent_names_differ_with_ties_drawn() -> None:
    names = Nominal(["a", "b", "c"])
    item = ["a", "a", "b", "b", "c", "a"]

    def modes(labels: list[str]) -> set[str]:
        return {one for one in labels if labels.count(one) == max(labels.count(other) for other in labels)}

    chances = []
    for order in permutations(range(6)):
        one, other = modes([item[i] for i in order[:3]]), modes([item[i] for i in order[3:]])
        chances.append(1 - len(one & other) / (len(one) * len(other)))
    found = consistency([item] * 40, names, resamples=0).details["summaries"]
    assert found[1]["value"] == pytest.approx(np.mean(chances), abs=0.05)


def test_a_reliable_mean_needs_as_many_ratings_as_spearman_and_brown_say() -> None:
    found = consistency(BiasedRaters(200).repeats(4, flip=0.4), NINE, resamples=0)
    alpha = found.measures["alpha"].value
    needed = found.details["ratings for a reliable mean"]
    assert alpha is not None
    assert needed * alpha / (1 + (needed - 1) * alpha) >= 0.9
    assert needed == 1 or (needed - 1) * alpha / (1 + (needed - 2) * alpha) < 0.9


def test_a_scale_without_levels_has_no_accuracy() -> None:
    rng = np.random.default_rng(0)
    gold = rng.random(40)
    repeats = np.clip(gold[:, None] + rng.normal(0, 0.1, (40, 4)), 0, 1).tolist()
    found = consistency(repeats, Interval(0, 1), gold=gold.tolist(), resamples=50)
    assert "accuracy of one" not in found.measures and found.measures["alpha of all"].value is not None
    assert found.details["summaries"] == [] and (found.measures["flip rate"].value or 0) > 0.9


def test_what_cannot_be_consistent_or_not() -> None:
    found = consistency([[3], [None, 4], []], FIVE, gold=[1, 2, 3])
    assert (found.shown, found.n, found.left_out) == (None, 0, {"fewer than 2 readable ratings": 3})
    assert found.verdict == "no item has two readable ratings"
    with pytest.raises(InputError, match="2 gold for 1 items"):
        consistency([[3, 3]], FIVE, gold=[1, 2])
    with pytest.raises(InputError, match="repeats"):
        consistency([[3, 7]], FIVE)
