"""How a bootstrap becomes an interval, and what is said where there is none."""

import numpy as np
import pytest
from scipy import stats

from accord.data import InputError, Ordinal, agreement
from accord.data.statistics.estimate import estimate, outside, tail


@pytest.mark.parametrize("units", [2, 5, 20, 1000])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_the_tail_is_that_of_students_interval(units, level):
    expected = stats.norm.sf(np.sqrt(units / (units - 1)) * stats.t.ppf((1 + level) / 2, units - 1))
    assert tail(level, units) == pytest.approx(expected, rel=1e-9)
    assert tail(level, units) < (1 - level) / 2
    if tail(level, units) > 1e-300:
        assert outside(tail(level, units), units) == pytest.approx(1 - level, rel=1e-6)


def test_on_many_items_the_interval_is_the_percentile_interval():
    draws = np.random.default_rng(0).normal(size=4000)
    found = estimate(0.0, draws, units=10**8)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(draws, [0.025, 0.975])), abs=1e-6)


def test_the_interval_of_a_mean_of_ten_normal_numbers_is_students():
    sample = np.random.default_rng(3).normal(size=10)
    mean, error = float(sample.mean()), float(sample.std(ddof=1)) / np.sqrt(10)
    # What a bootstrap of a mean tends to: normal, with the sample's own variance over n.
    draws = mean + float(sample.std()) / np.sqrt(10) * stats.norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    found = estimate(mean, draws, units=10)
    low, high = stats.t.interval(0.95, 9, loc=mean, scale=error)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-3 * error)


def test_what_has_no_interval_says_why():
    draws = np.array([0.1, 0.2, np.nan, np.nan, np.nan])
    assert estimate(np.nan, draws, units=5, why="because").note == "because"
    assert estimate(0.5, None, units=5).note == "no interval: no resamples were asked for"
    assert estimate(0.5, draws, units=1, unit="group").note == "no interval: only one group to resample"
    assert "undefined on 3 of 5 resamples" in estimate(0.5, draws, units=5).note
    few = estimate(0.5, draws[:2], units=5)
    assert few.low is not None and "only 5 items" in few.note


def test_a_bootstrap_without_sense_is_refused():
    with pytest.raises(InputError, match="resamples is -1"):
        agreement([1], [1], Ordinal(1, 5), resamples=-1)
    with pytest.raises(InputError, match="level is 1.5"):
        agreement([1], [1], Ordinal(1, 5), level=1.5)
