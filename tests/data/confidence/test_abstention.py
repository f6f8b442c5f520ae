"""Abstention: a planted threshold is found, the promise is kept on new items, and what cannot be reached is said."""

import json
from typing import Any

import numpy as np
import pytest

from accord.data import InputError, Interval, Nominal, SetupError, check_abstention, fit_abstention
from worlds.sure_raters import FIVE, Sure, confidence_drawn


def _stepwise(said: Any) -> Any:
    """Be right in 97 % of cases above 0.8, in 55 % below."""
    return np.where(said > 0.8, 0.97, 0.55)


def _fit(world: Sure, **options: Any) -> Any:
    return fit_abstention(world.confidences, world.ratings, world.gold, FIVE, groups=world.groups, **options)


def test_the_planted_threshold_is_found_and_keeps_its_promise_on_test() -> None:
    fitted = _fit(Sure.of(800, 0, _stepwise), wanted=0.9)
    assert fitted.chosen is not None and 0.70 < fitted.chosen.confidence < 0.83
    assert fitted.chosen.low >= 0.9 and fitted.finding.shown
    test = Sure.of(2000, 1, _stepwise)
    found: Any = check_abstention(fitted, test.confidences, test.ratings, test.gold, FIVE, resamples=200)
    measures = found.measures
    assert found.shown and measures["accuracy of kept labels"].value > 0.9
    assert measures["accuracy of held back labels"].value < 0.65
    assert measures["coverage"].value == pytest.approx(found.details["kept"] / 2000)
    assert found.details["kept"] + found.details["held back"] == 2000
    assert sum(fitted.keeps(test.confidences)) == found.details["kept"]


def test_the_promise_is_broken_in_no_more_than_five_per_cent_of_fits() -> None:
    drawn = np.sort(confidence_drawn(np.random.default_rng(9), 100_000))
    broken = 0
    for seed in range(60):
        # Just below what is wanted everywhere: any threshold that is taken is wrong.
        fitted = _fit(Sure.of(200, seed, lambda said: np.full(said.shape, 0.849)), wanted=0.85)
        broken += fitted.chosen is not None
        honest = _fit(Sure.of(200, seed), wanted=0.85).chosen
        broken += honest is not None and drawn[drawn >= honest.confidence].mean() < 0.85
    assert broken <= 9  # of 60 fits of the first kind at most 3 are expected, of the second hardly any


def test_what_cannot_be_reached_is_a_defined_answer() -> None:
    fitted = _fit(Sure.of(300, 2, lambda said: np.full(said.shape, 0.6)), wanted=0.95)
    assert fitted.chosen is None and "no threshold proves" in fitted.note and fitted.finding.shown is False
    assert fitted.finding.verdict.startswith("cannot be reached")
    test = Sure.of(50, 3)
    assert not any(fitted.keeps(test.confidences))
    found: Any = check_abstention(fitted, test.confidences, test.ratings, test.gold, FIVE, resamples=50)
    assert found.shown is None and found.details["kept"] == 0 and "no threshold proves" in found.verdict
    assert found.measures["coverage"].value == 0


def test_ten_items_without_an_error_prove_nothing_high_and_say_how_many_would() -> None:
    fitted = fit_abstention([0.9] * 10, [1, 2] * 5, [1, 2] * 5, FIVE, wanted=0.9)
    # 0.9^29 is the first power below 5 %.
    assert fitted.chosen is None and "10 items are too few: it takes 29" in fitted.note
    assert fitted.finding.shown is None
    assert fit_abstention([0.9] * 29, [1] * 29, [1] * 29, FIVE, wanted=0.9).chosen is not None


def test_groups_that_err_together_count_as_few() -> None:
    world = Sure.of(200, 4, lambda said: np.full(said.shape, 0.97), grouped=True)
    alone = fit_abstention(world.confidences, world.ratings, world.gold, FIVE, wanted=0.9)
    assert alone.chosen is not None
    together = _fit(world, wanted=0.9)
    assert together.chosen is None or together.chosen.kept < alone.chosen.kept


def test_tied_confidences_are_kept_or_held_back_together() -> None:
    rng = np.random.default_rng(5)
    said = rng.choice([0.5, 0.75, 1.0], 400)
    gold = rng.integers(1, 5, 400)
    ratings = np.where(rng.random(400) < np.where(said == 1, 0.99, 0.5), gold, gold + 1)
    fitted: Any = fit_abstention(said.tolist(), ratings.tolist(), gold.tolist(), FIVE, wanted=0.9)
    assert fitted.chosen.confidence == 1.0 and fitted.chosen.kept == int((said == 1).sum())
    assert {one.confidence for one in fitted.tried} <= {0.5, 0.75, 1.0}


def test_alpha_can_be_wanted_and_a_few_labels_without_an_error_do_not_prove_it() -> None:
    world = Sure.of(600, 6, _stepwise)
    fitted = _fit(world, wanted=0.93, metric="alpha", resamples=200)
    assert fitted.chosen is not None and fitted.chosen.agreement > 0.93 and fitted.chosen.coverage < 1
    easy = _fit(world, wanted=0.5, metric="alpha", resamples=200)
    assert easy.chosen.coverage == 1.0
    few = fit_abstention([0.9] * 25, [1, 2, 3, 4, 5] * 5, [1, 2, 3, 4, 5] * 5, FIVE, wanted=0.99, metric="alpha")
    assert few.chosen is None
    constant = fit_abstention([0.9] * 40, [3] * 40, [3] * 40, FIVE, wanted=0.5, metric="alpha")
    assert constant.chosen is None and constant.finding.shown in (None, False)


def test_items_without_label_or_confidence_are_held_back_and_lower_the_coverage() -> None:
    world = Sure.of(400, 7, lambda said: np.full(said.shape, 0.97))
    sure = [None if place % 4 == 0 else one for place, one in enumerate(world.confidences)]
    fitted: Any = fit_abstention(sure, world.ratings, world.gold, FIVE, wanted=0.9)
    assert fitted.chosen.coverage == pytest.approx(0.75) and dict(fitted.left_out) == {"no confidence": 100}
    found = check_abstention(fitted, sure, world.ratings, world.gold, FIVE, resamples=50)
    assert found.measures["coverage"].value == pytest.approx(0.75)
    assert not fitted.keeps([None])[0]


def test_a_few_kept_labels_without_an_error_prove_nothing_on_test() -> None:
    fitted = _fit(Sure.of(800, 0, _stepwise), wanted=0.9)
    for metric in ("accuracy", "alpha"):
        one = fitted if metric == "accuracy" else _fit(Sure.of(800, 0, _stepwise), wanted=0.9, metric="alpha")
        few: Any = check_abstention(one, [0.99] * 5, [1, 2, 3, 4, 5], [1, 2, 3, 4, 5], FIVE, resamples=50)
        assert few.measures[f"{metric} of kept labels"].value == 1.0 and few.shown is False
        assert "only 5 kept" in few.measures[f"{metric} of kept labels"].note and "stays open" in few.verdict


def test_wants_that_make_no_sense_are_refused() -> None:
    given = [0.9, 0.8], [1, 2], [1, 2], FIVE
    for wanted in (0.0, 1.0, float("nan")):
        with pytest.raises(InputError, match="wanted"):
            fit_abstention(*given, wanted=wanted)
    for metric in ("mae", "bias", "nonsense"):
        with pytest.raises(SetupError, match=metric):
            fit_abstention(*given, wanted=0.5, metric=metric)
    with pytest.raises(SetupError, match="within"):
        fit_abstention(*given, wanted=0.5, metric="alpha", within=1)
    fitted = fit_abstention(*given, wanted=0.5, metric="tau_b")
    with pytest.raises(SetupError, match="tau_b"):
        check_abstention(fitted, [0.5], ["a"], ["a"], Nominal(["a", "b"]))


def test_intervals_without_steps_take_a_metric_or_a_distance() -> None:
    rng = np.random.default_rng(8)
    gold = rng.random(200).tolist()
    ratings = [min(one + 0.02, 1.0) for one in gold]
    fitted = fit_abstention([0.9] * 200, ratings, gold, Interval(0, 1), wanted=0.8, metric="pearson", resamples=100)
    assert fitted.chosen is not None and fitted.chosen.coverage == 1.0
    near: Any = fit_abstention([0.9] * 200, ratings, gold, Interval(0, 1), wanted=0.8, within=0.05)
    assert near.chosen.agreement == 1.0
    json.dumps(near.to_dict(), allow_nan=False)
    json.dumps(near.finding.to_dict(), allow_nan=False)
