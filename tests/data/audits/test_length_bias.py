"""Whether a rater likes long items more than people do, on numbers, names and pairs."""

import numpy as np
import pytest
from scipy.stats import rankdata

from accord.data import Finding, InputError, Interval, Nominal, Ordinal, Pairwise, SetupError, length_bias
from worlds.biased_raters import NAMES, NINE, PAIRS, BiasedRaters

SLOPE, OWN, GAP = "per doubling of length, given gold", "people's own, per doubling", "of rating - gold, per doubling"
NAIVE, RANK = "of ratings without gold, per doubling", "partial rank correlation given gold"
LONGER = "chance of the longer beyond one half, given gold"


def _slope(columns: list[np.ndarray], outcome: np.ndarray) -> float:
    return float(np.linalg.lstsq(np.column_stack(columns), outcome, rcond=None)[0][0])


def _holds(found: Finding, measure: str, planted: float) -> bool:
    one = found.measures[measure]
    return one.low is not None and one.high is not None and one.low < planted < one.high


def _ratios(world: BiasedRaters) -> list[float]:
    return (2**world.doublings).tolist()


def test_slopes_are_those_of_least_squares() -> None:
    world = BiasedRaters(120, liking=0.3)
    ratings, gold = world.ratings(length=0.2), world.gold
    x, y, g = np.log2(world.lengths), np.array(ratings, float), np.array(gold, float)
    found = length_bias(ratings, gold, world.lengths, NINE, resamples=0).measures
    levels = [(g == value).astype(float) for value in np.unique(g)]
    one = np.ones(120)
    assert found[SLOPE].value == pytest.approx(_slope([x, *levels], y))
    assert found[OWN].value == pytest.approx(_slope([x, one], g))
    assert found[NAIVE].value == pytest.approx(_slope([x, one], y))
    assert found[GAP].value == pytest.approx(_slope([x, one], y - g))
    ranks = [rankdata(side) for side in (x, y, g)]
    left = [side - np.column_stack([ranks[2], one]) @ np.linalg.lstsq(np.column_stack([ranks[2], one]), side)[0]
            for side in ranks[:2]]  # fmt: skip
    assert found[RANK].value == pytest.approx(np.corrcoef(*left)[0, 1])


def test_gold_with_many_values_enters_with_its_square() -> None:
    rng = np.random.default_rng(0)
    g, x = rng.random(90), rng.uniform(4, 8, 90)
    y = np.clip(g**2 + 0.02 * x + rng.normal(0, 0.05, 90), 0, 1)
    found = length_bias(y.tolist(), g.tolist(), (2**x).tolist(), Interval(0, 1), resamples=0).measures
    assert found[SLOPE].value == pytest.approx(_slope([x, np.ones(90), g, g**2], y))


def test_a_planted_bias_lies_in_its_interval_and_is_shown() -> None:
    for liking in (0.0, 0.4):
        world = BiasedRaters(400, seed=5, liking=liking)
        found = length_bias(world.ratings(length=0.3), world.gold, world.lengths, NINE, resamples=400)
        assert found.shown is True and _holds(found, SLOPE, 0.3)
        assert found.verdict.startswith("likes long items more than people do: +0.")
    short = length_bias(world.ratings(length=-0.3), world.gold, world.lengths, NINE, resamples=400)
    assert short.shown is True and _holds(short, SLOPE, -0.3) and "likes short items" in short.verdict


def test_a_taste_that_people_share_is_no_bias_however_narrowly_the_rater_uses_the_scale() -> None:
    alarms = naive = 0
    for seed in range(20):
        world = BiasedRaters(150, seed, liking=0.4)
        found = length_bias(world.ratings(narrow=0.6), world.gold, world.lengths, NINE, resamples=150, seed=seed)
        alone = found.measures[NAIVE]
        alarms += found.shown is True
        naive += alone.low is not None and alone.low > 0
    assert alarms <= 3 and naive >= 10  # the naive slope calls most of them biased


def test_noise_in_the_gold_is_not_called_a_bias_and_its_reliability_settles_it() -> None:
    cautions = alarms = settled = 0
    truth = float(BiasedRaters(50_000, liking=0.5).truth.var())
    for seed in range(20):
        world = BiasedRaters(200, seed, liking=0.5, people=0.6)
        ratings = world.ratings()
        found = length_bias(ratings, world.gold, world.lengths, NINE, resamples=150, seed=seed)
        alarms += found.shown is True
        cautions += found.shown is None and "caution" in found.details
        told = length_bias(
            ratings, world.gold, world.lengths, NINE, reliability=truth / (truth + 0.6), resamples=150, seed=seed
        )
        settled += told.shown is True
    assert alarms <= 3 and settled <= 3 and cautions >= 7


def test_a_reliability_of_one_takes_gold_for_the_truth() -> None:
    world = BiasedRaters(100, liking=0.4)
    ratings, x = world.ratings(length=0.2), np.log2(world.lengths)
    found = length_bias(ratings, world.gold, world.lengths, NINE, reliability=1, resamples=0).measures
    g = np.array(world.gold, float)
    assert found[SLOPE].value == pytest.approx(_slope([x, np.ones(100), g], np.array(ratings, float)))


def test_names_are_tested_one_by_one() -> None:
    world = BiasedRaters(600, seed=4)
    found = length_bias(world.named(length=0.15), world.named_gold, world.lengths, NAMES, resamples=500)
    assert found.shown is True and "story +0." in found.verdict
    assert _holds(found, f"share of story {SLOPE}", 0.15 * 0.87)
    shares = [found.measures[f"share of {name} {SLOPE}"].value or 0.0 for name in NAMES.levels]
    assert sum(shares) == pytest.approx(0, abs=1e-9)
    none = length_bias(world.named(), world.named_gold, world.lengths, NAMES, resamples=500)
    assert none.shown is False


def test_pairs_by_hand() -> None:
    # A is longer where the ratio is above 1. People: longer, longer, shorter, shorter, tie; equally long is left out.
    gold = ["A", "B", "B", "A", "tie", "A"]
    ratios = [2, 0.5, 3, 0.25, 4, 1]
    rated = ["A", "tie", "A", "A", "A", "A"]
    # The rater takes the longer in: 1, 1/2; 1, 0; 1.
    found = length_bias(rated, gold, ratios, Pairwise(), resamples=0)
    assert found.measures["the longer is preferred where people prefer it"].value == pytest.approx(0.75)
    assert found.measures["the longer is preferred where people prefer the shorter"].value == pytest.approx(0.5)
    assert found.measures["the longer is preferred where people tie"].value == 1
    assert found.measures[LONGER].value == pytest.approx((0.75 + 0.5) / 2 - 0.5)
    assert (found.n, found.left_out) == (5, {"both equally long": 1})
    # Exchanging all pairs changes nothing.
    turn = {"A": "B", "B": "A", "tie": "tie"}
    turned = length_bias(
        [turn[one] for one in rated], [turn[one] for one in gold], [1 / one for one in ratios], Pairwise(), resamples=0
    )
    assert turned.measures == found.measures


def test_a_planted_taste_for_the_longer_of_two() -> None:
    world = BiasedRaters(400, seed=6)
    found = length_bias(world.pairs(length=0.3), world.pairs_gold, _ratios(world), PAIRS, resamples=400)
    assert found.shown is True and _holds(found, LONGER, 0.15)
    liked = BiasedRaters(400, seed=6, liking=0.2)
    none = length_bias(liked.pairs(), liked.pairs_gold, _ratios(liked), PAIRS, resamples=400)
    assert none.shown is False
    # The naive difference says that a rater that errs likes length less than people do.
    gap = none.measures["the rater prefers the longer, less people"]
    assert gap.high is not None and gap.high < 0


def test_a_rater_that_always_takes_the_longer_or_the_first() -> None:
    world = BiasedRaters(200)
    longer = ["A" if one > 1 else "B" for one in _ratios(world)]
    found = length_bias(longer, world.pairs_gold, _ratios(world), PAIRS, resamples=200)
    assert found.measures[LONGER].value == 0.5 and found.shown is True
    first = length_bias(["A"] * 200, world.pairs_gold, _ratios(world), PAIRS, resamples=200)
    assert first.shown is None and "a taste for a place" in first.verdict


def test_unreadable_ratings_and_empty_items_are_counted() -> None:
    found = length_bias([1, None, 3, 2], [1, 2, 3, 3], [10, 20, 0, 5], Ordinal(1, 3), resamples=0)
    assert (found.n, found.left_out) == (2, {"unparsed rating": 1, "length of 0": 1})


def test_where_nothing_can_go_with_length() -> None:
    two = Nominal(["a", "b"])
    cases = {
        "equally long": length_bias([1, 2, 3], [1, 2, 3], [7, 7, 7], Ordinal(1, 3)),
        "gave one label throughout": length_bias([2, 2, 2], [1, 2, 3], [7, 8, 9], Ordinal(1, 3)),
        "one label throughout": length_bias(["a"] * 3, ["a", "b", "a"], [7, 8, 9], two),
        "no item": length_bias([None], [1], [3], Ordinal(1, 3)),
        "no pair of unlike length": length_bias(["A"], ["B"], [1], Pairwise()),
    }
    for said, found in cases.items():
        assert found.shown is None and said in found.verdict, said
    each_its_own = length_bias([1, 3], [1, 3], [5, 9], Ordinal(1, 3))
    assert each_its_own.shown is None and "does not vary among items of one gold level" in each_its_own.verdict


def test_lengths_that_are_none() -> None:
    for length, said in ((-1, "a length is -1"), (float("nan"), "a length is nan"), ("long", "'long' is no length")):
        with pytest.raises(InputError, match=said):
            length_bias([1], [1], [length], Ordinal(1, 3))  # type: ignore[list-item]
    with pytest.raises(InputError, match="1 lengths for 2"):
        length_bias([1, 2], [1, 2], [5], Ordinal(1, 3))
    with pytest.raises(InputError, match="reliability is 0"):
        length_bias([1, 2], [1, 2], [5, 6], Ordinal(1, 3), reliability=0)
    with pytest.raises(SetupError, match="no variance"):
        length_bias(["A"], ["A"], [5], Pairwise(), reliability=0.9)
