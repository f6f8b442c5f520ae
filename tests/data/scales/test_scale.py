"""Scales read tolerantly of type, strictly of everything else, and survive every round trip."""

import copy
import json
import pickle
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.data import InputError, Interval, Nominal, Ordinal, Pairwise, SetupError, scale_from_dict

STARS = Ordinal(1, 5, {1: "very negative", 5: "very positive"})
ALL = [
    STARS,
    Ordinal(-2, 2),
    Ordinal.of(["bad", "ok", "good"], {"bad": "unusable"}),
    Ordinal.of([0, 2, 5]),
    Interval(-4, 4, anchors={-4: "worst, ever"}),
    Interval(0, 1, 0.1, {0.3: "some"}),
    Nominal(["ironic", "not_ironic"], {"ironic": "says the opposite"}),
    Nominal(["a", "A", "1", "1.0"]),
    Pairwise(),
    Pairwise(tie=False),
]


@pytest.mark.parametrize("scale", ALL, ids=repr)
def test_ranks_and_numbers_are_ordered_and_names_are_not(scale):
    assert scale.ordered is isinstance(scale, Ordinal | Interval)


@pytest.mark.parametrize("value", ["4", " 4 ", "4.0", 4, 4.0, np.int64(4), np.float32(4), Decimal("4"), "+4", "4e0"])
def test_read_tolerates_the_type(value):
    label = STARS.read(value)
    assert label == 4 and type(label) is int


@pytest.mark.parametrize("value", [None, "", "  ", float("nan"), np.nan, float("inf"), True, np.True_, [4], b"4"])
@pytest.mark.parametrize("scale", ALL, ids=repr)
def test_read_refuses_what_is_no_label(scale, value):
    with pytest.raises(InputError, match=r"^f\.csv, line 3: .*Allowed: "):
        scale.read(value, place="f.csv, line 3")


@pytest.mark.parametrize("value", ["4 stars", "4,0", "1_0", "0x4", "nan", "four", "4.5", "٤", 6, 10**400, "9" * 5000])
def test_read_never_guesses(value):
    with pytest.raises(InputError):
        STARS.read(value)


def test_messages_say_how_the_value_misses_the_scale():
    with pytest.raises(InputError, match="^x: 7 is outside the scale. Allowed: 1, 2, 3, 4, 5.$"):
        STARS.read(7, place="x")
    with pytest.raises(InputError, match="4.5 is between the levels of the scale"):
        STARS.read(4.5)
    with pytest.raises(InputError, match="'irnic' is not a label of the scale.*Did you mean 'ironic'?"):
        Nominal(["ironic", "not_ironic"]).read("irnic")
    with pytest.raises(InputError) as caught:
        STARS.read("x" * 10_000_000)
    assert len(str(caught.value)) < 200


def test_names_are_read_in_any_case_unless_that_would_be_a_guess():
    assert Nominal(["ironic", "not_ironic"]).read(" IRONIC ") == "ironic"
    assert Pairwise().read("TIE") == "tie" and Pairwise().read("a") == "A"
    both = Nominal(["Yes", "yes"])
    assert both.read("yes") == "yes"
    with pytest.raises(InputError):
        both.read("YES")


def test_numbers_as_names():
    codes = Nominal(["0", "1"])
    assert codes.read(1) == "1" and codes.read(1.0) == "1" and codes.read("1.0") == "1"
    assert Nominal([0, 1]).levels == ("0", "1")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError):
        Ordinal.of(["bad", "ok", "good"]).read(2)  # a rank is not a name


@pytest.mark.parametrize("scale", ALL, ids=repr)
def test_round_trips(scale):
    for label in scale.levels or (-4.0, 0.1, 1e-7, 4.0):
        assert scale.read(scale.write(label)) == label
        assert scale.check(label) == label and label in scale
    assert scale_from_dict(json.loads(json.dumps(scale.to_dict()))) == scale
    assert pickle.loads(pickle.dumps(scale)) == scale == copy.deepcopy(scale)
    assert hash(scale) == hash(scale_from_dict(scale.to_dict()))


@given(st.floats(-4, 4))
def test_any_interval_value_survives_writing(x):
    scale = Interval(-4, 4)
    label = scale.read(x)
    assert scale.read(scale.write(label)) == label == x


@pytest.mark.parametrize("label", [4.0, True, "4", np.int64(4), 6, None, [4]])
def test_check_wants_the_exact_label(label):
    with pytest.raises(InputError, match="^item 'a': .* not exactly a label"):
        STARS.check(label, "item 'a'")
    assert label not in STARS


def test_position_value_distance_by_kind():
    # STARS: rank of 4 is 3, its value is 4; 1 and 5 are four steps apart.
    assert (STARS.position(4), STARS.value(4), STARS.distance(1, 5)) == (3.0, 4.0, 4.0)
    named = Ordinal.of(["bad", "ok", "good"])
    assert (named.position("good"), named.value("good"), named.distance("good", "bad")) == (2.0, 3.0, 2.0)
    # Levels 0, 2, 5: one step from 2 to 5 although three apart in value.
    gaps = Ordinal.of([0, 2, 5])
    assert (gaps.position(5), gaps.value(5), gaps.distance(2, 5)) == (2.0, 5.0, 1.0)
    assert (Interval(0, 10).distance(2, 5), Interval(0, 10, 0.5).distance(2.0, 5.0)) == (3.0, 6.0)
    ironic = Nominal(["ironic", "not_ironic", "unsure"])
    assert (ironic.position("unsure"), ironic.distance("ironic", "unsure")) == (2.0, 1.0)
    assert Pairwise().distance("A", "A") == 0.0
    for scale, label in ((ironic, "ironic"), (Pairwise(), "A")):
        with pytest.raises(SetupError, match="has no value"):
            scale.value(label)
        with pytest.raises(SetupError):
            scale.nearest(1)


@pytest.mark.parametrize(
    ("scale", "x", "label"),
    [
        (STARS, 2.5, 2),
        (STARS, 2.500001, 3),
        (STARS, -9, 1),
        (STARS, 9, 5),
        (Ordinal.of([0, 2, 5]), 3.5, 2),
        (Ordinal.of(["bad", "ok", "good"]), 2.6, "good"),
        (Interval(0, 1, 0.1), 0.15, 0.1),  # 0.15 / 0.1 is 1.4999999999999998 in floats
        (Interval(0, 1, 0.1), 0.35, 0.3),
        (Interval(0, 1, 0.1), 0.36, 0.4),
        (Interval(-4, 4), 5, 4.0),
        (Interval(-4, 4), 0.123, 0.123),
    ],
)
def test_nearest_ties_go_down(scale, x, label):
    assert scale.nearest(x) == label


@given(st.floats(-100, 100), st.integers(-5, 5), st.integers(1, 9))
def test_nearest_is_nearest(x, low, more):
    scale = Ordinal(low, low + more)
    best = min(abs(x - scale.value(level)) for level in scale.levels)
    assert abs(x - scale.value(scale.nearest(x))) == best


@pytest.mark.parametrize("x", [float("nan"), float("inf"), None, "2"])
def test_nearest_refuses_what_is_no_finite_number(x):
    with pytest.raises(InputError):
        STARS.nearest(x)


def test_steps_are_the_numbers_people_write():
    assert Interval(0, 1, 0.1).levels == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
    assert Interval(0, 1, 0.1).read(0.1 + 0.2) == 0.3
    with pytest.raises(InputError):
        Interval(0, 1, 0.1).read(0.35)


def test_descriptions():
    assert STARS.describe() == "a whole number from 1 to 5 (1 = very negative, 5 = very positive)"
    assert Ordinal.of(["bad", "good"]).describe() == "one of, from lowest to highest: bad, good"
    assert Interval(0, 1, 0.5).describe() == "a number from 0 to 1 in steps of 0.5"
    assert Nominal(["x", "y"]).describe() == "one of: x, y"
    assert Pairwise(tie=False).describe() == "one of: A, B (A = the first is better, B = the second is better)"


@pytest.mark.parametrize(
    "make",
    [
        lambda: Ordinal(5, 1),
        lambda: Ordinal(1, 1),
        lambda: Ordinal(1.5, 5),  # pyright: ignore[reportArgumentType]
        lambda: Ordinal(0, 10**9),
        lambda: Ordinal(True, 5),
        lambda: Ordinal.of([3, 2, 1]),
        lambda: Ordinal.of(["a", 1]),
        lambda: Ordinal.of("abc"),
        lambda: Ordinal.of(["a"]),
        lambda: Nominal(["a", "a "]),
        lambda: Nominal(["a", ""]),
        lambda: Nominal([True, False]),  # pyright: ignore[reportArgumentType]
        lambda: Nominal("ab"),
        lambda: Interval(1, 1),
        lambda: Interval(0, float("inf")),
        lambda: Interval(0, 1, 0.3),
        lambda: Interval(0, 1, -0.5),
        lambda: Interval(0, 1, 0),
        lambda: Interval(0, 1, 1e-9),
        lambda: Pairwise("yes"),  # pyright: ignore[reportArgumentType]
        lambda: Ordinal(1, 5, {6: "beyond"}),
        lambda: Ordinal(1, 5, {1: ""}),
        lambda: Ordinal(1, 5, ["a"]),  # pyright: ignore[reportArgumentType]
    ],
)
def test_impossible_scales_are_refused(make):
    with pytest.raises(InputError):
        make()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({}, "needs a type"),
        ("ordinal", "needs a type"),
        ({"type": "ordnal"}, "Did you mean 'ordinal'"),
        ({"type": ["x"]}, "unknown scale type"),
        ({"type": "nominal", "value": ["a", "b"]}, "Did you mean 'values'"),
        ({"type": "nominal"}, "Give values"),
        ({"type": "ordinal", "low": 1}, "Give high"),
        ({"type": "ordinal", "low": 1, "high": 2, "levels": ["a", "b"]}, "both levels and low/high"),
        ({"type": "nominal", "values": [True, False]}, "YAML reads a bare yes as true"),
        ({"type": "ordinal", "low": 1, "high": 5, "anchors": {9: "x"}}, "anchor of 9: 9 is outside"),
    ],
)
def test_scale_from_dict_says_what_is_wrong(data, says):
    with pytest.raises(InputError, match="^task.yaml, scale.*") as caught:
        scale_from_dict(data, place="task.yaml, scale")
    assert says in str(caught.value)


def test_a_scale_cannot_be_changed_and_changes_nothing():
    values, anchors = ["a", "b"], {"a": "first"}
    scale = Nominal(values, anchors)
    values.append("c")
    anchors["b"] = "second"
    assert scale.levels == ("a", "b") and scale.anchors == {"a": "first"}
    with pytest.raises(TypeError):
        scale.anchors["b"] = "second"  # pyright: ignore[reportIndexIssue]
    with pytest.raises(AttributeError):
        scale.values = ["x", "y"]  # pyright: ignore[reportAttributeAccessIssue]
