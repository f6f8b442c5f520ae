"""Every coefficient against its reference library, on random, tied, skewed, tiny and missing data, and by hand."""

import krippendorff
import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from accord.data import Interval, Nominal, Ordinal, agreement
from accord.data.annotators.inter_annotator import human_agreement

FIVE = Ordinal(1, 5)


def _five_levels(rng, n, shares=(0.2, 0.2, 0.2, 0.2, 0.2)):
    gold = rng.choice(5, size=n, p=shares) + 1
    return np.clip(gold + rng.integers(-1, 2, size=n), 1, 5), gold


def _tables():
    rng = np.random.default_rng(7)
    yield "random", *(rng.integers(1, 6, size=(2, 200)))
    yield "close", *_five_levels(rng, 300)
    yield "skewed", *_five_levels(rng, 300, (0.01, 0.02, 0.03, 0.14, 0.8))
    yield "tied", np.array([2] * 40 + [3] * 5), np.array([2] * 38 + [3] * 7)
    yield "gap", np.array([1, 5, 5, 1, 5, 1]), np.array([1, 5, 1, 1, 5, 5])
    yield "tiny", np.array([1, 2, 4]), np.array([2, 2, 5])
    yield "reversed", np.array([1, 2, 3, 4, 5]), np.array([5, 4, 3, 2, 1])
    yield "large", *_five_levels(rng, 20_000)


def _values(x, y, scale):
    found = agreement(x.tolist(), y.tolist(), scale, resamples=0)
    return {name: one.value for name, one in found.metrics.items()}


def _icc3(table):
    """Two-way analysis of variance, spelled out; table is items x annotators."""
    n, k = table.shape
    grand = table.mean()
    rows = k * ((table.mean(axis=1) - grand) ** 2).sum() / (n - 1)
    columns = n * ((table.mean(axis=0) - grand) ** 2).sum()
    total = ((table - grand) ** 2).sum()
    error = (total - rows * (n - 1) - columns) / ((n - 1) * (k - 1))
    return (rows - error) / (rows + (k - 1) * error), (rows - error) / rows if rows else None


@pytest.mark.parametrize(("name", "x", "y"), list(_tables()), ids=[name for name, *_ in _tables()])
def test_ordinal_equals_the_references(name, x, y):
    found = _values(x, y, FIVE)
    levels = [1, 2, 3, 4, 5]
    expected = {
        "alpha": krippendorff.alpha(np.array([x, y], dtype=float), level_of_measurement="ordinal"),
        "kappa": sk.cohen_kappa_score(x, y),
        "weighted_kappa": sk.cohen_kappa_score(x, y, weights="quadratic", labels=levels),
        "tau_b": stats.kendalltau(x, y)[0],
        "spearman": stats.spearmanr(x, y)[0],
        "pearson": stats.pearsonr(x, y)[0],
        "icc3": _icc3(np.stack([x, y], axis=1).astype(float))[0],
        "mse": sk.mean_squared_error(y, x),
        "mae": sk.mean_absolute_error(y, x),
        "accuracy": sk.accuracy_score(y, x),
        "bias": (x - y).mean(),
    }
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("n", [3, 20, 120])
@pytest.mark.parametrize("decimals", [1, 12])
def test_interval_equals_the_references_on_non_integers(n, decimals):
    rng = np.random.default_rng(n)
    y = np.round(rng.uniform(-4, 4, n), decimals)
    x = np.round(np.clip(y + rng.normal(size=n), -4, 4), decimals)
    found = _values(x, y, Interval(-4, 4))
    expected = {
        "alpha": krippendorff.alpha(np.array([x, y]), level_of_measurement="interval"),
        "tau_b": stats.kendalltau(x, y)[0],
        "spearman": stats.spearmanr(x, y)[0],
        "pearson": stats.pearsonr(x, y)[0],
        "icc3": _icc3(np.stack([x, y], axis=1))[0],
        "mse": sk.mean_squared_error(y, x),
        "mae": sk.mean_absolute_error(y, x),
        "bias": (x - y).mean(),
    }
    assert found == pytest.approx(expected, abs=1e-9)


def test_a_large_offset_costs_no_digits():
    rng = np.random.default_rng(0)
    y = rng.uniform(0, 1, 100)
    x = np.clip(y + rng.normal(size=100) / 10, 0, 1)
    near, far = _values(x, y, Interval(0, 1)), _values(x + 1e6, y + 1e6, Interval(1e6, 1e6 + 1))
    assert far == pytest.approx(near, abs=1e-8)


def test_nominal_equals_the_references():
    rng = np.random.default_rng(3)
    names = ["ironic", "other", "plain"]
    y = rng.choice(3, size=150, p=[0.7, 0.2, 0.1])
    x = np.where(rng.random(150) < 0.7, y, rng.integers(0, 3, 150))
    found = agreement([names[i] for i in x], [names[i] for i in y], Nominal(names), resamples=0).metrics
    assert list(found) == ["alpha", "kappa", "accuracy"]
    assert found["alpha"].value == pytest.approx(
        krippendorff.alpha(np.array([x, y], dtype=float), level_of_measurement="nominal"), abs=1e-9
    )
    assert found["kappa"].value == pytest.approx(sk.cohen_kappa_score(x, y), abs=1e-9)
    assert found["accuracy"].value == pytest.approx((x == y).mean(), abs=1e-9)


def test_by_hand_on_four_items():
    # ratings 1 2 3 3, gold 1 2 2 3.
    found = _values(np.array([1, 2, 3, 3]), np.array([1, 2, 2, 3]), Ordinal(1, 3))
    # Three of four match; the one miss is a step too high.
    assert found["accuracy"] == 0.75
    assert found["mse"] == found["mae"] == found["bias"] == 0.25
    # Margins: ratings 1,1,2 and gold 1,2,1 of 4. p_e = (1*1 + 1*2 + 2*1)/16 = 5/16; (12/16 - 5/16)/(11/16) = 7/11.
    assert found["kappa"] == pytest.approx(7 / 11, abs=1e-12)
    # Quadratic: observed 1/4. Expected, sum of a_i b_j (i-j)^2 / 16: a1=1: b2*1 + b3*4 = 2+4; a2=1: b1*1 + b3*1 = 2;
    # a3=2: 2*(b1*4 + b2*1) = 12; together 20/16. 1 - (4/16)/(20/16) = 4/5.
    assert found["weighted_kappa"] == pytest.approx(4 / 5, abs=1e-12)
    # Six item pairs. Ratings tie one (3,3), gold ties one (2,2), none in both. The other four are concordant.
    # tau-b = 4 / sqrt(5 * 5).
    assert found["tau_b"] == pytest.approx(4 / 5, abs=1e-12)
    # Ordinal alpha: levels among all 8 labels n = 2, 3, 3; mid-ranks 1, 3.5, 6.5.
    # D_o * 8 = 2 * (6.5 - 3.5)^2 = 18.
    # D_e * 8 * 7 = 2 * (2*3*2.5^2 + 2*3*5.5^2 + 3*3*3^2) = 2 * (37.5 + 181.5 + 81) = 600.
    # alpha = 1 - (18 * 7) / 600 = 0.79.
    assert found["alpha"] == pytest.approx(0.79, abs=1e-12)
    # Means 9/4 and 8/4. Sums of squares 23 - 81/4 = 11/4 and 18 - 64/4 = 2, product 20 - 72/4 = 2.
    assert found["pearson"] == pytest.approx(2 / np.sqrt(11 / 2), abs=1e-12)
    # ICC(3,1) of two = 2 cov / (var + var) = 4 / (19/4).
    assert found["icc3"] == pytest.approx(16 / 19, abs=1e-12)


def test_intraclass_of_shrout_and_fleiss():
    # Shrout & Fleiss (1979), table 2: 6 targets by 4 judges; table 4 gives ICC(3,1) = .71 and ICC(3,4) = .91.
    # MSR = 11.24 and MSE = 1.02: (11.24 - 1.02) / (11.24 + 3 * 1.02) = 0.715; (11.24 - 1.02) / 11.24 = 0.909.
    table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = human_agreement(table, Ordinal(1, 10), resamples=0).metrics
    assert found["icc3"].value == pytest.approx(0.715, abs=5e-4)
    assert found["icc3k"].value == pytest.approx(0.909, abs=5e-4)
    assert (found["icc3"].value, found["icc3k"].value) == pytest.approx(_icc3(np.array(table, dtype=float)), abs=1e-9)


def test_alpha_of_many_annotators_by_hand():
    # Items: a a b | a a | b b | a (one label: left out). n_a = 4, n_b = 3, n = 7.
    # D_o * 7: item one has 4 ordered unlike pairs, by m - 1 = 2 makes 2; the others 0.
    # D_e * 7 * 6 = 2 * 4 * 3 = 24. alpha = 1 - 2 * 6 / 24 = 0.5.
    labels = [["a", "a", "b"], ["a", "a", None], {"kim": "b", "lee": "b"}, ["a"]]
    found = human_agreement(labels, Nominal(["a", "b"]), resamples=0)
    assert found.metrics["alpha"].value == pytest.approx(0.5, abs=1e-12)
    assert (found.n, found.left_out, found.unparsed) == (3, 1, 1)


@pytest.mark.parametrize("level", ["nominal", "ordinal", "interval"])
@pytest.mark.parametrize("annotators", [2, 3, 7])
@pytest.mark.parametrize("missing", [0.0, 0.4])
def test_alpha_of_many_annotators_equals_the_reference(level, annotators, missing):
    rng = np.random.default_rng(annotators)
    truth = rng.integers(0, 6, size=80)
    table = np.clip(truth[:, None] + rng.integers(-1, 3, size=(80, annotators)), 0, 5).astype(float)
    if level == "interval":
        table = table / 7 + rng.normal(size=table.shape).round(2) / 10 + 1
    table[rng.random(table.shape) < missing] = np.nan
    expected = krippendorff.alpha(table.T, level_of_measurement=level)
    scale = {"nominal": Nominal(list("abcdef")), "ordinal": Ordinal(0, 5), "interval": Interval(-1, 3)}[level]

    def label(value):
        if np.isnan(value):
            return None
        return float(value) if level == "interval" else scale.levels[int(value)]

    labels = [[label(value) for value in row] for row in table]
    found = human_agreement(labels, scale, resamples=0)
    assert found.metrics["alpha"].value == pytest.approx(expected, abs=1e-9)
    if level != "nominal" and not missing:
        assert found.metrics["icc3"].value == pytest.approx(_icc3(table)[0], abs=1e-9)
        assert found.metrics["icc3k"].value == pytest.approx(_icc3(table)[1], abs=1e-9)


def test_named_and_uneven_levels_use_ranks_for_order_and_values_for_distance():
    uneven = Ordinal.of([1, 3, 10])
    x, y = [1, 3, 10, 10, 1], [3, 3, 10, 1, 1]
    rank = {1: 0, 3: 1, 10: 2}
    found = agreement(x, y, uneven, resamples=0).metrics
    kappa = sk.cohen_kappa_score([rank[i] for i in x], [rank[i] for i in y], weights="quadratic")
    assert found["weighted_kappa"].value == pytest.approx(kappa, abs=1e-12)
    assert found["mse"].value == pytest.approx((4 + 0 + 0 + 81 + 0) / 5, abs=1e-12)
    named = Ordinal.of(["low", "middle", "high"])
    name = {1: "low", 3: "middle", 10: "high"}
    other = agreement([name[i] for i in x], [name[i] for i in y], named, resamples=0).metrics
    assert other["alpha"].value == pytest.approx(found["alpha"].value, abs=1e-12)
    assert other["mse"].value == pytest.approx((1 + 0 + 0 + 4 + 0) / 5, abs=1e-12)
