"""Label errors: planted ones come first, clean labels are left in peace, and the precision promised is kept."""

import json
from typing import Any

import numpy as np
import pytest

from accord.data import InputError, Interval, Nominal, SetupError, label_errors
from worlds.sure_raters import FIVE, THREE, Flipped

WRONG, PRECISION = "share of wrong labels", "expected precision of the candidates"


def _found(world: Flipped, scale: Any = FIVE, **options: Any) -> Any:
    return label_errors(world.ratings, world.beliefs, world.gold, scale, **{"resamples": 50, **options})


def _precision(found: Any, world: Flipped, first: int | None = None) -> float:
    return float(np.mean([one.place in world.wrong for one in found.candidates[:first]]))


@pytest.mark.parametrize("ordered", [True, False])
def test_of_one_label_in_ten_that_is_wrong_the_first_candidates_are_full(ordered: bool) -> None:
    world = Flipped.of(600, 1, ordered=ordered)
    found = _found(world, FIVE if ordered else THREE)
    assert len(world.wrong) < 80 and len(found.candidates) >= 30
    assert _precision(found, world, 30) >= 0.8
    assert _precision(found, world) > 4 * len(world.wrong) / 600
    ranked = [one.probability for one in found.candidates]
    assert ranked == sorted(ranked, reverse=True)


def test_bare_confidences_do_too_and_promise_less() -> None:
    world = Flipped.of(600, 2)
    bare: Any = label_errors(world.ratings, world.confidences, world.gold, FIVE, resamples=0)
    assert _precision(bare, world, 30) >= 0.9
    assert bare.finding.measures[PRECISION].value <= _precision(bare, world) + 0.05


@pytest.mark.parametrize(("ordered", "sharp"), [(True, 1.0), (True, 2.5), (False, 1.0)])
def test_the_share_of_wrong_labels_and_the_precision_are_as_promised(ordered: bool, sharp: float) -> None:
    held, promised, kept = 0, [], []
    for seed in range(20):
        world = Flipped.of(400, seed, ordered=ordered, sharp=sharp)
        found = _found(world, FIVE if ordered else THREE, resamples=200)
        wrong = found.finding.measures[WRONG]
        held += wrong.low <= 0.1 <= wrong.high
        promised.append(found.finding.measures[PRECISION].value)
        kept.append(_precision(found, world))
    assert held >= 16  # 19 are expected
    assert np.mean(promised) == pytest.approx(np.mean(kept), abs=0.12)


def test_clean_labels_are_not_called_wrong() -> None:
    found = [_found(Flipped.of(300, seed, share=0.0)) for seed in range(20)]
    assert sum(bool(one.finding.shown) for one in found) <= 2
    assert np.mean([len(one.candidates) for one in found]) < 6


def test_several_raters_are_heard_together() -> None:
    world = Flipped.of(400, 3)
    rng = np.random.default_rng(4)
    levels = np.array(FIVE.levels)
    guessed = rng.choice(levels, 400).tolist()
    both = label_errors(
        {"knows": world.ratings, "guesses": guessed},
        {"knows": world.beliefs, "guesses": [0.3] * 400},
        world.gold,
        FIVE,
        ids=[f"item {place}" for place in range(400)],
        resamples=0,
    )
    alone = label_errors(guessed, [0.3] * 400, world.gold, FIVE, resamples=0)
    assert _precision(both, world, 20) >= 0.8
    assert not alone.candidates or _precision(alone, world) < 0.4
    first = both.candidates[0]
    assert first.id == f"item {first.place}" and first.raters == 2 and first.speaking >= 1


def test_what_single_people_said_is_shown_with_a_candidate() -> None:
    gold = [1, 2, 3, 4, 5] * 6
    ratings = [5, *gold[1:]]
    people = [{"ana": 1, "ben": 5, "cleo": 4}, *([label] * 3 for label in gold[1:])]
    found = label_errors(ratings, [0.95] * 30, gold, FIVE, labels=people, resamples=0)
    (one,) = found.candidates
    assert (one.place, one.gold, one.believed, one.people) == (0, 1, 5, (1, 5, 4))
    assert one.dissent == pytest.approx(2 / 3)  # 5 and 4 are more than a step from 1
    json.dumps(found.to_dict(), allow_nan=False)


def test_a_neighbouring_level_is_no_error_unless_asked_for() -> None:
    gold = [1, 2, 3, 4, 5] * 6
    ratings = [2, *gold[1:]]
    assert not label_errors(ratings, [0.95] * 30, gold, FIVE, resamples=0).candidates
    (one,) = label_errors(ratings, [0.95] * 30, gold, FIVE, step=0, resamples=0).candidates
    assert one.believed == 2
    fifths = Interval(0, 1, 0.2)
    near, far = (label_errors([x, 1.0, 0.0], [0.9] * 3, [0.0, 1.0, 0.0], fifths, resamples=0) for x in (0.2, 0.8))
    assert not near.candidates and [one.believed for one in far.candidates] == [0.8]


def test_a_rater_is_believed_only_where_it_is_as_sure_as_usual() -> None:
    # "y" is said with 0.6 where people say y; at 0.5 the rater is not believed, at 0.7 it is.
    ratings = ["y", "y", "y", "y", "x", "x", "x"]
    confidences = [0.6, 0.6, 0.5, 0.7, 0.9, 0.9, 0.9]
    gold = ["y", "y", "x", "x", "x", "x", "x"]
    found = label_errors(ratings, confidences, gold, Nominal(["x", "y"]), resamples=0)
    assert [one.place for one in found.candidates] == [3]


def test_thin_and_one_sided_data_have_an_answer() -> None:
    silent = label_errors([None] * 3, [None] * 3, [1, 2, 3], FIVE, resamples=20)
    assert silent.finding.shown is None and dict(silent.finding.left_out) == {"no label with a confidence": 3}
    for ratings, gold in (([3] * 10, [3] * 10), ([1] * 10, [5] * 10), ([2], [4])):
        found = label_errors(ratings, [0.9] * len(gold), gold, FIVE, resamples=20)
        assert found.finding.verdict
        json.dumps(found.to_dict(), allow_nan=False)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(SetupError, match="levels"):
        label_errors([0.1], [0.5], [0.2], Interval(0, 1))
    with pytest.raises(SetupError, match="step"):
        label_errors([1], [0.5], [1], FIVE, step=-1)
    with pytest.raises(InputError, match="same raters"):
        label_errors({"a": [1]}, {"b": [0.5]}, [1], FIVE)
    with pytest.raises(InputError, match="sum to 0"):
        label_errors([1], [{1: 0.0}], [1], FIVE)
    with pytest.raises(InputError, match="ids"):
        label_errors([1], [0.5], [1], FIVE, ids=["a", "b"])
    with pytest.raises(InputError, match="9"):
        label_errors([1], [{9: 1.0}], [1], FIVE)


def test_the_order_of_the_items_changes_nothing() -> None:
    world = Flipped.of(200, 5)
    order = np.random.default_rng(0).permutation(200).tolist()
    turned = label_errors(
        [world.ratings[place] for place in order],
        [world.beliefs[place] for place in order],
        [world.gold[place] for place in order],
        FIVE,
        ids=[str(place) for place in order],
        resamples=50,
    )
    found = _found(world)
    assert turned.finding.measures[WRONG] == found.finding.measures[WRONG]
    assert {one.id for one in turned.candidates} == {one.id for one in found.candidates}
