"""Whether a rater rates higher than people, apart from what noise does; and how often it uses each level."""

import numpy as np
import pytest
from scipy.stats import binomtest, entropy, wasserstein_distance

from accord.data import Estimate, Interval, Nominal, Ordinal, leniency, level_usage
from worlds.biased_raters import NAMES, NINE, BiasedRaters

FIVE = Ordinal(1, 5)
SHIFT, MIDDLE, SLOPE = "shift", "shift at the middle of the scale", "slope of rating on gold"
SPREAD, DISTANCE = "spread of ratings over that of gold", "distance"


def _skewed(seed: int, items: int) -> tuple[list[int], list[int]]:
    """A rater that guesses in three of ten items, of which nine in ten are a 9."""
    rng = np.random.default_rng([seed, 9])
    gold = np.where(rng.random(items) < 0.9, 9, rng.integers(1, 9, items))
    return np.where(rng.random(items) < 0.3, rng.integers(1, 10, items), gold).tolist(), gold.tolist()


def _holds(one: Estimate, planted: float) -> bool:
    return one.low is not None and one.high is not None and one.low < planted < one.high


def test_shift_slope_and_spread_by_hand() -> None:
    # rating - gold: 1, 1, 0, 0, -1, 0; by level: 1, (1 + 0) / 2, 0, -1 / 2.
    gold, rated = [1, 2, 2, 3, 5, 5], [2, 3, 2, 3, 4, 5]
    found = leniency(rated, gold, FIVE, resamples=0)
    assert found.measures[SHIFT].value == pytest.approx(1 / 6)
    slope, start = np.polyfit(gold, rated, 1)
    assert found.measures[SLOPE].value == pytest.approx(slope)
    assert found.measures[MIDDLE].value == pytest.approx(start + slope * 3 - 3)
    assert found.measures[SPREAD].value == pytest.approx(np.std(rated) / np.std(gold))
    levels = {row["gold"]: (row["n"], row["value"]) for row in found.details["shift by gold level"]}
    assert levels == {"1": (1, 1.0), "2": (2, 0.5), "3": (1, 0.0), "5": (2, -0.5)}


def test_a_planted_leniency_lies_in_its_interval_and_is_shown() -> None:
    world = BiasedRaters(400, seed=1)
    for planted in (0.4, -0.4):
        found = leniency(world.ratings(lenient=planted), world.gold, NINE, resamples=400)
        assert found.shown is True and _holds(found.measures[SHIFT], planted)
        assert ("higher" if planted > 0 else "lower") in found.verdict


def test_regression_to_the_mean_is_a_slope_and_no_leniency() -> None:
    alarms = 0
    for seed in range(40):
        world = BiasedRaters(150, seed)
        found = leniency(world.ratings(narrow=0.4), world.gold, NINE, resamples=200, seed=seed)
        alarms += found.shown is True
        by_level = {row["gold"]: row["value"] for row in found.details["shift by gold level"]}
        assert by_level["4"] > 0 > by_level["6"]
    assert alarms <= 5
    wide = leniency(BiasedRaters(400).ratings(narrow=0.4), BiasedRaters(400).gold, NINE, resamples=400)
    assert _holds(wide.measures[SLOPE], 0.4)


def test_errors_that_can_only_go_down_are_no_severity() -> None:
    alarms = naive = 0
    for seed in range(20):
        found = leniency(*_skewed(seed, 600), NINE, resamples=200, seed=seed)
        shift = found.measures[SHIFT]
        alarms += found.shown is True
        naive += shift.high is not None and shift.high < 0
    assert naive == 20 and alarms <= 3
    few = leniency(*_skewed(0, 150), NINE, resamples=200)
    assert few.shown is None and "other gold labels" in few.verdict


def test_names_are_tested_as_mcnemar_does() -> None:
    gold = ["a"] * 12 + ["b"] * 8
    rated = ["a"] * 12 + ["a"] * 7 + ["b"]
    found = leniency(rated, gold, Nominal(["a", "b"]), resamples=400)
    exact = binomtest(7, 7, 0.5).pvalue
    assert found.details["tests"]["a"]["p"] == pytest.approx(exact) == found.details["tests"]["b"]["p"]
    assert found.details["tests"]["a"]["adjusted"] == pytest.approx(2 * exact)
    assert found.shown is True and found.measures["share of a, rater less people"].value == pytest.approx(7 / 20)


def test_a_name_that_is_given_too_often() -> None:
    world = BiasedRaters(500, seed=2)
    found = leniency(world.named(favours=0.12), world.named_gold, NAMES, resamples=500)
    assert found.shown is True and "story +" in found.verdict
    assert _holds(found.measures["share of story, rater less people"], 0.12 * 0.87)
    assert leniency(world.named(), world.named_gold, NAMES, resamples=500).shown is False


def test_groups_change_signs_together() -> None:
    gold, rated = ["a", "b"] * 10 + ["b"], ["a", "a"] * 10 + ["b"]
    alone = leniency(rated, gold, Nominal(["a", "b"]), resamples=2000)
    one_group = leniency(rated, gold, Nominal(["a", "b"]), groups=["x"] * 21, resamples=2000)
    assert alone.details["tests"]["a"]["p"] == pytest.approx(2 / 2**10)
    assert one_group.details["tests"]["a"]["p"] == 1 and one_group.shown is False


def test_leniency_that_cannot_be_told() -> None:
    assert leniency([None], [1], FIVE).verdict == "no item to compare"
    for found, said in (
        (leniency([4] * 30, [1, 2, 3, 4, 5] * 6, FIVE), "one level throughout"),
        (leniency([4, 5, 3] * 10, [4] * 30, FIVE), "noise alone"),
        (leniency([4], [3], FIVE), "one level throughout"),
        (leniency(["a"] * 9, ["a", "b", "a"] * 3, Nominal(["a", "b"])), "one name throughout"),
    ):
        assert found.shown is None and said in found.verdict, said
    without = leniency([1, 2, 4, 5], [1, 2, 3, 4], FIVE, resamples=0)
    assert without.shown is None and without.measures[SHIFT].value == pytest.approx(0.5)


def test_distances_and_entropies_are_those_of_scipy() -> None:
    rng = np.random.default_rng(0)
    gold, rated = rng.integers(1, 6, 60), rng.integers(2, 5, 60)
    found = level_usage(rated.tolist(), gold.tolist(), FIVE, resamples=0).measures
    assert found[DISTANCE].value == pytest.approx(wasserstein_distance(rated, gold))
    spreads = [entropy(np.bincount(side, minlength=6) / 60) for side in (rated, gold)]
    assert found["entropy, over people's"].value == pytest.approx(spreads[0] / spreads[1])
    assert found["levels used, over people's"].value == pytest.approx(np.exp(spreads[0] - spreads[1]))
    names = Nominal([str(one) for one in range(1, 6)])
    total = level_usage([str(one) for one in rated], [str(one) for one in gold], names, resamples=0).measures
    shares = [np.bincount(side, minlength=6) / 60 for side in (rated, gold)]
    assert total[DISTANCE].value == pytest.approx(np.abs(shares[0] - shares[1]).sum() / 2)


def test_a_planted_collapse_is_found() -> None:
    world = BiasedRaters(300, seed=1)
    found = level_usage(world.ratings(collapse=0.8, noise=0), world.gold, NINE, resamples=400)
    assert found.shown is True and found.details["collapsed"] is True and "has collapsed" in found.verdict
    assert _holds(found.measures["share of the rater's most frequent level"], 0.8 + 0.2 / 3)


def test_a_constant_rater_has_collapsed() -> None:
    found = level_usage([3] * 40, [1, 2, 3, 4] * 10, FIVE, resamples=200)
    assert found.shown is True and found.details["collapsed"] is True
    assert found.details["never used by the rater"] == ["1", "2", "4"]
    assert found.measures["levels used, over people's"].value == pytest.approx(1 / 4)
    assert level_usage([3] * 9, [3] * 9, FIVE, resamples=99).details["collapsed"] is False


def test_one_level_on_a_few_items_is_no_proof_of_a_collapse() -> None:
    found = level_usage([2] * 3, [1, 2, 3], FIVE, resamples=99)
    assert found.shown is False and found.details["collapsed"] is True
    assert (
        found.verdict.startswith("not shown to use levels otherwise than people")
        and "never gives 1, 3" in found.verdict
    )


def test_raters_that_use_levels_as_people_do_are_seldom_accused() -> None:
    alarms = 0
    for seed in range(60):
        world = BiasedRaters(80, seed, people=0.5)
        found = level_usage(world.ratings(), world.gold, NINE, resamples=200, seed=seed)
        distance = found.measures[DISTANCE]
        assert distance.low is not None and distance.low > 0  # an interval of a distance never holds 0
        alarms += found.shown is True
    assert alarms <= 8


def test_a_scale_without_levels_is_cut_into_ten_parts() -> None:
    gold = [place / 100 for place in range(101)]
    rated = [min(one, 0.5) for one in gold]
    found = level_usage(rated, gold, Interval(0, 1), resamples=200)
    assert found.shown is True
    assert found.details["never used by the rater"] == ["0.6 to 0.7", "0.7 to 0.8", "0.8 to 0.9", "0.9 to 1"]
