"""Consensus by hand-worked cases."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.data import (
    Annotation,
    InputError,
    Interval,
    Item,
    Nominal,
    Ordinal,
    Pairwise,
    SetupError,
    consensus,
    dawid_skene,
    distribution,
    majority,
    mean,
    median,
    spread,
)

STARS = Ordinal(1, 5)
NAMED = Ordinal.of(["bad", "ok", "good"])


@pytest.mark.parametrize(
    ("labels", "gold"),
    [
        ([3], 3),
        ([1, 5, 2], 2),
        ([2, 2, 4, 5], 4),  # middles 2 and 4, mean 13/4 = 3.25: 2 is 1.25 away, 4 only 0.75
        ([1, 1, 2, 5], 2),  # middles 1 and 2, mean 9/4 = 2.25: 2 is nearer
        ([1, 5], 1),  # mean 3 is as far from both: the lower
        ([1, 2, 3, 4], 2),  # mean 2.5: the lower
        ([4, 4, 4, 1], 4),
    ],
)
def test_ordinal_median(labels, gold):
    assert median(labels, STARS) == gold


def test_median_of_names_and_of_numbers():
    assert median(["good", "bad", "good"], NAMED) == "good"
    assert median(["good", "bad"], NAMED) == "bad"  # ranks 3 and 1, mean 2: the lower
    assert median([0.0, 1.0], Interval(0, 1)) == 0.5
    assert median([0.0, 0.5], Interval(0, 1, 0.5)) == 0.0  # 0.25 is half-way: down


@given(st.lists(st.integers(1, 5), min_size=1, max_size=9), st.randoms())
def test_median_is_one_of_the_middle_labels_whatever_the_order(labels, rng):
    ordered = sorted(labels)
    found = median(labels, STARS)
    assert found in (ordered[(len(labels) - 1) // 2], ordered[len(labels) // 2])
    rng.shuffle(labels)
    assert median(labels, STARS) == found


def test_mean_goes_to_the_nearest_level_where_there_are_levels():
    assert mean([1.0, 2.0, 4.0], Interval(0, 5)) == pytest.approx(7 / 3)
    assert mean([1, 2, 4], STARS) == 2
    assert mean([1, 2], STARS) == 1  # 1.5: down


def test_majority_and_its_ties():
    ironic = Nominal(["ironic", "not_ironic"])
    assert majority(["ironic", "not_ironic", "ironic"], ironic) == "ironic"
    assert majority(["ironic", "not_ironic"], ironic) is None
    assert majority(["A", "B", "tie", "tie"], Pairwise()) == "tie"


def test_distribution_names_every_level():
    assert distribution([1, 1, 2, 5], STARS) == {1: 0.5, 2: 0.25, 3: 0.0, 4: 0.0, 5: 0.25}
    assert distribution([0.5, -1.0], Interval(-1, 1)) == {-1.0: 0.5, 0.5: 0.5}


def test_spread_is_the_sample_standard_deviation():
    # 1, 3, 5: squares of deviations 4 + 0 + 4 = 8, over n - 1 = 2 is 4, root 2.
    assert spread([1, 3, 5], STARS) == 2.0
    assert math.isnan(spread([3], STARS))
    with pytest.raises(SetupError):
        spread(["A", "B"], Pairwise())


def test_auto_follows_the_scale():
    assert consensus([1, 5, 4], STARS) == 4
    assert consensus([1.0, 2.0], Interval(0, 5)) == 1.5
    assert consensus(["A", "tie", "A"], Pairwise()) == "A"
    assert consensus([], STARS) is None
    assert consensus([1, 1, 5], STARS, "mean") == 2
    assert consensus([1, 1, 5], STARS, "majority") == 1


def test_wrong_rules_and_labels():
    with pytest.raises(InputError, match="Did you mean 'median'"):
        consensus([1], STARS, "medain")
    with pytest.raises(SetupError, match="nominal scale has no mean"):
        consensus(["a"], Nominal(["a", "b"]), "mean")
    with pytest.raises(SetupError, match="without levels has no majority"):
        consensus([1.0], Interval(0, 1), "majority")
    with pytest.raises(SetupError, match="over all items"):
        consensus([1], STARS, "dawid_skene")
    for function in (median, mean, majority, distribution):
        with pytest.raises(InputError, match="no labels"):
            function([], STARS)
    with pytest.raises(InputError):
        majority([9], STARS)


def votes(rows):
    return [
        Item(f"i{n}", {"t": "x"}, tuple(Annotation(name, label) for name, label in row.items()))
        for n, row in enumerate(rows)
    ]


@pytest.mark.filterwarnings("ignore")
def test_dawid_skene_trusts_the_careful():
    # Two annotators are always right, three answer at random: a plain majority is wrong on some, the model on none.
    rng, scale = random.Random(0), Nominal(["no", "yes"])
    truth = [rng.choice(["no", "yes"]) for _ in range(60)]
    rows = [{"ann": t, "bob": t} | {f"noise{i}": rng.choice(["no", "yes"]) for i in range(3)} for t in truth]
    items = votes(rows)
    found = dawid_skene(items, scale)
    assert [found[f"i{n}"] for n in range(60)] == truth
    assert dawid_skene(items[::-1], scale) == found
    assert sum(majority(item.labels, scale) == t for item, t in zip(items, truth, strict=True)) < 60


def test_dawid_skene_needs_names():
    with pytest.raises(InputError, match="Name the annotator column"):
        dawid_skene([Item("i", {"t": "x"}, (Annotation(None, 1),))], STARS)
