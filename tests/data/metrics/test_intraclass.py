"""Intraclass correlations against pingouin's, whose answers are kept beside this file (benchmarks/record_icc.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

from accord.data import Interval, agreement, gold_reliability, human_agreement

TABLES = json.loads((Path(__file__).parent / "pingouin_icc.json").read_text(encoding="utf-8"))["tables"]


@pytest.mark.parametrize("name", list(TABLES))
def test_they_equal_pingouins(name):
    kept = TABLES[name]
    table = np.array(kept["table"], dtype=float)
    scale = Interval(float(table.min()) - 1, float(table.max()) + 1)
    tolerance = 1e-6 if name == "large offset" else 1e-9  # pingouin's own rounding
    two_way = human_agreement(table.tolist(), scale, resamples=0).metrics
    assert two_way["icc3"].value == pytest.approx(kept["ICC(C,1)"], abs=tolerance)
    if name != "opposed":
        assert two_way["icc3k"].value == pytest.approx(kept["ICC(C,k)"], abs=tolerance)
    one_way = gold_reliability(table.tolist(), scale, resamples=0)
    assert one_way.single.value == pytest.approx(kept["ICC(1,1)"], abs=tolerance)
    assert one_way.gold.value == pytest.approx(max(kept["ICC(1,k)"], 0.0), abs=tolerance)
    if table.shape[1] == 2:
        pair = agreement(table[:, 0].tolist(), table[:, 1].tolist(), scale, resamples=0).metrics["icc3"]
        assert pair.value == pytest.approx(kept["ICC(C,1)"], abs=tolerance)


def test_items_of_opposed_labels_have_equal_means_and_no_reliability_of_them():
    # Every row sums to 6: MSR = 0, so ICC(3,k) = (0 - MSE) / 0.
    labels = TABLES["opposed"]["table"]
    found = human_agreement([[float(one) for one in row] for row in labels], Interval(0, 6), resamples=0).metrics
    assert found["icc3k"].value is None and found["icc3k"].note.startswith("the items' mean labels do not vary")
    assert found["icc3"].value == pytest.approx(-1)


@pytest.mark.parametrize("weights", [1, 7])
def test_repeating_every_item_changes_only_the_degrees_of_freedom(weights):
    table = TABLES["close"]["table"]
    rows = [[float(one) for one in row] for row in table] * weights
    found = gold_reliability(rows, Interval(0, 6), resamples=0).single.value
    numbers = np.array(rows)
    n, k = numbers.shape
    between = k * ((numbers.mean(axis=1) - numbers.mean()) ** 2).sum() / (n - 1)
    within = ((numbers - numbers.mean(axis=1, keepdims=True)) ** 2).sum() / (n * (k - 1))
    assert found == pytest.approx((between - within) / (between + (k - 1) * within), abs=1e-12)
