"""Position bias: planted preferences come back, noise alone shows none, and thin input has a defined answer."""

import itertools
import json

import numpy as np
import pytest

from accord.data import InputError, Ordinal, Pairwise, SetupError, both_orders, position_bias, turned

PREFERENCE = "preference for the first shown"


def _verdicts(pairs, bias, noise, *, seed=0, first="A"):
    """Gold, and what a rater says in both orders who names one place in a share of its verdicts and errs in another."""
    rng = np.random.default_rng(seed)
    gold = [str(one) for one in rng.choice(["A", "B", "tie"], pairs, p=[0.45, 0.45, 0.1])]

    def say(truth):
        if rng.random() < bias:
            return first
        return str(rng.choice(["A", "B", "tie"])) if rng.random() < noise else truth

    return [say(one) for one in gold], [say(turned(one)) for one in gold], gold


@pytest.mark.parametrize("first", ["A", "B"])
@pytest.mark.parametrize("bias", [0.1, 0.3])
def test_a_planted_preference_for_a_place_is_in_its_interval(bias, first):
    wanted = bias if first == "A" else -bias
    held = 0
    for seed in range(10):
        given, swapped, _ = _verdicts(600, bias, 0.3, first=first, seed=seed)
        found = position_bias(given, swapped, resamples=200, seed=seed)
        held += found.measures[PREFERENCE].low <= wanted <= found.measures[PREFERENCE].high
        assert found.shown is True
        assert f"whatever is shown {'first' if first == 'A' else 'second'} wins" in found.verdict
    assert held >= 8, "a 95 % interval misses about one in twenty"


def test_noise_flips_verdicts_and_shows_no_preference():
    shown = 0
    for seed in range(20):
        given, swapped, _ = _verdicts(200, 0.0, 0.5, seed=seed)
        found = position_bias(given, swapped, resamples=200, seed=seed)
        flips = found.measures["flips"].value
        assert flips is not None and flips > 0.3
        shown += bool(found.shown)
    assert shown <= 3, "at most about one in twenty by chance"


def test_the_measures_by_hand():
    # Turned back the swapped verdicts read A, B, A, tie, B: pairs 3 and 4 flip. Pair 3 is B both times, which leans to
    # the second place by 1; pair 4 is A, then a tie, which leans to the first by 1/2. One of ten verdicts is a tie.
    given = ["A", "B", "B", "A", "B"]
    swapped = ["B", "A", "B", "tie", "A"]
    gold = ["A", "A", "B", "A", "B"]
    found = position_bias(given, swapped, gold=gold, resamples=0)
    values = {name: estimate.value for name, estimate in found.measures.items()}
    assert values == {
        # As said: 4 times A and 5 times B.
        PREFERENCE: pytest.approx((4 - 5) / 10),
        "flips": pytest.approx(2 / 5),
        "flips for the first shown": pytest.approx(1 / 2),
        "ties": pytest.approx(1 / 10),
        "right in both orders": pytest.approx(2 / 5),
        "right in one order": pytest.approx((2 + 0 + 1 + 1 + 2) / 10),
    }
    assert found.shown is None and "no resamples" in found.verdict


def test_the_order_of_the_pairs_and_of_whole_groups_does_not_matter():
    given, swapped, gold = _verdicts(90, 0.2, 0.3)
    groups = [f"instruction {i // 3}" for i in range(90)]
    order = np.random.default_rng(1).permutation(90)
    found = position_bias(given, swapped, gold=gold, groups=groups, resamples=100)
    mixed = [[column[i] for i in order] for column in (given, swapped, gold, groups)]
    again = position_bias(mixed[0], mixed[1], gold=mixed[2], groups=mixed[3], resamples=100)
    assert found == again
    assert found.details["units"] == 30
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["n"] == 90


@pytest.mark.parametrize(
    ("given", "swapped", "shown", "said"),
    [
        ([], [], None, "no pair has a verdict in both orders"),
        ([None, None], ["A", "B"], None, "no pair has a verdict in both orders"),
        (["A"], ["A"], None, "only one item"),
        (["tie"] * 20, ["tie"] * 20, False, "every verdict is a tie"),
        (["A", "B"] * 10, ["B", "A"] * 10, False, "no verdict changes with the order"),
        (["A"] * 20, ["A"] * 20, True, "whatever is shown first wins 100.0 points"),
        (["A"] * 3, ["A"] * 3, False, "no preference for a place is shown beyond noise"),
        (["A", "B"] * 5, ["A", "B"] * 5, False, "no preference for a place is shown beyond noise"),
    ],
)
def test_thin_and_constant_input_has_a_defined_answer(given, swapped, shown, said):
    found = position_bias(given, swapped, resamples=200)
    assert found.shown is shown
    assert said in found.verdict
    assert str(found) and json.dumps(found.to_dict(), allow_nan=False)


def test_missing_verdicts_are_left_out_and_counted_by_order():
    found = position_bias(["A", None, "B", None], ["B", "A", None, None], resamples=0)
    assert found.n == 1
    assert found.left_out == {
        "no verdict in the order given": 1,
        "no verdict with the two exchanged": 1,
        "no verdict in either order": 1,
    }


def test_wrong_input_is_refused_in_one_line():
    with pytest.raises(SetupError, match="the ordinal scale has no verdicts on pairs"):
        position_bias(["A"], ["A"], scale=Ordinal(1, 5))
    with pytest.raises(InputError, match="1 swapped verdicts for 2 verdicts"):
        position_bias(["A", "B"], ["A"])
    with pytest.raises(InputError, match="1 gold verdicts for 2"):
        position_bias(["A", "B"], ["A", "B"], gold=["A"])
    with pytest.raises(InputError, match="a gold verdict is missing"):
        position_bias(["A"], ["A"], gold=[None])  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="not exactly a label"):
        position_bias(["A"], ["tie"], scale=Pairwise(tie=False))


@pytest.mark.parametrize("tie", [True, False])
def test_both_orders_agree_or_come_to_what_the_rule_says(tie):
    scale = Pairwise(tie=tie)
    for one, other in itertools.product([*scale.levels, None], repeat=2):
        for rule in ("tie", "none", "given") if tie else ("none", "given"):
            (found,) = both_orders([one], [other], scale, disagree=rule)
            if one is None or other is None:
                assert found is None
            elif one == turned(other):
                assert found == one
            else:
                assert found == {"tie": "tie", "none": None, "given": one}[rule]
    assert both_orders(["A"], ["A"], scale) == (["tie"] if tie else [None])


def test_rules_that_do_not_suit_are_refused():
    with pytest.raises(SetupError, match="the scale has no tie"):
        both_orders(["A"], ["A"], Pairwise(tie=False), disagree="tie")
    with pytest.raises(SetupError, match="unknown disagree='first'"):
        both_orders(["A"], ["A"], disagree="first")  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="2 swapped verdicts for 1"):
        both_orders(["A"], ["A", "B"])
    with pytest.raises(InputError, match="not exactly a label"):
        both_orders(["a"], ["A"])
