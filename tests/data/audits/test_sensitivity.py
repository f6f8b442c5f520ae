"""Whether another template changes what a rater says by more than the rater changes by itself."""

import pytest

from accord.data import InputError, Nominal, Ordinal, agreement, consistency, human_agreement, sensitivity
from worlds.biased_raters import NAMES, NINE, BiasedRaters

FIVE = Ordinal(1, 5)


def _repeats(world: BiasedRaters, count: int = 4) -> list[list]:
    return [list(row) for row in zip(*(world.ratings(draw=10 + draw) for draw in range(count)), strict=True)]


def test_what_is_measured_is_what_other_functions_measure() -> None:
    world = BiasedRaters(80)
    a, b, gold = world.ratings(), world.ratings(noise=0.9, draw=1), world.gold
    found = sensitivity({"a": a, "b": b}, gold, NINE, noise=0.1, resamples=0).measures
    changed = sum(x != y for x, y in zip(a, b, strict=True)) / 80
    assert found["b: labels changed"].value == pytest.approx(changed)
    assert found["b: beyond noise"].value == pytest.approx(changed - 0.1)
    both = human_agreement(list(zip(a, b, strict=True)), NINE, resamples=0).metrics["alpha"].value
    assert found["b: alpha with deployed"].value == pytest.approx(both)
    alphas = [agreement(labels, gold, NINE, resamples=0).metrics["alpha"].value for labels in (a, b)]
    assert None not in alphas
    assert found["b: change of alpha with gold"].value == pytest.approx(float(alphas[1] or 0) - float(alphas[0] or 0))


def test_a_noisy_rater_is_not_sensitive_only_for_being_noisy() -> None:
    shown = []
    for seed in range(30):
        world = BiasedRaters(120, seed)
        variants = {"deployed": world.ratings(), "b": world.ratings(draw=1), "c": world.ratings(draw=2)}
        found = sensitivity(variants, world.gold, NINE, repeats=_repeats(world), resamples=200, seed=seed)
        change = found.measures["b: labels changed"].value
        assert change is not None and change > 0.4  # what naive practice would call sensitivity
        shown.append(found.shown)
    assert sum(one is True for one in shown) <= 4 and None not in shown


def test_a_template_that_matters_is_shown_with_its_name() -> None:
    world = BiasedRaters(300, seed=1)
    variants = {"deployed": world.ratings(), "kind": world.ratings(lenient=1, draw=1), "same": world.ratings(draw=2)}
    found = sensitivity(variants, world.gold, NINE, repeats=_repeats(world), resamples=400)
    assert found.shown is True and "kind" in found.verdict and "same" not in found.verdict
    assert found.details["worst"] == "kind" and found.details["deployed"] == "deployed"
    worst = found.measures["worst change"].value
    assert worst is not None and worst == found.measures["kind: change of alpha with gold"].value and worst < 0


def test_a_planted_share_of_changes_lies_in_its_interval() -> None:
    world = BiasedRaters(400, seed=2)
    variants = {"deployed": world.named(), "b": world.named(favours=0.15)}
    found = sensitivity(variants, world.named_gold, NAMES, noise=0, resamples=400)
    change = found.measures["b: labels changed"]
    assert change.low is not None and change.high is not None and change.low < 0.15 * 0.87 < change.high
    assert found.shown is True


def test_without_the_raters_own_noise_changes_prove_nothing() -> None:
    world = BiasedRaters(200)
    variants = {"deployed": world.ratings(), "b": world.ratings(draw=1)}
    found = sensitivity(variants, world.gold, NINE, resamples=200)
    assert found.shown is None and "flip rate is not known" in found.verdict
    assert "b: beyond noise" not in found.measures


def test_the_noise_may_come_from_a_consistency_finding() -> None:
    world = BiasedRaters(200)
    noise = consistency(_repeats(world), NINE, resamples=0).measures["flip rate"].value
    variants = {"deployed": world.ratings(), "b": world.ratings(draw=1)}
    told = sensitivity(variants, world.gold, NINE, noise=noise, resamples=0).measures["b: beyond noise"].value
    asked = sensitivity(variants, world.gold, NINE, repeats=_repeats(world), resamples=0).measures["b: beyond noise"]
    assert told == pytest.approx(asked.value)


def test_without_gold_labels_changes_are_measured_alike() -> None:
    world = BiasedRaters(200)
    variants = {"deployed": world.ratings(), "b": world.ratings(draw=1), "moved": world.ratings(draw=1, lenient=2.0)}
    told, blind = (
        sensitivity(variants, gold, NINE, repeats=_repeats(world), resamples=200) for gold in (world.gold, None)
    )
    without = {name: one.value for name, one in told.measures.items() if "gold" not in name and name != "worst change"}
    assert {name: one.value for name, one in blind.measures.items()} == pytest.approx(without)
    assert blind.shown is True and blind.details["worst"] is None
    assert blind.verdict == "labels change more than by the rater's own noise under moved"
    nothing = sensitivity(variants, None, NINE, resamples=200)
    assert nothing.shown is None and "flip rate is not known" in nothing.verdict
    with pytest.raises(InputError, match="labels of b"):
        sensitivity({"a": [1], "b": [1, 2]}, None, FIVE)


def test_unreadable_labels_are_left_out_pair_by_pair_or_filled() -> None:
    variants = {"a": [1, 2, None, 4], "b": [1, None, 3, 5], "c": [None, 2, None, 4]}
    found = sensitivity(variants, [1, 2, 3, 4], FIVE, noise=0, resamples=0)
    assert found.details["items compared"] == {"b": 2, "c": 2}
    assert found.measures["b: labels changed"].value == pytest.approx(1 / 2)
    assert found.n == 3 and sum(found.left_out.values()) == 1
    assert found.details["unreadable"] == {"a": 1, "b": 1, "c": 2}
    filled = sensitivity(variants, [1, 2, 3, 4], FIVE, noise=0, fill=3, resamples=0)
    assert filled.details["items compared"] == {"b": 4, "c": 4}
    assert filled.measures["b: labels changed"].value == pytest.approx(2 / 4)


def test_a_deterministic_rater_that_changes_nothing_shows_nothing() -> None:
    labels = ["a", "b"] * 20
    found = sensitivity({"x": labels, "y": labels}, labels[::-1], Nominal(["a", "b"]), noise=0, resamples=100)
    assert found.shown is False and found.measures["y: beyond noise"].value == 0
    one_level = sensitivity({"x": ["a"] * 9, "y": ["a"] * 9}, ["a"] * 9, Nominal(["a", "b"]), noise=0, resamples=100)
    assert one_level.shown is False and one_level.measures["y: alpha with deployed"].value is None


def test_nothing_readable_is_no_finding() -> None:
    found = sensitivity({"x": [None, None], "y": [1, 2]}, [1, 2], FIVE, noise=0)
    assert found.shown is None and found.n == 0


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(InputError, match="1 variants"):
        sensitivity({"a": [1]}, [1], FIVE)
    with pytest.raises(InputError, match="both noise and repeats"):
        sensitivity({"a": [1], "b": [1]}, [1], FIVE, noise=0.1, repeats=[[1, 1]])
    with pytest.raises(InputError, match="noise is 1.2"):
        sensitivity({"a": [1], "b": [1]}, [1], FIVE, noise=1.2)
    with pytest.raises(InputError, match="labels of b"):
        sensitivity({"a": [1], "b": [1, 2]}, [1], FIVE)
    with pytest.raises(InputError, match="labels of b"):
        sensitivity({"a": [1], "b": [9]}, [1], FIVE)
