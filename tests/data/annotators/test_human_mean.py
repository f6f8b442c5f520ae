"""The human mean: unbiased however bad the rater, shorter intervals where it is good, never longer ones."""

import json
from typing import Any

import numpy as np
import pytest

from accord.data import InputError, Interval, Nominal, human_mean
from worlds.sure_raters import FIVE, HUMAN_MEAN, Population

LETTERS = Nominal(["a", "b", "c"])
REALISED, LIMIT = "label multiplier, realised", "label multiplier, limit"


def _found(world: Population, **options: Any) -> Any:
    options = {"groups": world.groups, "unlabelled_groups": world.other_groups, "resamples": 0, **options}
    return human_mean(world.ratings, world.gold, world.others, FIVE, **options)


def _width(found: Any, name: str) -> float:
    return found.measures[name].high - found.measures[name].low


@pytest.mark.parametrize(("right", "shift"), [(0.9, 0), (0.5, 1), (0.0, 0)])
def test_the_interval_holds_the_mean_and_is_never_wider_than_that_of_labels_alone(right, shift) -> None:
    held, ratios = 0, []
    for seed in range(200):
        found = _found(Population.of(40, 1000, seed, right=right, shift=shift))
        mean = found.measures["human mean"]
        held += mean.low <= HUMAN_MEAN <= mean.high
        ratios.append(_width(found, "human mean") / _width(found, "human mean from labels alone"))
    assert held >= 180  # 190 are expected
    assert max(ratios) <= 1.0
    assert np.mean(ratios) < (0.8 if right == 0.9 else 1.01)


def test_the_multiplier_is_what_the_correlation_allows() -> None:
    found = _found(Population.of(2000, 40_000, 1), resamples=100)
    rho = found.measures["correlation with human labels"].value
    limit, realised = found.measures[LIMIT], found.measures[REALISED].value
    assert found.shown and limit.low < limit.value < limit.high
    assert limit.value == pytest.approx(1 / (1 - rho**2))
    # With n labels among n + N items the gain is 1 / (1 - rho^2 N / (n + N)), short of the limit.
    assert realised == pytest.approx(1 / (1 - rho**2 * 40 / 42), rel=0.02) and realised < limit.value


def test_a_rater_that_knows_nothing_is_not_trusted() -> None:
    found = [_found(Population.of(100, 1000, seed, right=0.0), resamples=100) for seed in range(40)]
    assert sum(bool(one.shown) for one in found) <= 4  # 1 is expected
    assert np.mean([one.details["trust"]["human mean"] for one in found]) < 0.1


def test_groups_that_are_alike_make_the_interval_wider() -> None:
    held = 0
    for seed in range(150):
        mean = _found(Population.of(120, 2000, seed, right=0.3, grouped=True)).measures["human mean"]
        held += mean.low <= HUMAN_MEAN <= mean.high
    assert held >= 135
    world = Population.of(120, 2000, 0, right=0.3, grouped=True)
    apart = human_mean(world.ratings, world.gold, world.others, FIVE, resamples=0)
    assert _width(_found(world), "human mean") > 1.3 * _width(apart, "human mean")


def test_a_group_on_both_sides_is_one_group() -> None:
    world = Population.of(40, 200, 3)
    apart = human_mean(
        world.ratings, world.gold, world.others, FIVE, groups=["g"] * 40, unlabelled_groups=["g"] * 200, resamples=0
    )
    assert apart.measures["human mean"].low is None and "only 1 independent" in apart.measures["human mean"].note


def test_worked_by_hand() -> None:
    # Ratings equal gold on 1, 3, 1, 3: u = -1/4, 1/4, -1/4, 1/4 and the same in v; the others' 1, 1, 3 are 5/3 on
    # average, v = 2/9, 2/9, -4/9. trust = (1/4) / (1/4 + 8/27) = 27/59; the mean moves by trust (5/3 - 2).
    found = human_mean([1, 3, 1, 3], [1, 3, 1, 3], [1, 1, 3], Interval(1, 3), resamples=0, level=0.5)
    trust = found.details["trust"]["human mean"]
    alone, error = (
        found.details[name]["human mean"] for name in ("standard error from labels alone", "standard error")
    )
    # Labels alone: sum u^2 = 1/4, times 4/3 for the one mean fitted. With trust: (1/4) (1 - trust), times 4/2.
    assert alone == pytest.approx((1 / 3) ** 0.5)
    assert trust == pytest.approx(27 / 59) and error == pytest.approx((0.5 * (1 - 27 / 59)) ** 0.5)
    assert found.measures["human mean"].value == pytest.approx(2 - trust / 3)


def test_on_names_it_gives_the_share_of_each() -> None:
    rng = np.random.default_rng(2)
    truth = rng.choice(list("abc"), 3000, p=[0.6, 0.3, 0.1])
    rated = np.where(rng.random(3000) < 0.85, truth, "a").tolist()
    found = human_mean(rated[:300], truth[:300].tolist(), rated[300:], LETTERS, resamples=50)
    for name, share in (("a", 0.6), ("b", 0.3), ("c", 0.1)):
        estimate: Any = found.measures[f"share of {name}"]
        assert estimate.low < share < estimate.high
        assert _width(found, f"share of {name}") < _width(found, f"share of {name} from labels alone")
    json.dumps(found.to_dict(), allow_nan=False)


def test_unreadable_ratings_bias_nothing() -> None:
    means = []
    for seed in range(60):
        world = Population.of(200, 3000, seed)
        # The rater is silent on what it rates highest: leaving these items out would lower the mean.
        silent = [[None if label == 5 else label for label in given] for given in (world.ratings, world.others)]
        found = human_mean(silent[0], world.gold, silent[1], FIVE, resamples=0)
        means.append(found.measures["human mean"].value)
        assert found.details["unreadable"]["labelled"] == silent[0].count(None) > 0
    assert np.mean(means) == pytest.approx(HUMAN_MEAN, abs=0.05)


def test_thin_data_has_an_answer() -> None:
    one = human_mean([3], [4], [1, 2], FIVE, resamples=20)
    assert one.measures["human mean"].value is not None and one.measures["human mean"].low is None
    none = human_mean([], [], [1, 2], FIVE, resamples=20)
    assert none.measures["human mean"].value is None and none.shown is None
    alone = human_mean([1, 2, 3, 4] * 5, [1, 2, 3, 3] * 5, [], FIVE, resamples=20)
    assert alone.measures["human mean"].to_dict() == alone.measures["human mean from labels alone"].to_dict()
    flat = human_mean([3] * 20, [3] * 20, [3] * 50, FIVE, resamples=20)
    assert flat.measures["human mean"].value == 3 and flat.measures["human mean"].low is None and flat.shown is None
    for found in (one, none, alone, flat):
        json.dumps(found.to_dict(), allow_nan=False)


def test_lists_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="2 ratings for 1 gold"):
        human_mean([1, 2], [1], [1], FIVE)
    with pytest.raises(InputError, match="groups"):
        human_mean([1], [1], [1, 2], FIVE, unlabelled_groups=["g"])
    with pytest.raises(InputError, match="gold"):
        human_mean([1], [9], [1], FIVE)
