"""Agreement among raters beside agreement with gold, and what a change does to both."""

import numpy as np
import pytest

from accord.data import InputError, Nominal, Ordinal, agreement, human_agreement, panel_agreement, panel_change

FIVE = Ordinal(1, 5)
GOLD = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 3, 3]
A = [1, 2, 3, 4, 4, 1, 3, 3, 4, 5, 2, 3]
B = [2, 2, 3, 5, 5, 1, 2, 2, 4, 4, 3, 3]
C = [1, 1, 3, 4, 5, 2, 2, 3, 5, 5, None, 4]


def test_it_is_the_agreement_of_annotators_beside_that_of_each_rater_with_gold() -> None:
    found = panel_agreement({"a": A, "b": B}, GOLD, FIVE, resamples=0)
    among = human_agreement([[a, b] for a, b in zip(A, B, strict=True)], FIVE, resamples=0).metrics
    assert found.alpha.value == pytest.approx(among["alpha"].value)
    assert found.icc3.value == pytest.approx(among["icc3"].value)
    assert found.icc3k.value == pytest.approx(among["icc3k"].value)
    each = {
        name: agreement(labels, GOLD, FIVE, resamples=0).metrics["alpha"].value
        for name, labels in {"a": A, "b": B}.items()
    }
    assert {name: one.value for name, one in found.with_gold.items()} == pytest.approx(each)
    assert found.mean_with_gold.value == pytest.approx(sum(value for value in each.values() if value is not None) / 2)
    assert (found.n, found.unparsed) == (12, {"a": 0, "b": 0})


def test_unreadable_ratings_are_left_out_or_filled_and_counted() -> None:
    left_out = panel_agreement({"a": A, "c": C}, GOLD, FIVE, resamples=0)
    kept = [place for place, label in enumerate(C) if label is not None]
    expected = agreement([C[place] for place in kept], [GOLD[place] for place in kept], FIVE, resamples=0)
    assert left_out.with_gold["c"].value == pytest.approx(expected.metrics["alpha"].value)
    assert left_out.unparsed == {"a": 0, "c": 1}
    filled = panel_agreement({"a": A, "c": C}, GOLD, FIVE, fill=3, resamples=0)
    whole = agreement([3 if label is None else label for label in C], GOLD, FIVE, resamples=0)
    assert filled.with_gold["c"].value == pytest.approx(whole.metrics["alpha"].value)


def test_raters_that_go_silent_where_they_differ_have_not_come_together() -> None:
    differ = [a != b for a, b in zip(A, B, strict=True)]
    silent = {"a": A, "b": [None if other else label for label, other in zip(B, differ, strict=True)]}
    change = panel_change({"a": A, "b": B}, silent, GOLD, FIVE, resamples=200)
    assert change.after.alpha.value == 1 and change.before.alpha.value is not None and change.before.alpha.value < 1
    assert (change.alpha.value, change.icc3.value, change.with_gold.value) == (0, 0, 0)
    assert change.after.unparsed == {"a": 0, "b": sum(differ)}


def test_items_without_gold_count_among_the_raters_alone() -> None:
    gold = [None if place % 3 == 0 else label for place, label in enumerate(GOLD)]
    found = panel_agreement({"a": A, "b": B}, gold, FIVE, resamples=0)
    assert found.alpha == panel_agreement({"a": A, "b": B}, GOLD, FIVE, resamples=0).alpha
    kept = [place for place, label in enumerate(gold) if label is not None]
    expected = agreement([A[place] for place in kept], [GOLD[place] for place in kept], FIVE, resamples=0)
    assert found.with_gold["a"].value == pytest.approx(expected.metrics["alpha"].value)
    nobody = panel_agreement({"a": A, "b": B}, [None] * 12, FIVE, resamples=50)
    assert nobody.alpha.value == found.alpha.value and nobody.mean_with_gold.value is None


def _world(seed: int, *, pull: float, shared: bool) -> dict[str, list[int]]:
    """Three raters that read gold with noise; `pull` moves them towards one opinion, which is gold or a wrong one."""
    rng = np.random.default_rng(seed)
    gold = np.array(GOLD * 25)
    opinion = gold if shared else np.random.default_rng(99).permutation(gold)
    found: dict[str, list[int]] = {}
    for name in "abc":
        own = gold + rng.normal(0, 1.2, gold.size)
        held = rng.random(gold.size) < pull
        found[name] = [int(label) for label in np.clip(np.round(np.where(held, opinion, own)), 1, 5)]
    return found


def test_raters_that_come_together_away_from_people_are_flagged() -> None:
    gold = GOLD * 25
    before = _world(0, pull=0.0, shared=True)
    wrong = panel_change(before, _world(1, pull=0.7, shared=False), gold, FIVE, resamples=500)
    assert wrong.alpha.low is not None and wrong.alpha.low > 0
    assert wrong.with_gold.high is not None and wrong.with_gold.high < 0
    assert (
        wrong.warning.startswith("the raters agree more with each other (alpha +0.")
        and " less with people (-0." in wrong.warning
    )
    right = panel_change(before, _world(1, pull=0.7, shared=True), gold, FIVE, resamples=500)
    assert right.with_gold.low is not None and right.with_gold.low > 0 and right.warning == ""
    same = panel_change(before, before, gold, FIVE, resamples=500)
    assert (same.alpha.value, same.with_gold.value, same.warning) == (0, 0, "")
    assert right.alpha.value == pytest.approx((right.after.alpha.value or 0) - (right.before.alpha.value or 0))
    assert right.to_dict()["warning"] == "" and right.to_dict()["after"]["n"] == 300


def test_scales_of_names_have_no_intraclass_correlation() -> None:
    scale = Nominal(["x", "y"])
    found = panel_agreement({"a": ["x", "y", "x"], "b": ["x", "y", "y"]}, ["x", "y", "y"], scale, resamples=0)
    assert found.icc3.value is None and found.icc3.note
    assert found.with_gold["b"].value == 1


@pytest.mark.parametrize(
    ("ratings", "said"),
    [
        ({"a": A}, "1 raters"),
        ({"a": A, "b": B[1:]}, "11 of b for 12 gold labels"),
        ({"a": A, "b": [9, *B[1:]]}, "ratings of b"),
    ],
)
def test_what_cannot_be_compared_is_refused(ratings, said: str) -> None:
    with pytest.raises(InputError, match=said):
        panel_agreement(ratings, GOLD, FIVE)
    with pytest.raises(InputError, match="before and"):
        panel_change({"a": A, "b": B}, {"b": B, "a": A}, GOLD, FIVE)
