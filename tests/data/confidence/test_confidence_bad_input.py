"""What the audits of confidence do on thin and wrong input: an answer with its reason, or one clear error."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from accord.data import (
    Finding,
    InputError,
    Interval,
    Nominal,
    Ordinal,
    Pairwise,
    Scale,
    SetupError,
    calibration,
    check_abstention,
    detectability,
    fit_abstention,
    human_mean,
    label_errors,
    risk_coverage,
)

Audit = Callable[..., Finding]


def _near(scale: Scale) -> dict[str, float]:
    return {"within": 0.1} if scale.levels is None else {}


def _held_back(sure: Any, ratings: Any, gold: Any, scale: Scale, **options: Any) -> Finding:
    fitted = fit_abstention(sure, ratings, gold, scale, wanted=0.6, **_near(scale), **options)
    return check_abstention(fitted, sure, ratings, gold, scale, **options)


AUDITS: dict[str, Audit] = {
    "calibration": lambda c, r, g, s, **o: calibration(c, r, g, s, **_near(s), **o),
    "risk": lambda c, r, g, s, **o: risk_coverage(c, r, g, s, wanted=0.9, **_near(s), **o),
    "abstention": lambda c, r, g, s, **o: fit_abstention(c, r, g, s, wanted=0.6, **_near(s), **o).finding,
    "alpha": lambda c, r, g, s, **o: fit_abstention(c, r, g, s, wanted=0.3, metric="alpha", **o).finding,
    "held back": _held_back,
    "errors": lambda c, r, g, s, **o: label_errors(r, c, g, s, **o).finding,
    "mean": lambda c, r, g, s, **o: human_mean(r, g, r, s, **o),
    "detectability": lambda c, r, g, s, **o: detectability(r, g, s, permutations=19, **o),
}
SCALES = (Ordinal(1, 5), Ordinal.of(["bad", "ok", "good"]), Interval(0, 1), Interval(0, 2, 0.5), Pairwise(False))
FIVE = Ordinal(1, 5)


def _labels(scale: Scale, items: int, seed: int) -> list:
    rng = np.random.default_rng(seed)
    if scale.levels is None:
        return rng.random(items).tolist()
    return [scale.levels[place] for place in rng.integers(0, len(scale.levels), items)]


@pytest.mark.parametrize("name", AUDITS)
@pytest.mark.parametrize("scale", SCALES, ids=lambda scale: str(scale.to_dict())[:40])
@pytest.mark.parametrize("items", [0, 1, 2, 10, 60])
def test_every_audit_answers_on_every_scale_in_json(name: str, scale: Scale, items: int) -> None:
    if name == "errors" and scale.levels is None:
        with pytest.raises(SetupError, match="levels"):
            AUDITS[name]([], [], [], scale)
        return
    sure = np.random.default_rng(3).random(items).tolist()
    found = AUDITS[name](sure, _labels(scale, items, 1), _labels(scale, items, 2), scale, resamples=30)
    assert found.verdict and "nan" not in str(found).lower().split()
    json.dumps(found.to_dict(), allow_nan=False)
    if items < 2:
        assert not found.shown


CASES: dict[str, tuple[list, list, list]] = {
    "all right": ([0.9] * 30, [1, 2, 3] * 10, [1, 2, 3] * 10),
    "all wrong": ([0.9] * 30, [1, 2, 3] * 10, [2, 3, 1] * 10),
    "equally sure": ([0.5] * 30, [1, 2, 3] * 10, [1, 2, 2] * 10),
    "one level": ([0.9, 0.5, 0.1] * 10, [3] * 30, [3] * 30),
    "constant rater": ([0.9, 0.5, 0.1] * 10, [3] * 30, [1, 2, 3] * 10),
    "never sure": ([0.0] * 30, [1, 2, 3] * 10, [1, 2, 2] * 10),
    "always sure": ([1.0] * 30, [1, 2, 3] * 10, [1, 2, 2] * 10),
    "no confidence": ([None] * 30, [1, 2, 3] * 10, [1, 2, 2] * 10),
    "no label": ([0.5] * 30, [None] * 30, [1, 2, 2] * 10),
    "some of both": ([0.5, None, 0.9] * 10, [1, 2, None] * 10, [1, 2, 2] * 10),
}


@pytest.mark.parametrize("name", AUDITS)
@pytest.mark.parametrize("case", CASES)
def test_one_sided_data_has_a_defined_answer(name: str, case: str) -> None:
    sure, ratings, gold = CASES[case]
    for groups in (None, [f"g{place // 3}" if place > 5 else None for place in range(30)], ["one"] * 30):
        found = AUDITS[name](sure, ratings, gold, FIVE, resamples=30, groups=groups)
        assert found.verdict and (found.shown is None or isinstance(found.shown, bool))
        json.dumps(found.to_dict(), allow_nan=False)
        if case in ("no confidence", "no label") and name not in ("mean", "detectability"):
            assert found.shown is None and found.n == 0 and sum(found.left_out.values()) == 30
        if case == "one level":
            assert not found.shown or name in ("calibration", "abstention", "held back")


@pytest.mark.parametrize("name", [name for name in AUDITS if name not in ("mean", "detectability")])
@pytest.mark.parametrize("bad", [1.2, -0.1, float("nan"), float("inf"), "0.5", True, [0.5]])
def test_a_confidence_that_is_none_is_refused_with_its_place(name: str, bad: Any) -> None:
    with pytest.raises(InputError, match=r"confidences: item 1 has the confidence .* from 0 to 1"):
        AUDITS[name]([0.5, bad], [1, 2], [1, 2], FIVE, resamples=10)


@pytest.mark.parametrize("name", AUDITS)
def test_lists_and_labels_that_do_not_fit_are_refused(name: str) -> None:
    for sure, ratings, gold, options in (
        ([0.5, 0.5], [1], [1, 2], {}),
        ([0.5, 0.5], [1, 9], [1, 2], {}),
        ([0.5, 0.5], [1, 2], [1, None], {}),
        ([0.5, 0.5], [1, 2], [1, float("nan")], {}),
        ([0.5, 0.5], [1, 2], [1, 2], {"groups": ["g"]}),
        ([0.5, 0.5], [1, 2], [1, 2], {"level": 1.0}),
        ([0.5, 0.5], [1, 2], [1, 2], {"resamples": -1}),
    ):
        if gold[1] is None and name == "detectability":
            continue  # a person need not have labelled every item
        with pytest.raises(InputError):
            AUDITS[name](sure, ratings, gold, FIVE, **options)
    if name not in ("mean", "detectability"):
        with pytest.raises(InputError, match="confidences"):
            AUDITS[name]([0.5], [1, 2], [1, 2], FIVE)


def test_names_take_no_distance() -> None:
    assert calibration([0.5], ["a"], ["a"], Nominal(["a", "b"]), resamples=0).n == 1


@pytest.mark.parametrize("name", AUDITS)
def test_nothing_handed_in_is_changed(name: str) -> None:
    sure, ratings, gold = ([*some] for some in CASES["some of both"])
    AUDITS[name](sure, ratings, gold, FIVE, resamples=10)
    assert [sure, ratings, gold] == [[*some] for some in CASES["some of both"]]
