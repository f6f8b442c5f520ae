"""Agreement in parts of the data, tested given gold."""

import numpy as np
import pytest

from accord.data import InputError, Nominal, Ordinal, agreement, agreement_by
from worlds.biased_raters import NAMES, NINE, PARTS, BiasedRaters

FIVE = Ordinal(1, 5)


def test_the_figures_are_those_of_agreement_on_each_part() -> None:
    world = BiasedRaters(120)
    ratings, gold = world.ratings(), world.gold
    found = agreement_by(ratings, gold, world.parts, NINE, resamples=0)
    for name in PARTS:
        own = [place for place, part in enumerate(world.parts) if part == name]
        rest = [place for place, part in enumerate(world.parts) if part != name]
        one, others = (
            agreement([ratings[place] for place in side], [gold[place] for place in side], NINE, resamples=0).metrics
            for side in (own, rest)
        )
        for metric in ("alpha", "accuracy", "bias"):
            assert found.measures[f"{metric} in {name}"].value == pytest.approx(one[metric].value)
        expected = (one["alpha"].value or 0.0) - (others["alpha"].value or 0.0)
        assert found.measures[f"alpha in {name} less the others"].value == pytest.approx(expected)
        assert found.details["items by part"][name] == len(own)


def test_a_part_that_is_rated_higher_is_named() -> None:
    world = BiasedRaters(400, seed=1)
    found = agreement_by(world.ratings(parts={"fr": 0.7}), world.gold, world.parts, NINE, resamples=400)
    assert found.shown is True and "bias given gold: " in found.verdict and "fr +" in found.verdict
    bias = found.measures["bias in fr"]
    assert bias.low is not None and bias.high is not None and bias.low < 0.7 < bias.high
    assert found.details["tests"]["fr"]["bias"]["adjusted"] < 0.05


def test_a_part_with_more_errors_is_named_on_names_too() -> None:
    world = BiasedRaters(400, seed=2)
    worse = world.named(wrong=0.8, draw=1)
    ratings = [bad if part == "it" else good for good, bad, part in zip(world.named(), worse, world.parts, strict=True)]
    found = agreement_by(ratings, world.named_gold, world.parts, NAMES, resamples=400)
    assert found.shown is True and "error given gold: " in found.verdict and "it +" in found.verdict
    assert list(found.details["together"]) == ["error"] and "bias in it" not in found.measures


def test_parts_that_differ_in_their_gold_alone_are_not_accused() -> None:
    alarms = lower = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        part = rng.random(200) < 0.5
        gold = np.where(part, rng.integers(3, 5, 200), rng.integers(1, 6, 200))
        rated = np.clip(gold + rng.integers(-1, 2, 200), 1, 5)
        by = ["narrow" if one else "wide" for one in part]
        found = agreement_by(rated.tolist(), gold.tolist(), by, FIVE, resamples=200, seed=seed)
        alarms += found.shown is True
        change = found.measures["alpha in narrow less the others"]
        lower += change.high is not None and change.high < 0
    assert alarms <= 4 and lower >= 20  # alpha is lower with two levels than with five, for the same errors


def test_groups_that_differ_do_not_make_parts_differ() -> None:
    alarms = careless = 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        group = np.repeat(np.arange(20), 10)
        by = [PARTS[place % 4] for place in group]
        gold = rng.integers(3, 8, 200)
        rated = np.clip(gold + rng.integers(-1, 2, 20)[group], 1, 9)
        given = (rated.tolist(), gold.tolist(), by, NINE)
        names = [f"author {place}" for place in group]
        alarms += agreement_by(*given, groups=names, resamples=150, seed=seed).shown is True
        careless += agreement_by(*given, resamples=150, seed=seed).shown is True
    assert alarms <= 3 and careless >= 14


def test_groups_that_lie_across_parts_are_shuffled_within() -> None:
    world = BiasedRaters(400, seed=3)
    groups = [f"thread {place // 8}" for place in range(400)]
    found = agreement_by(world.ratings(parts={"en": 0.8}), world.gold, world.parts, NINE, groups=groups, resamples=300)
    assert found.shown is True and "en +" in found.verdict


def test_parts_with_too_few_items_are_named_and_counted() -> None:
    world = BiasedRaters(60)
    by: list[str | None] = ["a"] * 30 + ["b"] * 20 + ["c"] * 6 + [None] * 4
    ratings = [None, *world.ratings()[1:]]
    found = agreement_by(ratings, world.gold, by, NINE, resamples=100)
    assert found.details["too few items"] == {"c": 6}
    assert found.details["items by part"] == {"a": 29, "b": 20}
    assert found.left_out == {"unparsed rating": 1, "no part": 4, "in a part of fewer than 10 items": 6}
    assert found.n == 49


def test_where_there_is_nothing_to_compare() -> None:
    one = agreement_by([3] * 20, [3] * 20, ["a"] * 20, FIVE)
    assert one.shown is None and "fewer than two parts" in one.verdict
    nobody = agreement_by([3, 4], [3, 4], [None, None], FIVE)
    assert nobody.shown is None and nobody.n == 0
    constant = agreement_by([3] * 40, [1, 2, 3, 4] * 10, ["a", "b"] * 20, FIVE, resamples=50)
    assert constant.shown is None and "one label throughout" in constant.verdict
    right = agreement_by(["x", "y"] * 20, ["x", "y"] * 20, ["a"] * 20 + ["b"] * 20, Nominal(["x", "y"]), resamples=50)
    assert right.shown is False and right.measures["accuracy in a"].value == 1
    with pytest.raises(InputError, match="1 by for 2 gold labels"):
        agreement_by([3, 4], [3, 4], ["a"], FIVE)


def test_a_kind_of_error_that_nothing_can_move_is_not_spoken_of() -> None:
    found = agreement_by([4] * 20 + [2] * 20, [3] * 40, ["x"] * 20 + ["y"] * 20, FIVE, resamples=99)
    assert found.shown is True and found.details["together"]["error"]["p"] is None
    assert found.verdict == "parts are rated differently; bias given gold: x +0.97, y -0.97"
