"""The baselines: what they can learn, what they cannot, and that they always answer with labels of the scale."""

import numpy as np
import pytest

from accord.data import InputError, Interval, Nominal, Ordinal, Pairwise
from accord.data.baselines.simple import BASELINES, constant, constant_baseline, length_baseline, tfidf_baseline

FIVE = Ordinal(1, 5)
SCALES = [
    (FIVE, [1, 2, 4, 5]),
    (Ordinal.of(["bad", "fair", "good"]), ["bad", "fair", "good", "good"]),
    (Interval(-4, 4), [-3.5, 0.0, 1.25, 4.0]),
    (Interval(0, 1, 0.25), [0.0, 0.25, 0.75, 1.0]),
    (Nominal(["spam", "ham"]), ["spam", "ham", "ham", "spam"]),
    (Pairwise(), ["A", "B", "tie", "A"]),
]


@pytest.mark.parametrize(
    ("golds", "scale", "expected"),
    [
        ([1, 1, 2, 5, 5], FIVE, 2),
        # The middle two are 2 and 4, the mean 13/4 = 3.25: 4 is nearer.
        ([2, 2, 4, 5], FIVE, 4),
        ([1, 3, 3, 4], FIVE, 3),
        ([0.0, 0.5, 1.0, 1.0], Interval(0, 1), 0.625),
        ([0.0, 0.5, 1.0, 1.0], Interval(0, 1, 0.5), 0.5),
        (["b", "a", "b"], Nominal(["a", "b"]), "b"),
        (["b", "a"], Nominal(["a", "b"]), "a"),
        (["tie", "B", "tie"], Pairwise(), "tie"),
    ],
)
def test_constant_by_hand(golds, scale, expected):
    assert constant(golds, scale) == expected
    assert constant_baseline(["x"] * len(golds), golds, ["p", "q"], scale) == [expected] * 2


@pytest.mark.parametrize("name", list(BASELINES))
@pytest.mark.parametrize(("scale", "labels"), SCALES)
def test_every_baseline_answers_every_text_with_a_label_of_the_scale(name, scale, labels):
    rng = np.random.default_rng(0)
    golds = [labels[i] for i in rng.integers(0, 4, 60)]
    texts = [" ".join(rng.choice(["good", "bad", "film", "the", "!"], rng.integers(1, 12))) for _ in golds]
    found = BASELINES[name](texts, golds, ["", "a good film", "x" * 5000], scale, 0)
    assert len(found) == 3
    for label in found:
        assert scale.check(label) == label
        assert type(label) in (int, float, str)
    assert found == BASELINES[name](texts, golds, ["", "a good film", "x" * 5000], scale, 0)


def test_length_learns_length_rising_falling_and_nominal():
    lengths = np.arange(1, 101)
    texts = ["x" * n for n in lengths]
    golds = [1 + int(n > 20) + int(n > 40) + int(n > 60) + int(n > 80) for n in lengths]
    asked = ["x" * 10, "x" * 50, "x" * 90]
    assert length_baseline(texts, golds, asked, FIVE) == [1, 3, 5]
    assert length_baseline(texts, [6 - gold for gold in golds], asked, FIVE) == [5, 3, 1]
    # Only the middle lengths are "b": a line in length could not say so, its square can.
    names = ["b" if 10 < n < 40 else "a" for n in lengths]
    assert length_baseline(texts, names, ["x" * 2, "x" * 20, "x" * 90], Nominal(["a", "b"])) == ["a", "b", "a"]


def test_tfidf_learns_words():
    rng = np.random.default_rng(1)
    words = {1: "awful", 2: "poor", 3: "fine", 4: "good", 5: "superb"}
    golds = rng.integers(1, 6, 200).tolist()
    texts = [f"{rng.choice(['this', 'that'])} film was {words[gold]} {rng.integers(0, 9)}" for gold in golds]
    low, high = tfidf_baseline(texts, golds, ["an awful film", "a superb film"], FIVE)
    assert FIVE.value(low) < FIVE.value(high)
    held = [f"that film was {word} 3" for word in words.values()]
    assert tfidf_baseline(texts, golds, held, FIVE) == [1, 2, 3, 4, 5]
    names = ["up" if gold > 3 else "down" for gold in golds]
    assert tfidf_baseline(texts, names, held, Nominal(["up", "down"])) == ["down"] * 3 + ["up"] * 2
    values = [gold / 5 for gold in golds]
    assert tfidf_baseline(texts, values, held, Interval(0, 1)) == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0], abs=0.1)


@pytest.mark.parametrize("name", list(BASELINES))
def test_little_or_flat_training_data_falls_back_to_the_constant(name):
    assert BASELINES[name](["a b"], [4], ["c"], FIVE, 0) == [4]
    assert BASELINES[name](["a b", "c d"], [2, 2], ["c"], FIVE, 0) == [2]
    assert BASELINES[name](["a b c", "c d e f g"], [2, 4], [], FIVE, 0) == []
    assert BASELINES[name](["", " "], [2, 2], ["c"], FIVE, 0) == [2]
    assert BASELINES[name](["same", "same"], [2, 4], ["same"], FIVE, 0)[0] in (2, 3, 4)
    assert BASELINES[name](["a", "b"], ["x", "y"], ["c"], Nominal(["x", "y"]), 0)[0] in ("x", "y")


@pytest.mark.parametrize("name", list(BASELINES))
def test_wrong_training_data_is_refused(name):
    with pytest.raises(InputError, match="no training labels"):
        BASELINES[name]([], [], ["x"], FIVE, 0)
    with pytest.raises(InputError, match="1 training texts for 2 labels"):
        BASELINES[name](["x"], [1, 2], ["x"], FIVE, 0)
