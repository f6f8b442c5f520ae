"""Bradley-Terry and Davidson: the likelihood's maximum, planted strengths, and what verdicts leave open."""

import json
import math

import numpy as np
import pytest
from scipy.optimize import minimize

from accord.data import Comparison, InputError, bradley_terry

NAMES = ("ana", "ben", "cleo", "dan")
STRENGTHS = np.array([0.9, 0.2, -0.3, -0.8])


def _sure(number):
    """A number that is there."""
    assert number is not None
    return number


def _holds(estimate, number):
    return _sure(_sure(estimate).low) < number < _sure(estimate.high)


def _comparisons(count, *, tie=-math.inf, home=0.0, seed=0, strengths=STRENGTHS):
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        a, b = rng.choice(len(strengths), 2, replace=False)
        logs = [strengths[a] + home / 2, strengths[b] - home / 2, tie + (strengths[a] + strengths[b]) / 2]
        weights = np.exp(logs)
        verdict = ("A", "B", "tie")[rng.choice(3, p=weights / weights.sum())]
        made.append(Comparison(NAMES[a], NAMES[b], verdict))
    return made


def _maximum(comparisons, home):
    """The same likelihood, written out comparison by comparison and maximized by scipy."""
    ties = any(one.verdict == "tie" for one in comparisons)

    def loss(x):
        total = 10 * x[:4].sum() ** 2
        for one in comparisons:
            a, b = x[NAMES.index(one.a)], x[NAMES.index(one.b)]
            h = x[4] / 2 if home else 0.0
            logs = {"A": a + h, "B": b - h, "tie": x[5] + (a + b) / 2 if ties else -np.inf}
            total += np.logaddexp.reduce(list(logs.values())) - logs[one.verdict]
        return total

    return minimize(loss, np.zeros(6), method="BFGS", options={"gtol": 1e-7}).x


@pytest.mark.parametrize(("tie", "home"), [(-math.inf, False), (-0.5, False), (-0.5, True)])
def test_it_is_the_maximum_of_the_likelihood(tie, home):
    comparisons = _comparisons(120, tie=tie, home=0.5 if home else 0.0)
    found = bradley_terry(comparisons, home=home, prior=0, resamples=0)
    wanted = _maximum(comparisons, home)
    values = [found.strengths[name].value for name in NAMES]
    assert values == pytest.approx(wanted[:4], abs=1e-4)
    assert (found.home is None) == (not home) and (found.tie is None) == math.isinf(tie)
    if found.home is not None:
        assert found.home.value == pytest.approx(wanted[4], abs=1e-4)
    if found.tie is not None:
        assert found.tie.value == pytest.approx(math.exp(wanted[5]), abs=1e-4)


def test_two_systems_by_hand():
    # Three wins of four: odds 3 to 1, so strengths differ by ln 3; the prior brings 3.05 to 1.05.
    comparisons = [("x", "y", "A"), ("y", "x", "B"), ("x", "y", "A"), ("x", "y", "B")]
    found = bradley_terry(comparisons, prior=0, resamples=0)
    assert found.strengths["x"].value == pytest.approx(math.log(3) / 2)
    assert found.wins["x"]["y"].value == pytest.approx(3 / 4)
    assert found.records["x"] == (3, 1, 0) and found.records["y"] == (1, 3, 0)
    # With two ties more a tie is as likely as the geometric mean of the two wins, times 2 / sqrt(3 x 1).
    tied = bradley_terry([*comparisons, ("x", "y", "tie"), ("y", "x", "tie")], prior=0, resamples=0)
    assert tied.tie is not None and tied.tie.value == pytest.approx(2 / math.sqrt(3))
    assert tied.wins["x"]["y"].value == pytest.approx(3 / 6 + 1 / 6)
    assert "won 3, lost 1, tied 2" in str(tied)


def test_planted_strengths_ties_and_home_are_in_their_intervals():
    found = bradley_terry(_comparisons(2000, tie=-0.5, home=0.4), home=True, resamples=300)
    assert list(found.strengths) == list(NAMES), "strongest first"
    for name, strength in zip(NAMES, STRENGTHS, strict=True):
        assert _holds(found.strengths[name], strength)
    assert _holds(found.home, 0.4)
    assert _holds(found.tie, math.exp(-0.5))
    assert sum(_sure(one.value) for one in found.strengths.values()) == pytest.approx(0, abs=1e-9)
    assert _sure(found.wins["ana"]["dan"].value) + _sure(found.wins["dan"]["ana"].value) == pytest.approx(1)


def test_a_home_effect_left_out_is_not_taken_for_strength_where_places_are_even():
    comparisons = _comparisons(1000, home=1.0)
    assert bradley_terry(comparisons, resamples=0).home is None
    found = bradley_terry([(one.b, one.a, {"A": "B", "B": "A"}[one.verdict]) for one in comparisons], home=True)
    assert _sure(_sure(found.home).high) < 0, "turned round, the second place wins"


def test_the_order_of_comparisons_does_not_matter_and_groups_widen():
    comparisons = _comparisons(200, tie=-1)
    groups = [str(i // 10) for i in range(200)]
    order = np.random.default_rng(0).permutation(200)
    found = bradley_terry(comparisons, groups=groups, resamples=100)
    again = bradley_terry([comparisons[i] for i in order], groups=[groups[i] for i in order], resamples=100)
    assert found.to_dict() == again.to_dict()
    assert found.groups == 20
    # The same verdict ten times over is no more than once.
    once = bradley_terry(comparisons, resamples=200)
    tenfold = bradley_terry(comparisons * 10, groups=[str(i % 200) for i in range(2000)], resamples=200)
    ends = [one.strengths["ana"] for one in (once, tenfold)]
    widths = [_sure(one.high) - _sure(one.low) for one in ends]
    assert widths[1] == pytest.approx(widths[0], rel=0.25)


@pytest.mark.parametrize(
    ("comparisons", "said", "said_without_prior"),
    [
        ([("x", "y", "A")], "x never lost to the others", "no finite strengths"),
        ([("x", "y", "tie")] * 5, "every comparison is a tie", "every comparison is a tie"),
        ([("x", "y", "A"), ("y", "x", "A"), ("y", "z", "A")], "z never won against the others", "no finite"),
        ([("w", "x", "A"), ("x", "y", "A"), ("y", "x", "A"), ("y", "z", "A")], "x, y only lost to some", "no finite"),
    ],
)
def test_what_verdicts_leave_open_rests_on_the_prior_without_an_interval(comparisons, said, said_without_prior):
    found = bradley_terry(comparisons, resamples=50)
    assert said in found.note and "rests on the prior of 0.1" in found.note
    for one in found.strengths.values():
        assert one.value is not None and abs(one.value) < 10 and one.low is None
        assert "rests on the prior" in one.note
    without = bradley_terry(comparisons, prior=0, resamples=50)
    assert said_without_prior in without.note
    assert all(one.value is None and one.note == without.note for one in without.strengths.values())
    assert json.dumps(found.to_dict(), allow_nan=False) and json.dumps(without.to_dict(), allow_nan=False)


def test_systems_that_nothing_links_have_no_strengths():
    found = bradley_terry([("u", "v", "A"), ("v", "u", "A"), ("x", "y", "tie")], resamples=50)
    assert "no comparison links u, v with x, y" in found.note
    assert all(one.value is None for one in found.strengths.values())
    fixed = bradley_terry([("x", "y", "A"), ("x", "y", "B")], home=True, resamples=50)
    assert "home cannot be told from strength" in fixed.note
    for nothing in ([], [("x", "y", None)]):
        empty = bradley_terry(nothing)
        assert (empty.strengths, empty.n, empty.left_out) == ({}, 0, len(nothing))
        assert empty.note == "no comparison has a verdict"
        assert "no comparison has a verdict" in str(empty)


def test_comparisons_without_a_verdict_are_counted():
    found = bradley_terry([*_comparisons(50), ("ana", "ben", None)], resamples=0)
    assert (found.n, found.left_out) == (50, 1)


@pytest.mark.parametrize(
    ("comparison", "said"),
    [
        (("x", "x", "A"), "'x' is compared with itself"),
        (("x", "", "A"), "a system has no name"),
        (("x", "y", "a"), "not exactly a label"),
        (("x", "y"), "it has 2 parts"),
    ],
)
def test_a_wrong_comparison_is_named(comparison, said):
    with pytest.raises(InputError, match=said) as caught:
        bradley_terry([("x", "y", "A"), comparison])
    assert "comparison 1" in str(caught.value)


def test_wrong_settings_are_refused():
    with pytest.raises(InputError, match="prior is -1"):
        bradley_terry([("x", "y", "A")], prior=-1)
    with pytest.raises(InputError, match="prior is nan"):
        bradley_terry([("x", "y", "A")], prior=math.nan)
    with pytest.raises(InputError, match="2 groups for 1 comparisons"):
        bradley_terry([("x", "y", "A")], groups=["a", "b"])
