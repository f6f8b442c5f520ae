"""Each annotator against the others: what is compared, who is left out, and that nobody is judged."""

import json
from typing import Any

import numpy as np
import pytest

from accord.data import InputError, Interval, Nominal, Ordinal, SetupError, agreement, each_annotator, median

FIVE = Ordinal(1, 5)


def _people(items=60, seed=0):
    """Two careful people, one who guesses, and one with a few items."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, items)

    def careful():
        return np.clip(truth + rng.choice([-1, 0, 0, 0, 1], items), 1, 5).tolist()

    columns = {"ana": careful(), "ben": careful(), "guess": rng.integers(1, 6, items).tolist()}
    rows: list[Any] = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for row in rows[:4]:
        row["rare"] = 3
    return rows


def test_it_is_the_agreement_with_the_consensus_of_the_others():
    rows = _people()
    found = each_annotator(rows, FIVE, resamples=100, seed=3)
    others = [median([label for name, label in row.items() if name != "ana"], FIVE) for row in rows]
    mine = [row["ana"] for row in rows]
    assert found.annotators["ana"] == agreement(mine, others, FIVE, resamples=100, seed=3)
    assert list(found.annotators)[-1] == "guess"
    alphas = [row.metrics["alpha"].value for row in found.annotators.values()]
    assert alphas == sorted(alphas, key=lambda one: -(one or 0))
    assert dict(found.skipped) == {"rare": 4}
    assert (found.n, dict(found.left_out), found.rule, found.note) == (60, {}, "median", "")


def test_ties_and_items_nobody_else_labelled_are_counted():
    rows: list[Any] = [{"x": "a", "y": "a", "z": "b"}] * 12 + [{"x": "a"}] * 3 + [{"x": None, "y": "b"}]
    found = each_annotator(rows, Nominal(["a", "b"]), resamples=20)
    # Of a, a, b: for x and y the others are tied, for z they say a.
    assert dict(found.left_out) == {"no consensus among the others": 24, "nobody else labelled the item": 4}
    assert list(found.annotators) == ["z"] and dict(found.skipped) == {"x": 0, "y": 0}
    assert found.annotators["z"].metrics["accuracy"].value == 0
    assert "2 more have fewer than 10 items" in str(found)


def test_lists_are_read_by_position_and_it_says_so():
    rows = [list(row.values())[:3] for row in _people()]
    found = each_annotator(rows, FIVE, resamples=0)
    assert set(found.annotators) == {"annotator 1", "annotator 2", "annotator 3"}
    assert "position" in found.note and "position" in str(found)


@pytest.mark.parametrize(
    ("labels", "note"),
    [
        ([{"ana": 1}, {"ana": 2}], "one annotator only"),
        ([[1], [2]], "one annotator only"),
        ([], "there are no labels"),
        ([{}, {"ana": None}], "there are no labels"),
    ],
)
def test_one_annotator_or_none_has_a_defined_answer(labels, note):
    found = each_annotator(labels, FIVE)
    assert not found.annotators and note in found.note and note in str(found)
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_constant_annotator_comes_last_and_is_explained():
    rng = np.random.default_rng(1)
    rows: list[Any] = [{"a": 3, "b": 3, "c": int(rng.integers(1, 6))} for _ in range(30)]
    found = each_annotator(rows, FIVE, resamples=50)
    assert "one level only" in found.annotators["a"].metrics["tau_b"].note
    alike: list[Any] = [{"a": 3, "b": 3}] * 20
    same = each_annotator(alike, FIVE, resamples=50)
    assert same.annotators["a"].metrics["alpha"].value is None
    json.dumps(same.to_dict(), allow_nan=False)
    str(same)


def test_order_groups_rule_and_scale():
    rows = _people()
    groups = [str(i % 12) for i in range(60)]
    order = np.random.default_rng(2).permutation(60)
    first = each_annotator(rows, FIVE, groups=groups, resamples=100)
    again = each_annotator([rows[i] for i in order], FIVE, groups=[groups[i] for i in order], resamples=100)
    assert first == again and first.annotators["ana"].groups == 12
    assert each_annotator(rows, FIVE, rule="majority", resamples=0).rule == "majority"
    numbers: list[Any] = [{name: label / 2 for name, label in row.items()} for row in rows]
    assert each_annotator(numbers, Interval(0, 3), resamples=0).rule == "mean"


def test_wrong_calls_are_refused():
    with pytest.raises(SetupError, match="Dawid-Skene"):
        each_annotator([[1, 2]], FIVE, rule="dawid_skene")
    with pytest.raises(InputError, match="1 groups for 2 items"):
        each_annotator([[1, 2], [1, 2]], FIVE, groups=["x"])
    with pytest.raises(InputError, match="labels"):
        each_annotator([[1, 9]], FIVE)
    with pytest.raises(InputError, match="two annotators of an item have the same name"):
        each_annotator([{1: 1, "1": 2}], FIVE)  # type: ignore[dict-item]
