"""Scores between the labels: what they are measured by, by hand, and what cannot be a score."""

import json
import math

import pytest

from accord.data import InputError, Interval, Label, Nominal, Ordinal, SetupError, agreement
from accord.data.metrics.agreement import NUMERIC

FIVE = Ordinal(1, 5)
GOLD: list[Label] = [1, 2, 4, 5]
LABELS: list[Label | None] = [2, 2, 4, 4]
SCORES: list[float | None] = [1.6, 2.2, 3.8, 4.4]


def test_numbers_are_measured_on_scores_and_levels_on_labels():
    labels = agreement(LABELS, GOLD, FIVE, resamples=0)
    found = agreement(LABELS, GOLD, FIVE, scores=SCORES, resamples=0)
    value = {name: one.value for name, one in found.metrics.items()}
    # Errors 0.6, 0.2, -0.2, -0.6: MAE 1.6 / 4, MSE (0.36 + 0.04 + 0.04 + 0.36) / 4, bias 0; the order is gold's.
    assert (value["mae"], value["mse"], value["bias"]) == pytest.approx((0.4, 0.2, 0.0))
    assert (value["tau_b"], value["spearman"]) == pytest.approx((1.0, 1.0))
    # The labels err by 1, 0, 0, -1 and tie.
    assert labels.metrics["mae"].value == pytest.approx(0.5)
    assert labels.metrics["tau_b"].value != pytest.approx(1.0)
    for name in ("alpha", "kappa", "weighted_kappa", "accuracy"):
        assert found.metrics[name] == labels.metrics[name]
    assert list(found.metrics) == list(labels.metrics)
    assert (found.numbers, labels.numbers) == ("scores", "labels")
    assert set(NUMERIC) <= set(found.metrics)


def test_the_record_and_the_text_say_what_was_measured():
    found = agreement(LABELS, GOLD, FIVE, scores=SCORES, resamples=200)
    assert json.loads(json.dumps(found.to_dict()))["numbers"] == "scores"
    assert str(found).endswith("(tau_b, spearman, pearson, icc3, mse, mae, bias: of scores, not of labels)")
    assert found.metrics["mae"].low is not None
    assert "scores" not in str(agreement(LABELS, GOLD, FIVE, resamples=0))


def test_scores_that_are_the_labels_change_nothing_but_the_record():
    scores = [None if label is None else FIVE.value(label) for label in LABELS]
    plain, scored = agreement(LABELS, GOLD, FIVE), agreement(LABELS, GOLD, FIVE, scores=scores)
    assert scored.metrics == plain.metrics


def test_a_rater_without_scores_is_measured_by_its_labels():
    none = agreement(LABELS, GOLD, FIVE, scores=[None] * 4, resamples=0)
    assert none == agreement(LABELS, GOLD, FIVE, resamples=0)
    nominal = Nominal(["a", "b"])
    assert agreement(["a", "b"], ["a", "b"], nominal, scores=[None, None], resamples=0).numbers == "labels"


def test_an_unanswered_item_is_the_fill_or_left_out_in_both():
    labels: list[Label | None] = [2, None, 4, 4]
    scores: list[float | None] = [1.6, None, 3.8, 4.4]
    filled = agreement(labels, GOLD, FIVE, scores=scores, fill=3, resamples=0)
    assert filled.metrics["mae"].value == pytest.approx((0.6 + 1.0 + 0.2 + 0.6) / 4)
    left = agreement(labels, GOLD, FIVE, scores=scores, resamples=0)
    assert (left.n, left.left_out) == (3, 1)
    assert left.metrics["mae"].value == pytest.approx((0.6 + 0.2 + 0.6) / 3)


def test_scores_go_by_groups_as_labels_do():
    found = agreement(LABELS, GOLD, FIVE, scores=SCORES, groups=["x", "x", "y", None], resamples=100)
    assert found.groups == 3


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([1.6, 2.2, 3.8], "3 scores for 4 ratings"),
        ([1.6, 2.2, 3.8, None], "item 3 has no score"),
        ([1.6, 2.2, 3.8, 5.1], "the score 5.1 is off the scale"),
        ([1.6, 2.2, 3.8, math.nan], "the score nan is off the scale"),
    ],
)
def test_what_is_no_score_is_refused(scores, said):
    with pytest.raises(InputError, match=said):
        agreement(LABELS, GOLD, FIVE, scores=scores, resamples=0)


def test_a_score_without_a_label_and_a_scale_without_numbers_are_refused():
    with pytest.raises(InputError, match="item 0 has no label"):
        agreement([None, 2], [1, 2], FIVE, scores=[1.0, 2.0], fill=3, resamples=0)
    with pytest.raises(SetupError, match="has no value"):
        agreement(["a"], ["a"], Nominal(["a", "b"]), scores=[1.0], resamples=0)


def test_a_mean_may_leave_the_scale_by_its_rounding():
    scale = Interval(-4, 4)
    assert agreement([4.0, -4.0], [4.0, -4.0], scale, scores=[4.0 + 1e-12, -4.0], resamples=0).numbers == "scores"
