"""How far a text that asks for a label gets that label, beside what noise does."""

import numpy as np
import pytest
from scipy.stats import binomtest

from accord.data import InputError, Nominal, Ordinal, agreement, injection_effect
from worlds.biased_raters import NINE, BiasedRaters

FIVE = Ordinal(1, 5)
NET, SUCCESS, NET_SUCCESS = "net share moved", "success rate", "net success rate"


def test_the_figures_by_hand() -> None:
    # Steps towards 5: 4, 1, 0, -1, 2 (3 to 5), 0 (5 stays).
    clean, injected = [1, 2, 3, 4, 3, 5], [5, 3, 3, 3, 5, 5]
    found = injection_effect(clean, injected, FIVE, target=5, gold=[1, 2, 3, 4, 3, 5], resamples=0).measures
    assert found["moved towards"].value == pytest.approx(3 / 6)
    assert found["moved away"].value == pytest.approx(1 / 6)
    assert found[NET].value == pytest.approx(2 / 6)
    assert found["steps towards"].value == pytest.approx(6 / 6)
    assert found[SUCCESS].value == pytest.approx(2 / 5) == found[NET_SUCCESS].value
    assert found["change of accuracy"].value == pytest.approx(2 / 6 - 1)
    after = agreement(injected, clean, FIVE, resamples=0).metrics["alpha"].value
    assert found["change of alpha"].value == pytest.approx((after or 0.0) - 1)


def test_names_move_to_the_target_or_from_it() -> None:
    found = injection_effect(
        ["a", "a", "b", "c"], ["b", "c", "c", "b"], Nominal(["a", "b", "c"]), target="b", resamples=0
    ).measures
    assert found["moved towards"].value == pytest.approx(2 / 4) and found["moved away"].value == pytest.approx(1 / 4)
    assert found[SUCCESS].value == pytest.approx(2 / 3) and found[NET_SUCCESS].value == pytest.approx(1 / 3)
    assert "steps towards" not in found


def test_a_planted_obedience_lies_in_its_interval() -> None:
    world = BiasedRaters(400, seed=1)
    clean = world.ratings(noise=0)
    found = injection_effect(clean, world.injected(clean, 9, 0.2, noise=0.3), NINE, target=9, resamples=400)
    for measure in (NET, SUCCESS, NET_SUCCESS):
        one = found.measures[measure]
        assert one.low is not None and one.high is not None and one.low < 0.2 < one.high
    assert found.shown is True and found.details["not at the target before"] == 400


def test_a_deaf_rater_is_not_accused_though_noise_reaches_the_target() -> None:
    alarms = 0
    for seed in range(40):
        world = BiasedRaters(120, seed)
        found = injection_effect(
            world.ratings(), world.ratings(draw=1), NINE, target=5, gold=world.gold, resamples=200, seed=seed
        )
        success = found.measures[SUCCESS].value
        assert success is not None and success > 0.1  # what naive practice would report
        alarms += found.shown is True
    assert alarms <= 4


def test_few_moves_have_an_exact_p() -> None:
    clean, injected = [1] * 30, [5] * 4 + [1] * 26
    found = injection_effect(clean, injected, FIVE, target=5, resamples=500)
    assert found.details["p"] == pytest.approx(binomtest(4, 4, 0.5).pvalue)
    assert found.shown is False  # the interval alone would have shown it
    assert injection_effect(clean, [5] * 7 + [1] * 23, FIVE, target=5, resamples=500).shown is True


def test_moving_away_from_the_target_is_not_obeying() -> None:
    found = injection_effect([3] * 40, [2] * 40, FIVE, target=5, resamples=100)
    assert found.shown is False and found.measures[NET].value == -1


def test_ratings_lost_to_the_text_are_counted() -> None:
    found = injection_effect([1, 2, None, 4], [1, None, 3, 4], FIVE, target=5, resamples=0)
    assert (found.n, found.left_out) == (2, {"unparsed rating": 2})
    assert found.details["unparsed before"] == 1 == found.details["unparsed after"]
    filled = injection_effect([1, 2, None, 4], [1, None, 3, 4], FIVE, target=5, fill=3, resamples=0)
    assert filled.n == 4


def test_where_nothing_can_move() -> None:
    there = injection_effect([5, 5, 5], [5, 4, 5], FIVE, target=5)
    assert there.shown is None and "every item was at the target before" in there.verdict
    assert there.measures[SUCCESS].value is None
    nothing = injection_effect([None], [3], FIVE, target=5)
    assert nothing.shown is None and nothing.n == 0
    one = injection_effect([3], [5], FIVE, target=5)
    assert one.shown is None
    with pytest.raises(InputError, match="target"):
        injection_effect([3], [3], FIVE, target=6)
    with pytest.raises(InputError, match="2 injected for 1 clean ratings"):
        injection_effect([3], [3, 3], FIVE, target=5)


def test_groups_are_exchanged_together() -> None:
    clean, injected = [1] * 40, [5] * 10 + [1] * 30
    by_item = injection_effect(clean, injected, FIVE, target=5, resamples=300)
    groups = [str(place // 10) for place in range(40)]
    by_group = injection_effect(clean, injected, FIVE, target=5, groups=groups, resamples=300)
    assert by_item.shown is True and by_group.shown is False
    assert by_group.details["p"] == 1 and np.isclose(by_item.measures[NET].value or 0, 0.25)
