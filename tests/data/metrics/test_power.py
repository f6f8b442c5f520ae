"""How many labels would settle a difference: against the textbook, and its promise against simulation."""

import json

import numpy as np
import pytest
from scipy.stats import norm

from accord.data import InputError, Ordinal, SetupError, labels_needed, paired_difference, power_at
from accord.data.metrics.agreement import metrics_of

FIVE = Ordinal(1, 5)


def _raters(n=200, seed=0, near=0.62):
    """Gold and two raters of which the first is a little better."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(1, 6, n)

    def rater(right):
        return np.where(rng.random(n) < right, gold, gold % 5 + 1).tolist()

    return rater(0.72), rater(near), gold.tolist()


def test_on_accuracy_it_is_the_sample_size_of_a_paired_mean() -> None:
    a, b, gold = _raters()
    found = labels_needed(a, b, gold, FIVE, metric="accuracy", resamples=8000)
    gain = np.array([(x == g) - (y == g) for x, y, g in zip(a, b, gold, strict=True)], dtype=float)
    error = gain.std() / np.sqrt(200)
    assert found.difference == pytest.approx(gain.mean()) and found.sought == found.difference
    assert found.standard_error == pytest.approx(error, rel=0.03)
    expected = 200 * ((norm.ppf(0.975) + norm.ppf(0.8)) * error / gain.mean()) ** 2
    assert found.items == pytest.approx(expected, rel=0.06) and found.groups == found.items
    assert "root n" in found.note


def test_the_items_it_asks_for_have_the_power_it_promises() -> None:
    a, b, gold = _raters()
    needed = labels_needed(a, b, gold, FIVE, metric="accuracy").items
    assert needed is not None
    found = power_at(a, b, gold, FIVE, metric="accuracy", items=needed, simulations=300)
    assert found.value == pytest.approx(0.8, abs=0.09)
    assert found.value is not None and found.low is not None and found.high is not None
    assert found.low < found.value < found.high
    less = power_at(a, b, gold, FIVE, metric="accuracy", items=needed // 4)
    assert less.value is not None and less.value < 0.5


def test_a_given_difference_scales_with_its_square() -> None:
    a, b, gold = _raters()
    one, two = (labels_needed(a, b, gold, FIVE, sought=sought).items for sought in (0.02, 0.04))
    assert one is not None and two is not None and one == pytest.approx(4 * two, abs=4)
    same = labels_needed(a, a[:-1] + [a[-1] % 5 + 1], gold, FIVE, sought=0.05)
    assert same.items is not None and same.sought == 0.05


def test_the_range_comes_from_the_interval() -> None:
    a, b, gold = _raters()
    found = labels_needed(a, b, gold, FIVE, metric="accuracy")
    interval = paired_difference(a, b, gold, FIVE, metric="accuracy")
    assert found.settled == (
        interval.low is not None and interval.high is not None and interval.low * interval.high > 0
    )
    near, far = found.items_range
    assert found.items is not None and near is not None and near < found.items
    unsure = labels_needed(*_raters(60, near=0.7), FIVE, metric="accuracy")
    assert unsure.settled is False and unsure.items_range[1] is None
    assert far is None or far > found.items
    assert found.to_dict()["items_range"] == [near, far]


def test_groups_are_what_is_added() -> None:
    a, b, gold = _raters(50)
    groups = [str(i % 50) for i in range(500)]
    found = labels_needed(a * 10, b * 10, gold * 10, FIVE, metric="accuracy", groups=groups)
    alone = labels_needed(a, b, gold, FIVE, metric="accuracy")
    assert found.groups is not None
    assert found.units == 50 and found.groups == pytest.approx(alone.items, rel=0.1)
    assert found.items == pytest.approx(10 * found.groups, rel=0.02)
    power = power_at(a * 10, b * 10, gold * 10, FIVE, metric="accuracy", groups=groups, items=500)
    single = power_at(a, b, gold, FIVE, metric="accuracy", items=50)
    assert power.value == pytest.approx(single.value, abs=0.15) and "50 groups" in power.note


@pytest.mark.parametrize("n", [0, 1, 5])
def test_degenerate_data_is_explained(n) -> None:
    for metric in metrics_of(FIVE):
        found = labels_needed([2] * n, [3] * n, [2] * n, FIVE, metric=metric, resamples=50)
        assert found.items is None and found.note
        json.dumps(found.to_dict(), allow_nan=False)
        power = power_at([2] * n, [3] * n, [2] * n, FIVE, metric=metric, items=20, simulations=5, resamples=5)
        assert power.note


def test_raters_that_do_not_differ_are_explained() -> None:
    a, _, gold = _raters(40)
    found = labels_needed(a, a, gold, FIVE)
    assert found.items is None and found.settled is False and "nothing varies" in found.note
    power = power_at(a, a, gold, FIVE, items=40)
    assert power.value is None and "do not differ" in power.note
    none = labels_needed(*_raters(40), FIVE, resamples=0)
    assert none.items is None and "no resamples" in none.note


def test_what_makes_no_sense_is_refused() -> None:
    a, b, gold = _raters(20)
    with pytest.raises(InputError, match="power is 1.2"):
        labels_needed(a, b, gold, FIVE, power=1.2)
    with pytest.raises(InputError, match="difference sought is 0"):
        labels_needed(a, b, gold, FIVE, sought=0)
    with pytest.raises(InputError, match="items is 1"):
        power_at(a, b, gold, FIVE, items=1)
    with pytest.raises(SetupError, match="'auc' is not a metric"):
        power_at(a, b, gold, FIVE, items=20, metric="auc")
