"""Every coefficient against its reference library on small tables of any kind, ties, gaps and constants included."""

import warnings
from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from accord.data import Interval, Nominal, Ordinal, Pairwise, agreement, human_agreement

FIVE = Ordinal(1, 5)
HALVES = Interval(-1, 1, 0.5)
NAMES = Nominal(list("abcde"))


def _quiet(call, *arguments, **options):
    """Return what a reference answers, None where it has no number or refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = float(call(*arguments, **options))
        except ValueError:
            return None
    return found if np.isfinite(found) else None


def _varies(x):
    return np.unique(x).size > 1


def _references(x, y, level, ranks):
    """Return all coefficients by the reference libraries, None where they are undefined."""
    numbers = level != "nominal"
    both = np.concatenate([ranks(x), ranks(y)])
    found = {"alpha": _quiet(krippendorff.alpha, np.array([x, y], dtype=float), level_of_measurement=level)}
    found |= {"kappa": _quiet(sk.cohen_kappa_score, ranks(x), ranks(y)), "accuracy": float((x == y).mean())}
    if numbers:
        levels = list(range(5))
        order = _varies(x) and _varies(y)
        weighted = _quiet(sk.cohen_kappa_score, ranks(x), ranks(y), weights="quadratic", labels=levels)
        found |= {
            "weighted_kappa": weighted if _varies(both) else None,
            "tau_b": _quiet(lambda: stats.kendalltau(x, y)[0]) if order else None,
            "spearman": _quiet(lambda: stats.spearmanr(x, y)[0]) if order else None,
            "pearson": _quiet(lambda: stats.pearsonr(x, y)[0]) if order else None,
            "mse": float(sk.mean_squared_error(y, x)),
            "mae": float(sk.mean_absolute_error(y, x)),
            "bias": float(np.mean(x - y)),
        }
    return found


def _compare(found, expected):
    for name, value in expected.items():
        one = found[name]
        assert one.value == (None if value is None else pytest.approx(value, abs=1e-9)), (name, one)
        assert one.value is not None or one.note, name


_level = st.integers(0, 4)
_pairs = st.one_of(
    st.lists(st.tuples(_level, _level), min_size=1, max_size=12),
    st.lists(st.sampled_from([(4, 4)] * 8 + [(0, 4), (4, 0), (3, 4)]), min_size=1, max_size=40),  # skewed
    st.lists(st.tuples(st.sampled_from([1, 2]), st.just(2)), min_size=1, max_size=6),  # constant gold
)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(_pairs)
def test_on_stars_names_and_numbers(pairs):
    x, y = (np.array(side) for side in zip(*pairs, strict=True))

    def values(codes, scale):
        return [scale.levels[code] for code in codes]

    def as_they_are(codes):
        return codes

    stars = agreement(values(x, FIVE), values(y, FIVE), FIVE, resamples=0).metrics
    _compare(stars, _references(x + 1, y + 1, "ordinal", lambda labels: labels - 1))
    names = agreement(values(x, NAMES), values(y, NAMES), NAMES, resamples=0).metrics
    _compare(names, _references(x, y, "nominal", as_they_are))
    left, right = (np.array(values(side, HALVES)) for side in (x, y))
    halves = agreement(left.tolist(), right.tolist(), HALVES, resamples=0).metrics
    _compare(halves, _references(left, right, "interval", lambda labels: np.round(labels * 2).astype(int) + 2))


_gappy = st.lists(st.lists(st.one_of(st.none(), _level), min_size=3, max_size=3), min_size=1, max_size=10)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(_gappy)
def test_alpha_of_three_annotators_with_gaps_at_each_level(rows):
    table = np.array([[np.nan if one is None else one for one in row] for row in rows], dtype=float)
    # The reference counts levels on single labels as well; alpha does not stand on them.
    several = np.where(np.isfinite(table).sum(axis=1, keepdims=True) >= 2, table, np.nan)
    varies = np.unique(several[np.isfinite(several)]).size > 1
    for level, scale in (("ordinal", Ordinal(0, 4)), ("interval", Interval(0, 4, 1)), ("nominal", NAMES)):
        levels: Any = scale.levels
        labels = [[None if one is None else levels[one] for one in row] for row in rows]
        found = human_agreement(labels, scale, resamples=0).metrics["alpha"]
        expected = _quiet(krippendorff.alpha, several.T, level_of_measurement=level) if varies else None
        assert found.value == (None if expected is None else pytest.approx(expected, abs=1e-9))
        assert found.value is not None or found.note


@pytest.mark.parametrize("kind", ["random", "tied", "skewed", "missing", "tiny"])
def test_pairwise_verdicts_equal_the_references(kind):
    rng = np.random.default_rng(5)
    n = 3 if kind == "tiny" else 150
    shares = {"tied": [0, 0, 1], "skewed": [0.9, 0.07, 0.03]}.get(kind, [0.4, 0.4, 0.2])
    gold = rng.choice(3, n, p=shares)
    rating = np.where(rng.random(n) < 0.7, gold, rng.integers(0, 3, n))
    verdicts = np.array(["A", "B", "tie"], dtype=object)
    given_ = verdicts[rating].tolist()
    kept = np.full(n, True)
    if kind == "missing":
        kept = rng.random(n) < 0.8
        given_ = [label if keep else None for label, keep in zip(given_, kept, strict=True)]
    found = agreement(given_, verdicts[gold].tolist(), Pairwise(), resamples=0)
    assert found.left_out == int((~kept).sum())
    x, y = rating[kept], gold[kept]
    assert found.metrics["kappa"].value == pytest.approx(sk.cohen_kappa_score(x, y), abs=1e-9)
    assert found.metrics["accuracy"].value == pytest.approx(sk.accuracy_score(y, x), abs=1e-9)
    expected = krippendorff.alpha(np.array([x, y], dtype=float), level_of_measurement="nominal")
    assert found.metrics["alpha"].value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("fill", [None, 3])
def test_missing_ratings_leave_the_coefficients_of_the_rest_or_of_the_fill(fill):
    rng = np.random.default_rng(6)
    gold = rng.integers(1, 6, 120)
    rating = np.clip(gold + rng.integers(-1, 2, 120), 1, 5)
    there = rng.random(120) < 0.75
    labels = [int(label) if keep else None for label, keep in zip(rating, there, strict=True)]
    found = agreement(labels, gold.tolist(), FIVE, fill=fill, resamples=0).metrics
    x, y = (rating[there], gold[there]) if fill is None else (np.where(there, rating, fill), gold)
    _compare(found, _references(x, y, "ordinal", lambda labels: labels - 1))
    table = np.array([x, y], dtype=float)
    two_way = 2 * np.cov(table)[0, 1] / np.cov(table).trace()
    assert found["icc3"].value == pytest.approx(two_way, abs=1e-9)
