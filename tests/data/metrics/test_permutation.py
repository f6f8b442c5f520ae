"""The paired permutation test: every way by hand, drawn ways against all, and how often it rejects under the null."""

import itertools
import json

import numpy as np
import pytest
from scipy import stats

from accord.data import InputError, Ordinal, SetupError, paired_difference, permutation_test
from accord.data.metrics.agreement import metrics_of

FIVE = Ordinal(1, 5)


def _raters(n=60, seed=0):
    rng = np.random.default_rng(seed)
    gold = rng.integers(1, 6, n)
    good = np.clip(gold + rng.choice([-1, 0, 0, 0, 1], n), 1, 5)
    poor = np.clip(gold + rng.choice([-2, -1, 0, 1, 2], n), 1, 5)
    return good.tolist(), poor.tolist(), gold.tolist()


def _looped(a, b, gold, metric, units):
    """Go through all ways to exchange the labels of units (lists of items)."""
    observed = paired_difference(a, b, gold, FIVE, metric=metric, resamples=0).value
    if observed is None:
        raise AssertionError(metric)
    extreme = count = 0
    for ways in itertools.product([False, True], repeat=len(units)):
        left, right = list(a), list(b)
        for turned, unit in zip(ways, units, strict=True):
            for i in unit if turned else ():
                left[i], right[i] = right[i], left[i]
        value = paired_difference(left, right, gold, FIVE, metric=metric, resamples=0).value
        count += 1
        extreme += value is None or abs(value) >= abs(observed) - 1e-12
    return observed, extreme / count


@pytest.mark.parametrize("metric", list(metrics_of(FIVE)))
def test_all_ways_equal_a_loop(metric) -> None:
    a, b, gold = _raters(8)
    found = permutation_test(a, b, gold, FIVE, metric=metric)
    value, p = _looped(a, b, gold, metric, [[i] for i in range(8)])
    assert found.exact and found.exchanged == sum(x != y for x, y in zip(a, b, strict=True))
    assert (found.value, found.p) == pytest.approx((value, p), abs=1e-12)


def test_groups_are_exchanged_whole() -> None:
    a, b, gold = _raters(18)
    groups = [str(i // 3) for i in range(18)]
    found = permutation_test(a, b, gold, FIVE, metric="mae", groups=groups)
    _, p = _looped(a, b, gold, "mae", [range(start, start + 3) for start in range(0, 18, 3)])
    assert found.exchanged == 6 and found.p == pytest.approx(p)
    alone = permutation_test(a, b, gold, FIVE, metric="mae", groups=[None] * 18)
    assert alone == permutation_test(a, b, gold, FIVE, metric="mae")


@pytest.mark.parametrize("grouped", [False, True])
def test_drawn_ways_come_near_all_of_them(grouped) -> None:
    a, b, gold = _raters(26, seed=5)
    groups = [str(i // 2) for i in range(26)] if grouped else None
    every = permutation_test(a, b, gold, FIVE, metric="mae", groups=groups, permutations=2**22)
    drawn = permutation_test(a, b, gold, FIVE, metric="mae", groups=groups, permutations=4000, seed=3)
    assert every.exact and not drawn.exact and every.p is not None and drawn.p is not None
    assert drawn.p == pytest.approx(every.p, abs=4 * np.sqrt(0.25 / 4000))


def test_on_accuracy_it_is_the_exact_test_of_mcnemar() -> None:
    a, b, gold = _raters(16, seed=2)
    found = permutation_test(a, b, gold, Ordinal(1, 5), metric="accuracy", permutations=2**16)
    right_a, right_b = (sum(x == g and y != g for x, y, g in zip(p, q, gold, strict=True)) for p, q in ((a, b), (b, a)))
    expected = stats.binomtest(right_a, right_a + right_b).pvalue
    assert found.exact and found.p == pytest.approx(expected)


def test_it_rejects_at_most_alpha_under_the_null() -> None:
    rng = np.random.default_rng(7)
    small = {"alpha": 0, "mae": 0}
    worlds = 400
    for world in range(worlds):
        gold = rng.integers(1, 6, 40)
        a, b = (np.clip(gold + rng.integers(-1, 2, 40), 1, 5).tolist() for _ in range(2))
        for metric in small:
            p = permutation_test(a, b, gold.tolist(), FIVE, metric=metric, permutations=200, seed=world).p
            small[metric] += p is not None and p <= 0.05
    for count in small.values():
        assert 0.01 < count / worlds <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / worlds)


def test_a_clear_difference_is_found_and_the_order_of_items_does_not_matter() -> None:
    a, b, gold = _raters(300)
    found = permutation_test(a, b, gold, FIVE)
    assert found.p == pytest.approx(1 / 10_001) and found.value is not None and found.value > 0
    order = np.random.default_rng(0).permutation(300)
    moved = permutation_test(*([side[i] for i in order] for side in (a, b, gold)), FIVE)  # type: ignore[misc]
    assert moved.p == found.p and moved.value == pytest.approx(found.value, abs=1e-12)


def test_the_value_is_that_of_the_paired_difference() -> None:
    a, b, gold = _raters(50)
    gaps = [None if i % 10 == 0 else label for i, label in enumerate(a)]
    found = permutation_test(gaps, b, gold, FIVE, metric="bias")
    assert found.value == pytest.approx(paired_difference(gaps, b, gold, FIVE, metric="bias", resamples=0).value)
    assert (found.n, found.left_out, found.unparsed) == (45, 5, (5, 0)) and "on 45 of 50 items" in found.note


@pytest.mark.parametrize("n", [0, 1, 5])
def test_degenerate_data_is_explained(n) -> None:
    for metric in metrics_of(FIVE):
        found = permutation_test([2] * n, [3] * n, [2] * n, FIVE, metric=metric)
        assert found.p is not None or found.note
        json.dumps(found.to_dict(), allow_nan=False)


def test_a_constant_rater_is_named_as_the_reason() -> None:
    a, _, gold = _raters(30)
    found = permutation_test(a, [5] * 30, gold, FIVE, metric="tau_b")
    assert (found.value, found.p) == (None, None)
    assert found.note == "b: the rater gave one level only: no order to compare"


def test_a_rater_against_itself_has_p_one() -> None:
    a, _, gold = _raters(30)
    found = permutation_test(a, a, gold, FIVE)
    assert (found.value, found.p, found.exchanged, found.permutations) == (0.0, 1.0, 0, 1)


def test_what_makes_no_sense_is_refused() -> None:
    a, b, gold = _raters(10)
    with pytest.raises(SetupError, match="'auc' is not a metric"):
        permutation_test(a, b, gold, FIVE, metric="auc")
    with pytest.raises(InputError, match="permutations is 0"):
        permutation_test(a, b, gold, FIVE, permutations=0)
