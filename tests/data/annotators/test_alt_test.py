"""The alternative annotator test: by hand, against a loop over the definition, and its guard against skewed labels."""

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from accord.data import (
    Annotation,
    Corpus,
    InputError,
    Interval,
    Item,
    Nominal,
    Ordinal,
    SetupError,
    alt_test,
    benjamini_yekutieli,
    labels_by_annotator,
)

FIVE = Ordinal(1, 5)
XY = Nominal(("x", "y"))
SCORES = {
    "accuracy": lambda a, others: np.mean([a == b for b in others]),
    "rmse": lambda a, others: -np.sqrt(np.mean([(a - b) ** 2 for b in others])),
    "distance": lambda a, others: -np.mean([abs(a - b) for b in others]),
}


def _people(n=120, seed=0, skew=0.0, missing=0.0, sure=3) -> tuple[list[Any], list[int]]:
    """Three people and a rater; skew is the share of items made a 5, sure how rarely anybody is off by one."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, n)
    truth[: round(n * skew)] = 5
    noisy = [np.clip(truth + rng.choice([-1, *[0] * sure, 1], n), 1, 5) for _ in range(4)]
    labels = [
        {name: int(column[i]) for name, column in zip("abc", noisy, strict=False) if rng.random() >= missing}
        for i in range(n)
    ]
    return labels, noisy[3].tolist()


def _looped(ratings, labels, score, epsilon):
    """Return (p, advantage of the rater, of the person) by annotator, as the paper defines them."""
    found = {}
    for name in sorted({who for item in labels for who in item}):
        rater, human = [], []
        for rating, item in zip(ratings, labels, strict=True):
            others = [label for who, label in item.items() if who != name]
            if name in item and others:
                own, its = score(item[name], others), score(rating, others)
                rater.append(its >= own - 1e-12)
                human.append(own >= its - 1e-12)
        worse = np.array(human, dtype=float) - np.array(rater, dtype=float)
        p = stats.ttest_1samp(worse, epsilon, alternative="less")[1]
        found[name] = (p, np.mean(rater), np.mean(human))
    return found


def test_by_hand() -> None:
    # Six items where all say x; two where c alone says y; two where the rater alone says y.
    labels: list[Any] = [{"a": "x", "b": "x", "c": "y" if i in (6, 7) else "x"} for i in range(10)]
    ratings = ["x"] * 8 + ["y"] * 2
    found = alt_test(ratings, labels, XY, epsilon=0.2)
    a, b, c = found.plain.annotators
    # Against a and b: never ahead, two ties broken at 6 and 7 by nothing (half the others agree either way), two lost.
    assert (a.n, a.rater, a.human, a.test) == (10, 0.8, 1.0, "wilcoxon") and b.p == a.p
    # -0.2 eight times (rank 4.5), 0.8 twice (rank 9.5): W+ = 19. Ways to a sum of at most 19: none of the two 9.5s and
    # at most four of the eight 4.5s, 163; one of them and at most two, 2 * 37; both and none, 1.
    assert a.p == pytest.approx((163 + 74 + 1) / 1024)
    assert (c.rater, c.human) == (0.8, 0.8)
    assert found.plain.rho == pytest.approx(0.8)
    assert (found.plain.omega, found.plain.passed, found.verdict) == (0.0, False, "failed")
    assert found.plain.annotators[0].adjusted == pytest.approx(
        benjamini_yekutieli([one.p for one in found.plain.annotators])[0]
    )


@pytest.mark.parametrize("scoring", list(SCORES))
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_it_equals_a_loop_over_the_definition(scoring, missing) -> None:
    labels, ratings = _people(missing=missing)
    found = alt_test(ratings, labels, FIVE, scoring=scoring, epsilon=0.15)
    expected = _looped(ratings, labels, SCORES[scoring], 0.15)
    for one in found.plain.annotators:
        p, rater, human = expected[one.annotator]
        assert (one.p, one.rater, one.human) == pytest.approx((p, rater, human), abs=1e-9)
        assert one.test == "t"
    adjusted = stats.false_discovery_control([expected[name][0] for name in "abc"], method="by")
    assert [one.adjusted for one in found.plain.annotators] == pytest.approx(list(adjusted))
    assert found.plain.omega == pytest.approx(np.mean(adjusted <= 0.05))
    assert found.plain.rho == pytest.approx(np.mean([expected[name][1] for name in "abc"]))
    assert found.n + sum(found.left_out.values()) == len(labels)


def test_a_similarity_of_labels_can_be_given() -> None:
    labels, ratings = _people()
    own = alt_test(ratings, labels, FIVE, scoring=lambda x, y: -abs(float(x) - float(y)))
    assert own.scoring == "similarity"
    assert own.plain == alt_test(ratings, labels, FIVE, scoring="distance").plain
    same = alt_test(ratings, labels, FIVE, scoring=lambda x, y: x == y)
    assert same.plain == alt_test(ratings, labels, FIVE, scoring="accuracy").plain
    for nothing in (float("nan"), "alike", None):
        with pytest.raises(InputError, match="similarity of .* is no finite number"):
            alt_test(ratings, labels, FIVE, scoring=lambda x, y, value=nothing: value)  # type: ignore[misc]


def test_a_constant_passes_on_skewed_labels_and_is_flagged() -> None:
    labels, good = _people(400, skew=0.87, sure=10)
    share = np.mean([np.median(list(item.values())) == 5 for item in labels])
    assert share == pytest.approx(0.89, abs=0.01)
    constant = alt_test([5] * 400, labels, FIVE, epsilon=0.2)
    assert constant.plain.passed and constant.plain.omega == 1.0
    assert constant.skewed and constant.constants["5"] == constant.plain
    assert (constant.majority, constant.median) == ("5", "5")
    assert not constant.balanced.passed and constant.verdict == "not shown"
    assert "constant rater (5) passes too" in constant.note
    # A rater that is as good as people passes the balanced test on the same labels.
    other = alt_test(good, labels, FIVE, epsilon=0.2)
    assert other.skewed and other.balanced.passed and other.verdict == "passed"


def test_on_even_labels_no_constant_passes() -> None:
    labels, ratings = _people(300)
    found = alt_test(ratings, labels, FIVE, epsilon=0.2)
    assert set(found.constants) == {"1", "2", "3", "4", "5"}
    assert not found.skewed and found.plain.passed and found.verdict == "passed"


def test_balanced_weights_make_classes_equal() -> None:
    # Of each person's items 90 are x and 10 are y by the others; the rater is right on x and wrong on y.
    labels: list[Any] = [{"a": label, "b": label, "c": label} for label in "x" * 90 + "y" * 10]
    found = alt_test(["x"] * 100, labels, XY, epsilon=0.2)
    assert [one.rater for one in found.plain.annotators] == pytest.approx([0.9] * 3)
    assert [one.rater for one in found.balanced.annotators] == pytest.approx([0.5] * 3)
    # With equal classes the weights are all the same, and so is the test.
    even: list[Any] = [{"a": label, "b": label, "c": label} for label in "x" * 50 + "y" * 50]
    rng = np.random.default_rng(0)
    ratings = [("xy"[int(rng.random() < 0.5)]) for _ in range(100)]
    both = alt_test(ratings, even, XY, epsilon=0.2)
    assert both.balanced.rho == pytest.approx(both.plain.rho)


def test_levels_with_few_items_are_pooled_and_too_few_leave_the_balanced_test_undone() -> None:
    def labels_of(counts: dict[int, int]) -> list[Any]:
        return [{"a": label, "b": label, "c": label} for label, count in counts.items() for _ in range(count)]

    def shares(counts, wrong):
        labels = labels_of(counts)
        ratings = [label % 5 + 1 if label in wrong else label for label in (item["a"] for item in labels)]
        return alt_test(ratings, labels, FIVE, epsilon=0.2).balanced

    # 5 and 4 stand for themselves, 3, 2 and 1 together: wrong on 1 (6 of 14 items) costs 6 / 14 of a third.
    assert shares({5: 90, 4: 12, 3: 4, 2: 4, 1: 6}, {1}).rho == pytest.approx(1 - 6 / 14 / 3)
    # 3 and 2 are 6 together, so 4 joins them: two classes, the rater is wrong on 6 of 18.
    assert shares({5: 90, 4: 12, 3: 3, 2: 3}, {3, 2}).rho == pytest.approx(1 - 6 / 18 / 2)
    lone = shares({5: 90, 4: 9}, set())
    assert lone.passed is None and "no two classes of 10 items" in lone.note
    assert shares({5: 90}, set()).passed is None


def test_the_balanced_test_keeps_its_level_where_a_level_is_rare() -> None:
    rng = np.random.default_rng(3)
    labels: list[Any] = [{"a": label, "b": label, "c": label} for label in "x" * 90 + "y" * 10]
    # Everybody agrees, so being wrong on 20 % of the items of each class is being worse by exactly epsilon.
    swapped = list(zip("x" * 90 + "y" * 10, "y" * 90 + "x" * 10, strict=True))
    passed = 0
    for _ in range(200):
        ratings = [other if rng.random() < 0.2 else own for own, other in swapped]
        passed += alt_test(ratings, labels, XY, epsilon=0.2).balanced.passed is True
    assert passed / 200 <= 0.05


@pytest.mark.parametrize("n", [0, 1, 9])
def test_too_few_items_are_explained(n) -> None:
    labels, ratings = _people(n)
    found = alt_test(ratings, labels, FIVE)
    assert (found.plain.omega, found.plain.rho, found.plain.passed) == (None, None, None)
    assert found.verdict == "undefined" and found.plain.note
    json.dumps(found.to_dict(), allow_nan=False)


def test_one_annotator_only_is_explained() -> None:
    found = alt_test([3] * 40, [[3, None]] * 40, FIVE)
    assert found.verdict == "undefined" and "human labels" in found.plain.note
    assert found.left_out == {"fewer than 2 human labels": 40}


def test_people_with_few_items_are_named_and_not_tested() -> None:
    labels, ratings = _people(40)
    labels[0]["d"], labels[1]["d"] = 3, 3
    found = alt_test(ratings, labels, FIVE)
    *_, last = found.plain.annotators
    assert (last.annotator, last.n, last.p, last.beaten) == ("d", 2, None, False) and "fewer than" in last.note
    assert "1 of 4 annotators are not tested: fewer than 10 items" in found.plain.note
    assert found.plain.rho == pytest.approx(np.mean([one.rater for one in found.plain.annotators[:3]]))
    assert "fewer than 50 items" in found.plain.note


def test_a_rater_that_copies_someone_has_no_spread_and_says_so() -> None:
    labels, _ = _people(50)
    copied = alt_test([item["a"] for item in labels], labels, FIVE).plain.annotators[0]
    assert (copied.rater, copied.human, copied.p) == (1.0, 1.0, 0.0) and "same outcome" in copied.note


def test_unreadable_ratings_are_left_out_and_counted_or_filled() -> None:
    labels, ratings = _people(60)
    gaps: list[int | None] = [None if i < 10 else label for i, label in enumerate(ratings)]
    found = alt_test(gaps, labels, FIVE)
    assert (found.n, found.unparsed, found.left_out) == (50, 10, {"unparsed rating": 10})
    assert found.plain == alt_test(ratings[10:], labels[10:], FIVE).plain
    filled = alt_test(gaps, labels, FIVE, fill=3)
    assert filled.plain == alt_test([3] * 10 + ratings[10:], labels, FIVE).plain


def test_an_interval_has_its_mean_among_the_constants_and_nothing_to_balance() -> None:
    rng = np.random.default_rng(0)
    truth = rng.random(80) * 100
    labels = [[float(np.clip(value + rng.normal(0, 5), 0, 100)) for _ in range(3)] for value in truth]
    found = alt_test(truth.tolist(), labels, Interval(0, 100), epsilon=0.2)
    assert found.verdict == "passed" and found.balanced.omega is None and "no levels" in found.balanced.note
    assert f"{np.mean(labels):.6g}" in found.constants and not found.skewed
    assert "one position" in found.note


def test_what_makes_no_sense_is_refused_in_one_line() -> None:
    labels, ratings = _people(20)
    with pytest.raises(InputError, match="19 ratings for 20 items"):
        alt_test(ratings[1:], labels, FIVE)
    with pytest.raises(InputError, match="epsilon is 1.5"):
        alt_test(ratings, labels, FIVE, epsilon=1.5)
    with pytest.raises(InputError, match="not exactly a label"):
        alt_test([9] * 20, labels, FIVE)
    with pytest.raises(SetupError, match="nominal scale has no rmse"):
        alt_test(["x"] * 20, [["x", "y"]] * 20, XY, scoring="rmse")


def test_labels_of_a_corpus_come_by_annotator() -> None:
    item = Item("1", {"text": "t"}, (Annotation("ana", 3), Annotation(None, 4)), 3)
    assert labels_by_annotator(Corpus([item], FIVE, ("text",))) == [{"ana": 3, "annotator 2": 4}]
    twice = Item("1", {"text": "t"}, (Annotation("ana", 3), Annotation("ana", 4)), 3)
    with pytest.raises(InputError, match="'ana' labelled the item twice"):
        labels_by_annotator(Corpus([twice], FIVE, ("text",)))
