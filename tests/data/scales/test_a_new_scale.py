"""A scale that Accord does not know: one file and one registration, and it reads, splits, agrees and is measured."""

import itertools

import numpy as np
import pytest

from accord.data import (
    Corpus,
    InputError,
    SetupError,
    agreement,
    baseline_ratings,
    constant,
    human_agreement,
    label_errors,
    paired_difference,
    risk_coverage,
    scale_from_dict,
    system_agreement,
)
from accord.data.metrics import distance_of, krippendorff
from accord.data.scales import Nominal, Scale, register, scale_words
from worlds.circular_scale import HOURS, Circular


def direct_alpha(items: list[list[int]], scale: Scale) -> float:
    """Return Krippendorff's alpha with one loop over pairs within items and one over pairs of all labels."""
    items = [labels for labels in items if len(labels) > 1]
    pooled = [label for labels in items for label in labels]
    observed = sum(
        scale.distance(a, b) ** 2 / (len(labels) - 1) for labels in items for a, b in itertools.permutations(labels, 2)
    ) / len(pooled)
    expected = sum(scale.distance(a, b) ** 2 for a, b in itertools.permutations(pooled, 2))
    return 1 - observed / (expected / (len(pooled) * (len(pooled) - 1)))


def test_it_is_known_wherever_scales_are_read() -> None:
    assert scale_from_dict(HOURS.to_dict()) == HOURS and hash(scale_from_dict(HOURS.to_dict())) == hash(HOURS)
    assert scale_words("circular:24") == {"type": "circular", "period": 24}
    assert scale_words("circular:round") is None
    with pytest.raises(InputError, match="the circular scale has no 'period'"):
        scale_from_dict({"type": "circular"})
    with pytest.raises(InputError, match="Give one of nominal, ordinal, interval, pairwise, circular. Did you mean"):
        scale_from_dict({"type": "circlar"})
    with pytest.raises(InputError, match="A circular scale takes period, anchors"):
        scale_from_dict({"type": "circular", "period": 24, "levels": 3})


def test_a_name_is_taken_once() -> None:
    assert register(Circular) is Circular
    with pytest.raises(InputError, match="there is a scale of type 'nominal'"):
        register(type("Other", (Nominal,), {}))


def test_what_it_does_not_say_is_said_for_it() -> None:
    assert (HOURS.read("23"), HOURS.write(0), HOURS.ends) == (23, "0", (0, 23))
    assert HOURS.describe() == "a whole number from 0 round to 23, which is next to 0 (0 = midnight, 12 = noon)"
    assert (HOURS.distance(23, 1), HOURS.span, HOURS.range_of([22, 1, 23]), HOURS.one_step) == (2, 12, 3, 1)
    with pytest.raises(InputError, match="24 is outside the scale"):
        HOURS.read(24)
    with pytest.raises(SetupError, match="a label of a circular scale has no value"):
        HOURS.value(1)


@pytest.mark.parametrize("seed", range(5))
def test_alpha_of_two_is_that_of_loops_over_its_own_distance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 24, 60).tolist()
    rated = [(label + int(rng.integers(-3, 4))) % 24 for label in gold]
    found = agreement(rated, gold, HOURS, resamples=0)
    assert list(found.metrics) == ["alpha", "kappa", "accuracy"]
    assert found.metrics["alpha"].value == pytest.approx(
        direct_alpha([list(pair) for pair in zip(rated, gold, strict=True)], HOURS), abs=1e-12
    )


@pytest.mark.parametrize("seed", range(5))
def test_alpha_of_many_is_that_of_loops_over_its_own_distance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    items = [rng.integers(20, 28, rng.integers(1, 6)) % 24 for _ in range(40)]
    labels = [row.tolist() for row in items]
    found = human_agreement(labels, HOURS, resamples=0)
    assert found.metrics["alpha"].value == pytest.approx(direct_alpha(labels, HOURS), abs=1e-12)


def test_resampled_alpha_is_that_of_the_items_drawn() -> None:
    rng = np.random.default_rng(0)
    codes, weights = rng.integers(-1, 6, (30, 4)), rng.multinomial(30, np.full(30, 1 / 30), 20).T.astype(float)
    scale = Circular(6)
    found = krippendorff(codes, np.arange(6.0), distance_of(scale), weights)
    for column, alpha in zip(weights.T, found, strict=True):
        drawn = np.repeat(range(30), column.astype(int))
        labels = [[label for label in codes[item].tolist() if label >= 0] for item in drawn]
        assert alpha == pytest.approx(direct_alpha(labels, scale), abs=1e-12)


def test_one_level_alone_tells_nothing() -> None:
    found = agreement([3, 3], [3, 3], HOURS, resamples=0).metrics["alpha"]
    assert found.value is None and "level" in found.note


def test_an_hour_across_midnight_is_one_step() -> None:
    """Neither of two raters is ever right; one misses by an hour, the other by half a day."""
    gold = [22, 23, 0, 1] * 30
    near, far = [(label + 1) % 24 for label in gold], [(label + 12) % 24 for label in gold]
    found = paired_difference(near, far, gold, HOURS, resamples=200)
    assert found.low is not None and found.low > 0.5
    sure = risk_coverage([0.9] * 120, near, gold, HOURS, within=1, resamples=0)
    assert sure.measures["risk without abstention"].value == 0
    assert label_errors({"one": near}, {"one": [0.99] * 120}, gold, HOURS, resamples=0).candidates == ()


def test_baselines_name_the_most_frequent_label_and_what_needs_numbers_says_so() -> None:
    records = [{"text": f"text {n}", "label": (n * 7 % 9 + 20) % 24} for n in range(60)]
    corpus = Corpus.from_records(records, fields=["text"], label="label", scale=HOURS)
    splits = corpus.split(dev=10, test=20, seed=0)
    ratings = baseline_ratings(splits.train, splits.test)
    assert set(ratings) == {"constant", "length", "tfidf"}
    assert all(label in HOURS for labels in ratings.values() for label in labels)
    assert constant([1, 23, 23, 2], HOURS) == 23
    with pytest.raises(SetupError, match="labels of a circular scale have no mean"):
        system_agreement([1], [1], ["a"], HOURS)
