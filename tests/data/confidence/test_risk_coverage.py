"""Risk and coverage: against a loop over every order, and confidence that helps, does not help, or misleads."""

import itertools
import json
from typing import Any

import numpy as np
import pytest

from accord.data import Nominal, risk_coverage
from worlds.sure_raters import FIVE, Sure

NAMES = Nominal(["x", "y"])
AREA, GAIN, EXCESS = "area under the curve (AURC)", "gain over a random order", "excess over the best order"


def _brute(confidences: list[float], wrong: list[int]) -> float:
    """Return the mean area over all orders that respect the confidences."""
    areas = []
    for order in itertools.permutations(range(len(wrong))):
        if all(confidences[a] >= confidences[b] for a, b in itertools.pairwise(order)):
            lost = np.cumsum([wrong[place] for place in order])
            areas.append(float(np.mean(lost / np.arange(1, len(wrong) + 1))))
    return float(np.mean(areas))


@pytest.mark.parametrize("seed", range(6))
def test_the_area_is_the_mean_over_all_orders_of_tied_items(seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidences = rng.choice([0.3, 0.5, 0.9], 7).tolist()
    wrong = rng.integers(0, 2, 7).tolist()
    gold = ["x"] * 7
    found = risk_coverage(confidences, ["y" if bad else "x" for bad in wrong], gold, NAMES, resamples=0)
    assert found.measures[AREA].value == pytest.approx(_brute(confidences, wrong))
    assert found.measures["area of the best order"].value == pytest.approx(_brute([-bad for bad in wrong], wrong))
    assert found.measures["risk without abstention"].value == pytest.approx(np.mean(wrong))


def test_equal_confidences_gain_nothing_and_the_oracle_has_no_excess() -> None:
    world = Sure.of(100, 0)
    flat = risk_coverage([0.7] * 100, world.ratings, world.gold, FIVE, resamples=100)
    assert flat.measures[GAIN].value == pytest.approx(0, abs=1e-12) and flat.shown is False
    assert "equally sure" in flat.verdict
    right = [float(one == other) for one, other in zip(world.ratings, world.gold, strict=True)]
    oracle = risk_coverage(right, world.ratings, world.gold, FIVE, resamples=100)
    assert oracle.measures[EXCESS].value == pytest.approx(0, abs=1e-12) and oracle.shown


def test_honest_confidence_lies_between_the_random_and_the_best_order() -> None:
    world = Sure.of(500, 1)
    found = risk_coverage(world.confidences, world.ratings, world.gold, FIVE, resamples=200)
    value: dict[str, Any] = {name: one.value for name, one in found.measures.items()}
    assert found.shown and value["area of the best order"] < value[AREA] < value["risk without abstention"]
    risks = [row["risk"] for row in found.details["curve"]]
    assert len(risks) == 20 and risks[3] < risks[-1] == pytest.approx(value["risk without abstention"])
    assert all(row["low"] <= row["risk"] <= row["high"] for row in found.details["curve"])


def test_confidence_that_misleads_is_called_so() -> None:
    world = Sure.of(500, 2, lambda said: 1.1 - said)
    found = risk_coverage(world.confidences, world.ratings, world.gold, FIVE, resamples=200)
    assert found.shown is False and "surer where it is wrong" in found.verdict


def test_confidence_that_says_nothing_is_hardly_ever_shown() -> None:
    shown = 0
    for seed in range(80):
        world = Sure.of(150, seed, lambda said: np.full(said.shape, 0.7))
        shown += bool(risk_coverage(world.confidences, world.ratings, world.gold, FIVE, resamples=200).shown)
    assert shown <= 7  # 2 are expected


def test_a_wanted_accuracy_brings_the_threshold_along() -> None:
    world = Sure.of(500, 3)
    found = risk_coverage(world.confidences, world.ratings, world.gold, FIVE, wanted=0.8, resamples=50)
    assert found.details["abstention"]["chosen"]["passed"]
    json.dumps(found.to_dict(), allow_nan=False)
