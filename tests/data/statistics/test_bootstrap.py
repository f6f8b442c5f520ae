"""The resampling engine against a naive loop over resampled arrays, and the intervals against simulated truth."""

import krippendorff
import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from accord.data import Interval, Ordinal, agreement
from accord.data.annotators.inter_annotator import human_agreement
from accord.data.metrics.agreement import metrics_of
from accord.data.metrics.label_numbers import pairs_of
from accord.data.statistics.bootstrap import Bootstrap, Units, resample

FIVE = Ordinal(1, 5)


def _data(n=120, seed=0):
    rng = np.random.default_rng(seed)
    gold = rng.integers(1, 6, n).astype(float)
    return np.clip(gold + rng.integers(-1, 2, n), 1, 5), gold


def _ends(one):
    assert one.low is not None and one.high is not None
    return one.low, one.high


def _references(x, y):
    return {
        "alpha": krippendorff.alpha(np.array([x, y]), level_of_measurement="ordinal"),
        "kappa": sk.cohen_kappa_score(x, y),
        "weighted_kappa": sk.cohen_kappa_score(x, y, weights="quadratic", labels=[1, 2, 3, 4, 5]),
        "tau_b": stats.kendalltau(x, y)[0],
        "spearman": stats.spearmanr(x, y)[0],
        "pearson": stats.pearsonr(x, y)[0],
        "icc3": 2 * np.cov(x, y)[0, 1] / (np.var(x, ddof=1) + np.var(y, ddof=1)),
        "mse": ((x - y) ** 2).mean(),
        "mae": np.abs(x - y).mean(),
        "accuracy": (x == y).mean(),
        "bias": (x - y).mean(),
    }


def test_cell_weights_equal_a_loop_over_the_same_resampled_items():
    x, y = _data()
    pairs = pairs_of(x.astype(float), y.astype(float), FIVE)
    drawn = np.random.default_rng(1).integers(0, x.size, size=(25, x.size))
    weights = np.stack([np.bincount(pairs.cell[row], minlength=pairs.x.size) for row in drawn], axis=1).astype(float)
    found = {name: metric(pairs, weights) for name, metric in metrics_of(FIVE).items()}
    for i, row in enumerate(drawn):
        assert {name: values[i] for name, values in found.items()} == pytest.approx(
            _references(x[row], y[row]), abs=1e-9
        )


def test_continuous_values_equal_a_loop_over_the_same_resampled_items():
    rng = np.random.default_rng(5)
    y = rng.uniform(0, 1, 90)
    x = np.clip(y + rng.normal(size=90) / 5, 0, 1)
    scale = Interval(0, 1)
    pairs = pairs_of(x, y, scale)
    drawn = rng.integers(0, 90, size=(20, 90))
    weights = np.stack([np.bincount(pairs.cell[row], minlength=pairs.x.size) for row in drawn], axis=1).astype(float)
    metrics = metrics_of(scale)
    for i, row in enumerate(drawn):
        a, b = x[row], y[row]
        assert metrics["tau_b"](pairs, weights)[i] == pytest.approx(stats.kendalltau(a, b)[0], abs=1e-9)
        assert metrics["spearman"](pairs, weights)[i] == pytest.approx(stats.spearmanr(a, b)[0], abs=1e-9)
        assert metrics["pearson"](pairs, weights)[i] == pytest.approx(stats.pearsonr(a, b)[0], abs=1e-9)
        reference = krippendorff.alpha(np.array([a, b]), level_of_measurement="interval")
        assert metrics["alpha"](pairs, weights)[i] == pytest.approx(reference, abs=1e-9)


def test_group_weights_equal_a_loop_over_the_same_resampled_groups():
    x, y = _data(n=90)
    groups = np.random.default_rng(2).integers(0, 12, 90).astype(str)
    pairs = pairs_of(x.astype(float), y.astype(float), FIVE)
    units = Units.of(pairs.cell, pairs.x.size, groups.tolist())
    assert units.count == 12
    names = np.unique(groups)
    drawn = np.random.default_rng(3).integers(0, 12, size=(15, 12))
    counts = np.stack([np.bincount(row, minlength=12) for row in drawn], axis=1).astype(float)
    weights = units.spread(counts)
    found = {name: metric(pairs, weights) for name, metric in metrics_of(FIVE).items()}
    for i, row in enumerate(drawn):
        items = np.concatenate([np.flatnonzero(groups == names[g]) for g in row])
        assert {name: values[i] for name, values in found.items()} == pytest.approx(
            _references(x[items], y[items]), abs=1e-9
        )


@pytest.mark.parametrize("copies", [1, 10], ids=["items drawn", "cell counts drawn"])
def test_item_resamples_have_as_many_items_and_the_right_moments(copies):
    units = Units.of(np.array([0, 0, 0, 1, 2, 2, 2, 2, 2, 2] * copies), 3)
    weights = units.draw(20_000, np.random.default_rng(0)) / copies
    assert weights.shape == (3, 20_000)
    assert weights.sum(axis=0) == pytest.approx(10)
    # Standard error of the mean of cell 2: sqrt(10 * 0.6 * 0.4 / 20000) = 0.011. Variances are n p (1 - p).
    assert weights.mean(axis=1) == pytest.approx([3, 1, 6], abs=0.05)
    assert weights.var(axis=1) * copies == pytest.approx([2.1, 0.9, 2.4], rel=0.05)
    assert np.cov(weights)[0, 2] * copies == pytest.approx(-10 * 0.3 * 0.6, rel=0.05)


@pytest.mark.parametrize("items", [60, 700])
def test_items_are_drawn_one_by_one_whether_or_not_they_are_counted_together(items):
    cell = np.random.default_rng(0).integers(0, items // 3, items)
    weights = Units.of(cell, items // 3).draw(40, np.random.default_rng(7))
    rng, ordered = np.random.default_rng(7), np.sort(cell)
    loop = [np.bincount(ordered[rng.integers(0, items, items)], minlength=items // 3) for _ in range(40)]
    assert (weights == np.stack(loop, axis=1)).all()


def test_group_resamples_keep_groups_whole():
    # Two groups: items of a lie in cells 0 and 1, items of b both in cell 2.
    units = Units.of(np.array([0, 1, 2, 2]), 3, ["a", "a", "b", "b"])
    weights = units.draw(50, np.random.default_rng(0))
    assert (weights[0] == weights[1]).all()
    assert (weights[2] == 2 * (2 - weights[0])).all()


def test_chunks_do_not_change_the_draws():
    cell = np.arange(10_000)
    units = Units.of(cell, cell.size)
    found = resample(units, lambda weights: {"first": weights[0], "last": weights[-1]}, Bootstrap(450, seed=4))
    whole = units.draw(450, np.random.default_rng(4))
    assert (found["first"] == whole[0]).all()
    assert (found["last"] == whole[-1]).all()


def test_one_seed_one_answer_whatever_the_order_of_items():
    x, y = _data()
    groups = [str(i % 30) for i in range(x.size)]
    order = np.random.default_rng(9).permutation(x.size)
    for chosen in (None, groups):
        shuffled = None if chosen is None else [chosen[i] for i in order]
        first = agreement(x.astype(int).tolist(), y.astype(int).tolist(), FIVE, groups=chosen, resamples=200)
        second = agreement(
            x[order].astype(int).tolist(), y[order].astype(int).tolist(), FIVE, groups=shuffled, resamples=200
        )
        assert first == second
    other = agreement(x.astype(int).tolist(), y.astype(int).tolist(), FIVE, groups=groups, resamples=200, seed=1)
    assert other.metrics["alpha"].value == second.metrics["alpha"].value
    assert other.metrics["alpha"].low != second.metrics["alpha"].low


def test_groups_widen_the_interval_when_items_repeat():
    x, y = (values.astype(int).tolist() * 10 for values in _data(n=40))
    low, high = _ends(agreement(x, y, FIVE).metrics["accuracy"])
    groups = [str(i % 40) for i in range(400)]
    lower, higher = _ends(agreement(x, y, FIVE, groups=groups).metrics["accuracy"])
    # Ten copies of each of 40 items hold 40 items' worth of evidence: sqrt(10) = 3.2 times as wide.
    assert (higher - lower) / (high - low) == pytest.approx(np.sqrt(10), rel=0.15)


def test_human_alpha_interval_equals_a_loop_in_distribution():
    rng = np.random.default_rng(6)
    truth = rng.integers(1, 6, 60)
    table = np.clip(truth[:, None] + rng.integers(-1, 2, size=(60, 4)), 1, 5)
    found = human_agreement(table.tolist(), FIVE, resamples=4000).metrics["alpha"]
    loop = [
        krippendorff.alpha(table[rng.integers(0, 60, 60)].T.astype(float), level_of_measurement="ordinal")
        for _ in range(1500)
    ]
    # The quantiles of 1,500 draws have a standard error of about 0.07 standard deviations at 2.5 %.
    spread = float(np.std(loop))
    assert found.low == pytest.approx(np.quantile(loop, 0.025), abs=0.3 * spread)
    assert found.high == pytest.approx(np.quantile(loop, 0.975), abs=0.3 * spread)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(8)
    hits = 0
    for _ in range(300):
        gold = rng.integers(1, 6, 150)
        match = rng.random(150) < 0.6
        # A miss is the level five places on, so exactly the matches agree: the true accuracy is 0.6.
        rating = np.where(match, gold, gold % 5 + 1)
        low, high = _ends(agreement(rating.tolist(), gold.tolist(), FIVE, resamples=400).metrics["accuracy"])
        hits += low <= 0.6 <= high
    # 300 tries at 95 %: standard error 1.3 %.
    assert 0.91 <= hits / 300 <= 0.99
