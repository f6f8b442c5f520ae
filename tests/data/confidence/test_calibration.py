"""Calibration: planted miscalibration is found, a rater that means what it says is left in peace."""

import json
from typing import Any

import numpy as np
import pytest

from accord.data import InputError, Interval, Nominal, Ordinal, SetupError, calibration
from worlds.sure_raters import FIVE, Sure, boastful, honest, modest

ECE = "calibration error (ECE)"


def _found(world: Sure, **options: Any) -> Any:
    return calibration(
        world.confidences, world.ratings, world.gold, FIVE, groups=world.groups, **{"resamples": 300, **options}
    )


def test_an_over_confident_rater_is_shown_with_the_size_of_its_error() -> None:
    found = _found(Sure.of(600, 1, boastful))
    error, gap = found.measures[ECE], found.measures["confidence minus accuracy"]
    assert found.shown and found.verdict.startswith("over-confident")
    assert error.low < 0.15 < error.high and gap.low < 0.15 < gap.high
    assert found.details["p"] < 0.01 and found.details["plain_ece"] > found.details["chance"]


def test_an_under_confident_rater_is_called_so() -> None:
    found = _found(Sure.of(600, 2, modest))
    assert found.shown and found.verdict.startswith("under-confident")
    assert found.measures["confidence minus accuracy"].high < 0


def test_a_rater_too_sure_in_places_and_not_sure_enough_in_others_is_shown_though_its_mean_is_right() -> None:
    world = Sure.of(2000, 3, lambda said: np.where(said > 0.75, said - 0.15, said + 0.25))
    found = _found(world)
    assert found.shown and "in others" in found.verdict


def test_a_calibrated_rater_is_hardly_ever_shown_and_its_error_interval_reaches_zero() -> None:
    found = [_found(Sure.of(150, seed), resamples=200) for seed in range(100)]
    assert sum(bool(one.shown) for one in found) <= 11  # at most 5 % are expected; 12 or more have a chance of 0.4 %
    assert sum(one.measures[ECE].low == 0 for one in found) >= 90
    # The plain figure never comes near 0, the one given does.
    assert np.mean([one.details["plain_ece"] for one in found]) > 2 * np.mean(
        [one.measures[ECE].value for one in found]
    )


def test_the_interval_of_the_error_holds_the_true_error() -> None:
    held = 0
    for seed in range(60):
        error = _found(Sure.of(200, seed, boastful), resamples=200).measures[ECE]
        held += error.low <= 0.15 <= error.high
    assert held >= 51  # 57 are expected at 95 %


def test_groups_that_err_together_do_not_make_a_calibrated_rater_look_miscalibrated() -> None:
    worlds = [Sure.of(300, seed, grouped=True) for seed in range(60)]
    apart = sum(bool(calibration(one.confidences, one.ratings, one.gold, FIVE, resamples=200).shown) for one in worlds)
    together = sum(bool(_found(one, resamples=200).shown) for one in worlds)
    assert together <= 8 < apart
    assert _found(Sure.of(600, 1, boastful, grouped=True)).shown


def test_worked_by_hand() -> None:
    # Two bins: 0.6 sure, 1 of 2 right; 0.9 sure, 2 of 2 right. |0.5 - 0.6| / 2 + |1 - 0.9| / 2 = 0.1.
    found = calibration([0.6, 0.6, 0.9, 0.9], ["x", "y", "x", "x"], ["x"] * 4, Nominal(["x", "y"]), bins=2)
    assert found.details["plain_ece"] == pytest.approx(0.1)
    assert found.measures["confidence minus accuracy"].value == pytest.approx(0.0, abs=1e-12)
    # (0.4^2 + 0.6^2 + 0.1^2 + 0.1^2) / 4 = 0.135
    assert found.measures["Brier score"].value == pytest.approx(0.135)
    assert [row["right"] for row in found.details["curve"]] == [0.5, 1.0]
    assert [(row["from"], row["to"], row["n"]) for row in found.details["curve"]] == [(0.6, 0.6, 2), (0.9, 0.9, 2)]


def test_the_parts_make_up_the_brier_score_and_say_what_they_should() -> None:
    sharp, flat = _found(Sure.of(3000, 4)), _found(Sure.of(3000, 4, lambda said: np.full(said.shape, 0.7)))
    for found in (sharp, flat):
        part = found.details["brier"]
        made = part["reliability"] - part["resolution"] + part["uncertainty"] + part["within bins"]
        assert made == pytest.approx(found.measures["Brier score"].value)
    assert abs(sharp.details["brier"]["reliability"]) < 0.002 and sharp.details["brier"]["resolution"] > 0.01
    assert abs(flat.details["brier"]["resolution"]) < 0.002 and flat.details["brier"]["reliability"] > 0.01


def test_bins_hold_equally_many_items_and_tied_confidences_share_one() -> None:
    rows = _found(Sure.of(500, 5), bins=10).details["curve"]
    assert [row["n"] for row in rows] == [50] * 10
    assert all(row["low"] <= row["right"] <= row["high"] for row in rows)
    shares = [round(said * 8) / 8 for said in Sure.of(500, 5).confidences]
    world = Sure.of(500, 5)
    tied = calibration(shares, world.ratings, world.gold, FIVE, resamples=0).details["curve"]
    assert all(one["to"] < other["from"] for one, other in zip(tied, tied[1:], strict=False))


def test_within_a_step_counts_as_right_where_asked() -> None:
    world = Sure.of(200, 6)
    found = calibration(world.confidences, world.ratings, world.gold, FIVE, within=1, resamples=0)
    assert found.details["curve"][0]["right"] == 1.0 and found.details["within"] == 1.0
    loose = calibration([0.5, 0.5], [0.1, 0.9], [0.15, 0.5], Interval(0, 1), within=0.1, resamples=0)
    assert loose.details["curve"][0]["right"] == 0.5


def test_the_answer_is_json_and_does_not_depend_on_the_order_of_the_items() -> None:
    world = Sure.of(120, 7, boastful)
    found = _found(world)
    order = np.random.default_rng(0).permutation(120).tolist()
    turned = calibration(
        [world.confidences[place] for place in order],
        [world.ratings[place] for place in order],
        [world.gold[place] for place in order],
        FIVE,
        resamples=300,
    )
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["shown"]
    assert turned.measures == found.measures and turned.details["p"] == found.details["p"]


def test_certainty_that_fails_once_is_refuted_and_certainty_that_holds_is_not() -> None:
    once: Any = calibration([1.0] * 30, [1] * 30, [2] + [1] * 29, FIVE, resamples=200)
    assert once.shown and once.measures[ECE].value > 0
    never = calibration([1.0] * 30, [1] * 30, [1] * 30, FIVE, resamples=200)
    assert never.shown is False and never.measures[ECE].value == 0


def test_what_makes_no_sense_is_refused() -> None:
    for within, scale, labels in ((1, Nominal(["a", "b"]), "ab"), (0, Interval(0, 1), [0.1, 0.2])):
        with pytest.raises(SetupError, match="within"):
            calibration([0.5, 0.5], list(labels), list(labels), scale, within=within)
    with pytest.raises(SetupError, match="within"):
        calibration([0.5], [1], [1], Ordinal(1, 5), within=-1)
    with pytest.raises(InputError, match="bins"):
        calibration([0.5], [1], [1], FIVE, bins=0)


def test_without_resamples_nothing_is_claimed() -> None:
    found = _found(Sure.of(50, 8, honest), resamples=0)
    assert found.shown is None and found.details["p"] is None and found.measures[ECE].low is None
