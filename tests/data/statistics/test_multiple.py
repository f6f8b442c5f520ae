"""Adjusted p-values against tables worked by hand and scipy."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from accord.data import InputError, benjamini_yekutieli, holm


def test_holm_by_hand() -> None:
    # 0.01 * 4, 0.02 * 3 = 0.06, 0.03 * 2 = 0.06, 0.04 * 1 is below the one before it: 0.06.
    assert holm([0.03, 0.01, 0.04, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.5, 0.9, 0.001]) == pytest.approx([1.0, 1.0, 0.003])
    assert holm([0.02, 0.02]) == pytest.approx([0.04, 0.04])


def test_benjamini_yekutieli_by_hand_and_as_in_scipy() -> None:
    # 1 + 1/2 + 1/3 = 11/6: 0.01 * 3 * 11/6, 0.02 * 3/2 * 11/6, 0.5 * 11/6 -> at most 1.
    assert benjamini_yekutieli([0.02, 0.01, 0.9]) == pytest.approx([0.055, 0.055, 1.0])
    p = np.random.default_rng(0).random(50) ** 3
    assert benjamini_yekutieli(p.tolist()) == pytest.approx(false_discovery_control(p, method="by").tolist())


@pytest.mark.parametrize("rule", [holm, benjamini_yekutieli])
def test_tests_not_made_stay_none_and_do_not_count(rule) -> None:
    assert rule([]) == [] and rule([None]) == [None] and rule([0.04]) == pytest.approx([0.04])
    with_gap = rule([0.01, None, 0.04])
    assert with_gap[1] is None and [with_gap[0], with_gap[2]] == rule([0.01, 0.04])


@pytest.mark.parametrize("rule", [holm, benjamini_yekutieli])
@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_refused(rule, bad) -> None:
    with pytest.raises(InputError, match="no p-value"):
        rule([0.5, bad])


def test_holm_keeps_the_chance_of_any_false_finding() -> None:
    rng = np.random.default_rng(1)
    families = rng.random((2000, 8))
    families[:, 4:] = families[:, 4:] * 0.001  # true findings make Holm bolder, not wrong
    wrong = np.mean([min(adjusted[:4]) <= 0.05 for adjusted in map(holm, families.tolist())])  # type: ignore[type-var]
    assert wrong <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 2000)
