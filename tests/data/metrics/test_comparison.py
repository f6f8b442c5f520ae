"""The paired difference of two raters: direction, pairing, p-values and degenerate data."""

import json

import numpy as np
import pytest
from scipy import stats

from accord.data import InputError, Interval, Nominal, Ordinal, SetupError, agreement
from accord.data.metrics.agreement import metrics_of
from accord.data.metrics.paired_difference import paired_difference
from accord.data.statistics.significance import two_sided_p

FIVE = Ordinal(1, 5)


def _raters(n=200, seed=0):
    """A good rater, a poorer one and gold."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(1, 6, n)
    good = np.clip(gold + rng.choice([-1, 0, 0, 0, 1], n), 1, 5)
    poor = np.clip(gold + rng.choice([-2, -1, 0, 1, 2, 2], n), 1, 5)
    return good.tolist(), poor.tolist(), gold.tolist()


@pytest.mark.parametrize("metric", list(metrics_of(FIVE)))
def test_above_zero_always_speaks_for_a(metric):
    good, poor, gold = _raters()
    found = paired_difference(good, poor, gold, FIVE, metric=metric)
    alone = [agreement(rater, gold, FIVE, resamples=0).metrics[metric].value for rater in (good, poor)]
    assert alone[0] is not None and alone[1] is not None
    expected = alone[0] - alone[1]
    if metric in ("mse", "mae"):
        expected = -expected
    if metric == "bias":
        expected = abs(alone[1]) - abs(alone[0])
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.value is not None and found.value > 0
    assert found.low is not None and found.high is not None and found.low < found.value < found.high
    turned = paired_difference(poor, good, gold, FIVE, metric=metric)
    assert turned.value == pytest.approx(-found.value, abs=1e-12)
    assert "above 0" in found.direction


def test_the_interval_equals_a_loop_over_the_same_triples():
    good, poor, gold = (np.array(part) for part in _raters(80))
    found = paired_difference(good.tolist(), poor.tolist(), gold.tolist(), FIVE, metric="mse", resamples=8000)
    rng = np.random.default_rng(1)
    drawn = rng.integers(0, 80, size=(8000, 80))
    loop = ((poor - gold) ** 2)[drawn].mean(axis=1) - ((good - gold) ** 2)[drawn].mean(axis=1)
    spread = float(loop.std())
    assert found.low == pytest.approx(float(np.quantile(loop, 0.025)), abs=0.15 * spread)
    assert found.high == pytest.approx(float(np.quantile(loop, 0.975)), abs=0.15 * spread)


def test_pairing_makes_the_interval_of_like_raters_narrow():
    good, _, gold = _raters()
    other = list(good)
    other[0] = good[0] - 1 if good[0] > 1 else 2
    found = paired_difference(good, other, gold, FIVE)
    alone = agreement(good, gold, FIVE).metrics["alpha"]
    assert found.low is not None and found.high is not None and alone.low is not None and alone.high is not None
    assert found.high - found.low < 0.5 * (alone.high - alone.low)


def test_a_rater_against_itself():
    good, _, gold = _raters()
    found = paired_difference(good, good, gold, FIVE)
    assert (found.value, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_p_by_hand():
    many = 10**9
    # Of 9 differences 2 are <= 0 and 8 are >= 0 (one is 0): a share of (1 + 2) / (1 + 9) on either side makes 0.6.
    assert two_sided_p(np.array([-1.0, 0.0, 1, 2, 3, 4, 5, 6, 7]), many) == pytest.approx(0.6)
    # All above 0: 2 * 1 / 10. NaN draws are left out, rounding noise is 0.
    assert two_sided_p(np.array([1.0] * 9 + [np.nan]), many) == pytest.approx(0.2)
    assert two_sided_p(np.full(9, 1e-17), many) == 1.0
    # On ten items 0.1 on a side is 1.2816 normal deviations; sqrt(9/10) of that is 1.2158 of a t with 9 degrees.
    assert two_sided_p(np.array([1.0] * 9), 10) == pytest.approx(2 * stats.t.sf(1.2815516 * 0.9**0.5, 9), abs=1e-6)


@pytest.mark.parametrize("n", [8, 15, 40, 200])
def test_p_is_small_just_where_the_interval_leaves_zero_out(n):
    surely, seen = [], set()
    for seed in range(30):
        good, poor, gold = _raters(n, seed)
        found = paired_difference(good, poor, gold, FIVE, metric="mae", seed=seed)
        assert found.low is not None and found.high is not None and found.p is not None
        # An end of the interval lies between two resamples: near 0.05 it may fall on either side.
        if not 0.045 < found.p < 0.055:
            surely.append((found.p < 0.05) == (found.low > 1e-12 or found.high < -1e-12))
            seen.add(found.p < 0.05)
    assert all(surely) and len(surely) > 20 and seen


def test_a_clear_difference_has_a_small_p_and_no_difference_seldom_does():
    good, poor, gold = _raters()
    clear = paired_difference(good, poor, gold, FIVE)
    assert clear.p is not None and clear.p < 0.005
    rng = np.random.default_rng(11)
    small = 0
    for seed in range(200):
        truth = rng.integers(1, 6, 120)
        a, b = (np.clip(truth + rng.integers(-1, 2, 120), 1, 5).tolist() for _ in range(2))
        p = paired_difference(a, b, truth.tolist(), FIVE, resamples=300, seed=seed).p
        small += p is not None and p < 0.05
    # 5 % of 200 with a standard error of 1.5 %.
    assert small / 200 <= 0.095


def test_unparsed_ratings_are_filled_or_left_out_for_both():
    a, b, gold = [1, None, 3, 4], [1, 2, None, 4], [1, 2, 3, 5]
    found = paired_difference(a, b, gold, FIVE, metric="accuracy", resamples=0)
    assert (found.n, found.left_out, found.unparsed) == (2, 2, (1, 1))
    assert "on 2 of 4 items" in found.note
    filled = paired_difference(a, b, gold, FIVE, metric="accuracy", fill=3, resamples=0)
    # a: 1 3 3 4 hits two; b: 1 2 3 4 hits three of four.
    assert (filled.n, filled.value) == (4, -0.25)


def test_groups_are_resampled_whole():
    good, poor, gold = _raters(40)
    found = paired_difference(
        good * 10, poor * 10, gold * 10, FIVE, metric="mae", groups=[str(i % 40) for i in range(400)]
    )
    assert found.groups == 40
    items = paired_difference(good * 10, poor * 10, gold * 10, FIVE, metric="mae")
    assert found.low is not None and found.high is not None and items.low is not None and items.high is not None
    assert (found.high - found.low) / (items.high - items.low) == pytest.approx(np.sqrt(10), rel=0.15)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_degenerate_data_is_explained(n):
    for metric in metrics_of(FIVE):
        found = paired_difference([2] * n, [3] * n, [2] * n, FIVE, metric=metric)
        assert found.value is not None or found.note
        assert found.low is not None or found.note
        json.dumps(found.to_dict(), allow_nan=False)
    found = paired_difference([2] * 5, [1, 2, 3, 4, 5], [1, 2, 3, 4, 5], FIVE, metric="tau_b")
    assert found.note == "a: the rater gave one level only: no order to compare"
    assert found.p is None


def test_one_seed_one_answer_whatever_the_order():
    good, poor, gold = _raters()
    order = np.random.default_rng(2).permutation(len(gold))
    first = paired_difference(good, poor, gold, FIVE, resamples=200)
    a, b, truth = ([part[i] for i in order] for part in (good, poor, gold))
    assert paired_difference(a, b, truth, FIVE, resamples=200) == first


def test_continuous_and_nominal_raters():
    rng = np.random.default_rng(0)
    gold = rng.uniform(0, 1, 150)
    a, b = np.clip(gold + rng.normal(size=150) / 9, 0, 1), rng.uniform(0, 1, 150)
    found = paired_difference(a.tolist(), b.tolist(), gold.tolist(), Interval(0, 1), resamples=200)
    assert found.low is not None and found.low > 0
    names = paired_difference(["x", "y", "x"], ["y", "y", "y"], ["x", "y", "x"], Nominal(["x", "y"]), metric="kappa")
    assert names.value == 1.0


def test_wrong_calls_are_refused():
    with pytest.raises(SetupError, match="'mse' is not a metric of nominal scales"):
        paired_difference(["x"], ["y"], ["x"], Nominal(["x", "y"]), metric="mse")
    with pytest.raises(InputError, match="1 ratings of rater b for 2 gold labels"):
        paired_difference([1, 2], [1], [1, 2], FIVE)
