"""Every statistic on data that break other libraries: a defined answer with its reason, or one clear error."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest

from accord.data import (
    Estimate,
    InputError,
    Interval,
    Nominal,
    Ordinal,
    Pairwise,
    SetupError,
    add_one,
    agreement,
    alt_test,
    each_annotator,
    gold_reliability,
    human_agreement,
    labels_needed,
    paired_difference,
    panel_agreement,
    panel_change,
    permutation_test,
    power_at,
    replace_one,
    system_agreement,
)

FIVE = Ordinal(1, 5)


class Given(NamedTuple):
    """What the statistics are given."""

    ratings: Any
    labels: Any
    gold: Any
    scale: Any = FIVE
    groups: Any = None


def _turned(ratings: Any) -> Any:
    return list(ratings)[::-1]


def _systems(gold: Any) -> list[str]:
    return ["x" if place % 2 else "y" for place in range(len(gold))]


CALLS: dict[str, Callable[[Given], Any]] = {
    "agreement": lambda g: agreement(g.ratings, g.gold, g.scale, groups=g.groups, resamples=40),
    "human_agreement": lambda g: human_agreement(g.labels, g.scale, groups=g.groups, resamples=40),
    "gold_reliability": lambda g: gold_reliability(g.labels, g.scale, groups=g.groups, resamples=40),
    "each_annotator": lambda g: each_annotator(g.labels, g.scale, groups=g.groups, resamples=40),
    "replace_one": lambda g: replace_one(g.ratings, g.labels, g.scale, groups=g.groups, resamples=40),
    "add_one": lambda g: add_one(g.ratings, g.labels, g.scale, groups=g.groups, resamples=40),
    "alt_test": lambda g: alt_test(g.ratings, g.labels, g.scale),
    "paired_difference": lambda g: paired_difference(g.ratings, g.gold, g.gold, g.scale, groups=g.groups, resamples=40),
    "permutation_test": lambda g: permutation_test(
        g.ratings, g.gold, g.gold, g.scale, groups=g.groups, permutations=40
    ),
    "labels_needed": lambda g: labels_needed(g.ratings, g.gold, g.gold, g.scale, groups=g.groups, resamples=40),
    "power_at": lambda g: power_at(
        g.ratings, g.gold, g.gold, g.scale, items=12, groups=g.groups, simulations=4, resamples=20
    ),
    "system_agreement": lambda g: system_agreement(g.ratings, g.gold, _systems(g.gold), g.scale, resamples=40),
    "panel_agreement": lambda g: panel_agreement(
        {"a": g.ratings, "b": _turned(g.ratings)}, g.gold, g.scale, groups=g.groups, resamples=40
    ),
    "panel_change": lambda g: panel_change(
        {"a": g.ratings, "b": _turned(g.ratings)},
        {"a": g.gold, "b": g.gold},
        g.gold,
        g.scale,
        groups=g.groups,
        resamples=40,
    ),
}
WITHOUT_GROUPS = ("alt_test", "system_agreement")
RATED = tuple(name for name in CALLS if name not in ("human_agreement", "gold_reliability", "each_annotator"))
PEOPLE = ("human_agreement", "gold_reliability", "each_annotator", "replace_one", "add_one", "alt_test")


def _world(n: int, *, always: Any = None, gold: Any = None, people: int = 3, scale: Any = FIVE, groups: Any = None):
    """Labels at random; a rater that always says one thing, or people and gold that do."""
    rng = np.random.default_rng(n)
    levels = scale.levels

    def some() -> Any:
        return levels[rng.integers(0, len(levels))]

    return Given(
        [some() if always is None else always for _ in range(n)],
        [{f"p{one}": some() if gold is None else gold for one in range(people)} for _ in range(n)],
        [some() if gold is None else gold for _ in range(n)],
        scale,
        groups,
    )


SMALL = {
    "no items": Given([], [], []),
    "no items with names": Given([], [], [], Nominal(["a", "b"])),
    "one item": _world(1),
    "two items": _world(2),
    "ten items": _world(10),
    "ten items with verdicts": _world(10, scale=Pairwise()),
    "all ties": _world(30, always=3, gold=3),
    "all tied verdicts": _world(30, always="tie", gold="tie", scale=Pairwise()),
    "a constant rater": _world(30, always=3),
    "a constant rater of verdicts": _world(30, always="A", scale=Pairwise()),
    "constant gold": _world(30, gold=4),
    "no readable rating": _world(20)._replace(ratings=[None] * 20),
    "one annotator": _world(30, people=1),
    "nobody": Given([3] * 12, [{}] * 12, [3] * 12),
    "labels by position": Given([1, 2] * 6, [[1, 2], [2, None]] * 6, [1, 2] * 6),
    "one group": _world(30, groups=["g"] * 30),
    "two groups": _world(30, groups=["g", "h"] * 15),
    "groups that are None": _world(30, groups=[None] * 30),
    "sixty levels": _world(40, scale=Ordinal(1, 60)),
    "numbers that hardly differ": Given(
        [1e-12 * i for i in range(20)],
        [{"a": 1e-12 * i, "b": 1e-12 * (i + 1)} for i in range(20)],
        [1e-12 * i for i in range(20)],
        Interval(0, 1),
    ),
    "large numbers": Given(
        [1e90 * (i % 3) for i in range(20)],
        [{"a": 1e90 * (i % 3), "b": 1e90 * (i % 2)} for i in range(20)],
        [1e90 * (i % 2) for i in range(20)],
        Interval(0, 1e91),
    ),
}


def _unexplained(record: Any, place: str = "") -> list[str]:
    """Return where there is neither a number nor a reason."""
    if not isinstance(record, Mapping):
        return []
    if {"value", "note"} <= set(record) and record["value"] is None and not record["note"]:
        return [place]
    return [lost for key, value in record.items() for lost in _unexplained(value, f"{place}/{key}")]


@pytest.mark.parametrize("data", list(SMALL))
@pytest.mark.parametrize("statistic", list(CALLS))
def test_thin_and_uniform_data_have_a_defined_answer(statistic: str, data: str) -> None:
    given = SMALL[data]
    if statistic == "system_agreement" and not given.scale.ordered:
        with pytest.raises(SetupError, match="have no mean"):
            CALLS[statistic](given)
        return
    found = CALLS[statistic](given)
    record = found.to_dict()
    json.dumps(record, allow_nan=False)
    assert not _unexplained(record)
    if isinstance(found, Estimate):
        assert found.value is not None or found.note


GOOD = _world(6)


def _with(**changes: Any) -> Given:
    return GOOD._replace(**changes)


NUMBERS = Given([0.1, 0.5, 0.9], [{"a": 0.1, "b": 0.2}] * 3, [0.1, 0.4, 0.8], Interval(0, 1))
REFUSED: dict[str, tuple[Given, tuple[str, ...], str]] = {
    "a rating that is NaN": (_with(ratings=[float("nan"), 1, 2, 3, 4, 5]), RATED, "ratings"),
    "a number that is NaN": (NUMBERS._replace(ratings=[float("nan"), 0.5, 0.9]), RATED, "nan is not exactly a label"),
    "a number that is infinite": (NUMBERS._replace(ratings=[0.1, float("inf"), 0.9]), RATED, "inf is "),
    "a number too large to square": (
        Given([1e200, 0.0], [{"a": 0.0, "b": 1e200}] * 2, [0.0, 1e200], Interval(0, 1e300)),
        tuple(CALLS),
        "too large to be squared",
    ),
    "people's label that is NaN": (_with(labels=[{"a": float("nan"), "b": 1}] * 6), PEOPLE, "labels: nan"),
    "a rating off the scale": (_with(ratings=[9, 1, 2, 3, 4, 5]), RATED, "9 is not exactly a label"),
    "a rating of another type": (_with(ratings=["1", 1, 2, 3, 4, 5]), RATED, "'1' is not exactly a label"),
    "a boolean": (_with(ratings=[True, 1, 2, 3, 4, 5]), RATED, "True is not exactly a label"),
    "several labels in one": (_with(ratings=[[1, 2], 1, 2, 3, 4, 5]), RATED, r"\[1, 2\] is no label"),
    "people's label off the scale": (_with(labels=[{"a": 0, "b": 1}] * 6), PEOPLE, "labels: 0 is not exactly"),
    "one label in place of an item's": (_with(labels=[1, 2, 3, 4, 5, 1]), PEOPLE, "1 is not the labels of an item"),
    "one name in place of an item's": (
        Given(["a"], ["a"], ["a"], Nominal(["a", "b"])),
        PEOPLE,
        "'a' is not the labels of an item",
    ),
    "two ratings of an item by one person": (
        _with(labels=[{1: 3, "1": 4}] * 6),
        ("each_annotator", "replace_one", "add_one", "alt_test"),
        "two annotators of an item have the same name: 1, '1'",
    ),
    "a missing gold label": (
        _with(gold=[None, 1, 2, 3, 4, 5]),
        ("agreement", "paired_difference", "permutation_test", "system_agreement"),
        "a label is missing",
    ),
    "too few ratings": (_with(ratings=[1, 2]), RATED, "for 6 "),
    "too few groups": (_with(groups=["x"]), tuple(name for name in CALLS if name not in WITHOUT_GROUPS), "1 "),
    "groups that are NaN": (
        _with(groups=[float("nan")] * 6),
        ("agreement", "human_agreement", "gold_reliability", "replace_one", "paired_difference", "panel_agreement"),
        "a group is NaN",
    ),
    "groups of texts and numbers": (
        _with(groups=["x", 1, "y", 2, "z", 3]),
        ("agreement", "human_agreement", "gold_reliability", "replace_one", "paired_difference", "panel_agreement"),
        "the groups are not all texts",
    ),
}


@pytest.mark.parametrize(
    ("data", "statistic"), [(data, statistic) for data, (_, names, _) in REFUSED.items() for statistic in names]
)
def test_wrong_data_are_one_clear_error(data: str, statistic: str) -> None:
    given, _, said = REFUSED[data]
    with pytest.raises(InputError, match=said) as caught:
        CALLS[statistic](given)
    assert "\n" not in str(caught.value) and caught.value.cure


@pytest.mark.parametrize("scale", [Nominal(["a", "b"]), Pairwise()])
@pytest.mark.parametrize("metric", ["mse", "tau_b", "weighted_kappa", "nonsense"])
def test_a_metric_that_the_scale_does_not_have_is_refused_with_those_it_has(scale: Any, metric: str) -> None:
    level = scale.levels[0]
    for call in (paired_difference, permutation_test, labels_needed):
        with pytest.raises(SetupError, match="is not a metric of .* Give one of alpha, kappa, accuracy"):
            call([level], [level], [level], scale, metric=metric)
    with pytest.raises(SetupError, match="is not a metric of"):
        power_at([level], [level], [level], scale, items=5, metric=metric)


def test_other_calls_that_do_not_fit_the_scale_are_refused() -> None:
    names = Nominal(["a", "b"])
    with pytest.raises(SetupError, match="has no rmse"):
        alt_test(["a"], [["a", "b"]], names, scoring="rmse")
    with pytest.raises(SetupError, match="has no median"):
        gold_reliability([["a", "b"]], names, rule="median")
    with pytest.raises(SetupError, match="has no majority"):
        each_annotator([[0.1, 0.2]], Interval(0, 1), rule="majority")
    with pytest.raises(SetupError, match="has no value"):
        agreement(["a"], ["a"], names, scores=[0.5])
