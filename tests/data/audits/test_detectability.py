"""Detectability: one distribution gives an AUC of a half and a uniform p, planted leanings are found and named."""

import json
from typing import Any

import numpy as np
import pytest

from accord.data import InputError, Nominal, detectability
from worlds.sure_raters import FIVE, TwoRaters


def _found(world: TwoRaters, **options: Any) -> Any:
    return detectability(world.ratings, world.human, FIVE, texts=world.texts, **{"resamples": 50, **options})


def test_two_of_a_kind_cannot_be_told_apart_and_p_is_uniform() -> None:
    found = [_found(TwoRaters.of(60, seed), permutations=99, resamples=0, seed=seed) for seed in range(120)]
    p = np.array([one.details["p"] for one in found])
    assert np.mean([one.measures["AUC"].value for one in found]) == pytest.approx(0.5, abs=0.02)
    assert (p <= 0.05).sum() <= 13 and (p <= 0.5).sum() in range(44, 77)  # 6 and 60 are expected
    assert p.mean() == pytest.approx(0.5, abs=0.09)


def test_a_lenient_rater_is_found_and_the_sign_names_its_level() -> None:
    found = _found(TwoRaters.of(400, 1, lenient=0.5), permutations=199)
    assert found.shown and found.details["p"] <= 0.01 and found.measures["AUC"].low > 0.5
    signs = {one["sign"]: one["weight"] for one in found.details["signs"]}
    assert signs["says 5"] > 0 > signs["says 1"]


def test_a_leaning_to_long_texts_is_found_though_labels_alone_look_alike() -> None:
    world = TwoRaters.of(500, 2, by_length=0.5)
    found = _found(world, permutations=199)
    assert found.shown and found.details["signs"][0]["sign"] == "label x length"
    assert found.measures["unlike labels told apart"].value > 0.55
    lengths = [float(len(text)) for text in world.texts]
    given = detectability(
        world.ratings, world.human, FIVE, features={"characters": lengths}, permutations=199, resamples=0
    )
    assert given.shown and given.details["signs"][0]["sign"] == "label x characters"


def test_groups_are_exchanged_as_wholes() -> None:
    # The person is kinder to every second author, the rater to the others: within a group all labels lean one way.
    rng = np.random.default_rng(3)
    shown = {True: 0, False: 0}
    for _ in range(30):
        author = np.repeat(np.arange(15), 8)
        leaning = np.repeat(rng.choice([-1, 1], 15), 8)
        base = rng.integers(2, 5, author.size)
        ratings = np.clip(base + (leaning > 0), 1, 5).tolist()
        human = np.clip(base + (leaning < 0), 1, 5).tolist()
        for grouped in shown:
            groups = [f"author {one}" for one in author] if grouped else None
            found = detectability(ratings, human, FIVE, groups=groups, permutations=99, resamples=0)
            shown[grouped] += bool(found.shown)
    assert shown[True] <= 5 < shown[False]


def test_names_work_too() -> None:
    rng = np.random.default_rng(4)
    human = rng.choice(["a", "b", "c"], 300)
    ratings = np.where((human == "b") & (rng.random(300) < 0.7), "c", human)
    found = detectability(ratings.tolist(), human.tolist(), Nominal(["a", "b", "c"]), permutations=99, resamples=50)
    weights = {one["sign"]: one["weight"] for one in found.details["signs"]}
    assert found.shown and weights["says c"] > 0 > weights["says b"]
    json.dumps(found.to_dict(), allow_nan=False)


def test_equal_labels_cannot_be_told_apart() -> None:
    labels = [1, 2, 3, 4, 5] * 10
    found = detectability(labels, labels, FIVE, permutations=99, resamples=20)
    assert found.shown is False and found.details["p"] == 1.0 and found.measures["AUC"].value == 0.5
    assert found.details["alike"] == 1.0


def test_thin_data_has_an_answer_and_missing_labels_are_counted() -> None:
    few = detectability([1, 2, 3], [1, 2, 2], FIVE)
    assert few.shown is None and "only 3 items" in few.verdict
    flat = detectability([3] * 20, [3] * 20, FIVE)
    assert flat.shown is None and "the same" in flat.verdict
    ratings, human = [None, 2, 3, 4, 5] * 6, [1, None, 3, 4, 4] * 6
    found = detectability(ratings, human, FIVE, permutations=19, resamples=20)
    assert found.n == 18 and dict(found.left_out) == {"unparsed rating": 6, "no human label": 6}
    blank = detectability(ratings, human, FIVE, texts=["  "] * 30, permutations=19, resamples=0)
    assert blank.verdict
    same = detectability([1, 2] * 10, [2, 1] * 10, FIVE, texts=["a"] * 20, permutations=19, resamples=0)
    assert same.verdict


def test_what_does_not_fit_is_refused() -> None:
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({"texts": ["a"]}, "texts"),
        ({"features": {"size": [1.0]}}, "size"),
        ({"features": {"size": [float("nan"), 1.0]}}, "size"),
        ({"permutations": 0}, "permutations"),
        ({"groups": ["g"]}, "groups"),
    )
    for options, said in wrong:
        with pytest.raises(InputError, match=said):
            detectability([1, 2], [1, 2], FIVE, **options)
    with pytest.raises(InputError, match="human labels"):
        detectability([1, 2], [1], FIVE)


def test_the_order_of_the_items_changes_nothing() -> None:
    world = TwoRaters.of(80, 6)
    order = np.random.default_rng(0).permutation(80).tolist()
    numbers = [float(len(text)) for text in world.texts]
    found, turned = (
        detectability(
            [world.ratings[place] for place in places],
            [world.human[place] for place in places],
            FIVE,
            features={"size": [numbers[place] for place in places]},
            permutations=49,
            resamples=50,
        )
        for places in (range(80), order)
    )
    assert found.details["p"] == turned.details["p"]
    assert found.measures["AUC"].low == pytest.approx(turned.measures["AUC"].low)
