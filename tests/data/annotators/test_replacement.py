"""Replacing one person by the rater, and adding the rater to people."""

import json
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from accord.data import InputError, Interval, Nominal, Ordinal, add_one, human_agreement, replace_one

FIVE = Ordinal(1, 5)
XYZ = Nominal(("x", "y", "z"))


def _people(n=150, seed=0, people="abcde", missing=0.0) -> tuple[list[Any], list[int], list[int]]:
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, n)
    labels = [
        {who: int(np.clip(value + rng.choice([-1, 0, 0, 0, 1]), 1, 5)) for who in people if rng.random() >= missing}
        for value in truth
    ]
    good = np.clip(truth + rng.choice([-1, 0, 0, 0, 1], n), 1, 5).tolist()
    return labels, good, rng.integers(1, 6, n).tolist()


def test_it_is_alpha_with_the_rater_in_a_persons_place() -> None:
    labels, good, _ = _people(missing=0.3)
    found = replace_one(good, labels, FIVE, resamples=0)
    for who, row in found.annotators.items():
        here = [(item, label) for item, label in zip(labels, good, strict=True) if who in item and len(item) > 1]
        before = human_agreement([item for item, _ in here], FIVE, resamples=0).metrics["alpha"].value
        after = human_agreement([item | {who: label} for item, label in here], FIVE, resamples=0).metrics["alpha"].value
        assert row.n == len(here) and row.before.value == pytest.approx(before, abs=1e-9)
        assert row.after.value == pytest.approx(after, abs=1e-9)
    changes = [row.change.value for row in found.annotators.values()]
    assert found.change.value == pytest.approx(np.mean([value for value in changes if value is not None]))


def test_a_perfect_copy_changes_nothing_and_a_random_rater_lowers_agreement() -> None:
    labels, good, random = _people()
    copied = replace_one([item["a"] for item in labels], labels, FIVE, resamples=200).annotators["a"]
    assert (copied.change.value, copied.change.low, copied.change.high) == (0.0, 0.0, 0.0)
    lowered = replace_one(random, labels, FIVE, resamples=300)
    assert lowered.worse_than == tuple("abcde") and lowered.change.high is not None and lowered.change.high < 0
    kept = replace_one(good, labels, FIVE, resamples=300)
    assert kept.change.low is not None and kept.change.high is not None and kept.change.low < 0 < kept.change.high
    assert not set(kept.worse_than) & set("abcde") or len(kept.worse_than) <= 1


def test_groups_make_the_interval_wider() -> None:
    labels, good, _ = _people(40)
    groups = [str(i % 40) for i in range(400)]
    whole = replace_one(good * 10, labels * 10, FIVE, groups=groups, resamples=300)
    items = replace_one(good * 10, labels * 10, FIVE, resamples=300)
    assert whole.groups == 40 and whole.change.low is not None and items.change.low is not None
    assert whole.change.high is not None and items.change.high is not None
    assert whole.change.high - whole.change.low > 2 * (items.change.high - items.change.low)


def test_adding_a_rater_is_alpha_with_one_column_more() -> None:
    labels, good, random = _people(missing=0.3)
    found = add_one(good, labels, FIVE, resamples=200)
    here = [(item, label) for item, label in zip(labels, good, strict=True) if len(item) > 1]
    after = human_agreement([item | {"rater": label} for item, label in here], FIVE, resamples=0).metrics["alpha"].value
    assert found.after.value == pytest.approx(after, abs=1e-9) and found.n == len(here)
    lowered = add_one(random, labels, FIVE, resamples=200).change
    assert lowered.high is not None and lowered.high < 0


def test_one_good_rater_helps_one_person_most() -> None:
    labels, good, random = _people(400)
    found = add_one(good, labels, FIVE, resamples=200)
    assert list(add_one(good, labels, FIVE, most=2, resamples=0).people) == [1, 2]
    assert list(found.people) == [1, 2, 3, 4] and found.measure == "spearman"
    gains = [row.gain.value for row in found.people.values() if row.gain.value is not None]
    assert gains[0] == max(gains) and found.people[1].gain.low is not None and found.people[1].gain.low > 0
    worse = add_one(random, labels, FIVE, resamples=200).people[2].gain
    assert worse.high is not None and worse.high < 0


def test_two_people_are_set_against_each_other() -> None:
    # With two people, one is the few and the other the rest, whoever is drawn: labels alike make the draw not matter.
    truth = [1, 2, 3, 4, 5] * 8
    ratings = [2, 2, 4, 4, 5] * 8
    found = add_one(ratings, [[label, label] for label in truth], FIVE, resamples=0).people[1]
    assert found.alone.value == pytest.approx(1.0)
    joined = [(a + b) / 2 for a, b in zip(truth, ratings, strict=True)]
    assert found.joined.value == pytest.approx(spearmanr(joined, truth)[0])


def test_names_are_compared_by_the_share_of_the_others_who_gave_them() -> None:
    # The few: x. The rest: x, y -> half. The rater joins with z: x and z tie, shares 1/2 and 0 -> a quarter.
    labels: list[Any] = [{"a": "x", "b": "x", "c": "x"}] * 20
    found = add_one(["z"] * 20, labels, XYZ, resamples=50)
    assert found.measure == "shared"
    assert (found.people[1].alone.value, found.people[1].joined.value) == (1.0, 0.5)
    # Two of the few say x: the rater's z is outvoted.
    assert found.people[2].joined.value == 1.0


def test_the_order_of_items_does_not_matter() -> None:
    labels, good, _ = _people(60)
    order = np.random.default_rng(0).permutation(60)
    moved = [good[i] for i in order], [labels[i] for i in order]
    for test in (replace_one, add_one):
        one, two = (test(*given, FIVE, resamples=50, seed=4) for given in ((good, labels), moved))
        assert two.change.low == pytest.approx(one.change.low, abs=1e-12)
    assert add_one(*moved, FIVE, resamples=50).people[2].gain.value == pytest.approx(
        add_one(good, labels, FIVE, resamples=50).people[2].gain.value, abs=1e-12
    )


@pytest.mark.parametrize("scale", [FIVE, Interval(1, 5)])
@pytest.mark.parametrize("n", [0, 1, 12])
def test_degenerate_data_is_explained(scale, n) -> None:
    kinds: list[Any] = [[{"a": 3, "b": 3}] * n, [{"a": 3}] * n, [{}] * n]
    for labels in kinds:
        replaced = replace_one([3] * n, labels, scale, resamples=20)
        added = add_one([3] * n, labels, scale, resamples=20)
        assert replaced.change.value is not None or replaced.change.note
        assert added.change.value is None and added.change.note
        assert all(row.gain.note for row in added.people.values())
        json.dumps([replaced.to_dict(), added.to_dict()], allow_nan=False)


def test_people_with_few_items_are_counted() -> None:
    labels, good, _ = _people(30, people="ab")
    labels[0]["c"] = 3
    found = replace_one(good, labels, FIVE, resamples=0)
    assert dict(found.skipped) == {"c": 1} and set(found.annotators) == {"a", "b"}


def test_what_makes_no_sense_is_refused() -> None:
    labels, good, _ = _people(12)
    with pytest.raises(InputError, match="11 ratings for 12 items"):
        replace_one(good[1:], labels, FIVE)
    with pytest.raises(InputError, match="11 groups for 12 items"):
        add_one(good, labels, FIVE, groups=["g"] * 11)
    with pytest.raises(InputError, match="most is 0"):
        add_one(good, labels, FIVE, most=0)
