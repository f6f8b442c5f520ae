"""What `agreement`, `human_agreement` and `one_human` answer, above all on data that break other libraries."""

import json
import math

import pytest

from accord.data import Annotation, Corpus, InputError, Interval, Item, Nominal, Ordinal, Pairwise, Scale, agreement
from accord.data.annotators.inter_annotator import human_agreement
from accord.data.annotators.one_against_others import one_human

THREE = Ordinal(1, 3)
NUMBERS = ["tau_b", "spearman", "pearson", "icc3", "mse", "mae", "bias"]


def _json(record):
    """Round trip that refuses NaN."""
    return json.loads(json.dumps(record.to_dict(), allow_nan=False))


def _check_defined_or_explained(record):
    for one in record.metrics.values():
        assert one.value is None or math.isfinite(one.value)
        assert one.value is not None or one.note
        assert (one.low is None) == (one.high is None)
        if one.low is not None:
            assert one.low <= one.high
        elif one.value is not None:
            assert one.note
    _json(record)


@pytest.mark.parametrize(
    ("scale", "labels", "names"),
    [
        (THREE, [1, 2, 3], ["alpha", "kappa", "weighted_kappa", *NUMBERS[:6], "accuracy", "bias"]),
        (Interval(0, 1), [0.1, 0.25, 1.0], ["alpha", *NUMBERS]),
        (
            Interval(0, 1, 0.5),
            [0.0, 0.5, 1.0],
            ["alpha", "kappa", "weighted_kappa", *NUMBERS[:6], "accuracy", "bias"],
        ),
        (Nominal(["a", "b"]), ["a", "b", "b"], ["alpha", "kappa", "accuracy"]),
        (Pairwise(), ["A", "B", "tie"], ["alpha", "kappa", "accuracy"]),
    ],
)
def test_each_scale_has_its_metrics_and_perfect_agreement_is_perfect(scale, labels, names):
    found = agreement(labels, labels, scale, resamples=50)
    assert list(found.metrics) == names
    perfect = {name: 0.0 if name in ("mse", "mae", "bias") else 1.0 for name in names}
    assert {name: one.value for name, one in found.metrics.items()} == pytest.approx(perfect, abs=1e-12)


def test_the_record_says_what_it_stands_on():
    found = agreement([1, None, 3, 2], [1, 2, 3, 3], THREE, groups=["x", "x", "y", "y"], fill=2, resamples=40, seed=5)
    assert (found.n, found.unparsed, found.fill, found.left_out) == (4, 1, 2, 0)
    assert (found.groups, found.resamples, found.seed, found.level) == (2, 40, 5, 0.95)
    record = _json(found)
    assert record["metrics"]["accuracy"]["value"] == 0.75
    assert set(record) == set(found.__dataclass_fields__)
    with pytest.raises(TypeError):
        found.metrics["alpha"] = None  # type: ignore[index]


def test_an_unparsed_rating_counts_as_the_fill_and_never_helps():
    gold = [1, 1, 2, 3, 3, 2, 1, 3]
    ratings = [1, 1, 2, 3, 3, 1, 3, 1]
    silent = [1, 1, 2, 3, 3, None, None, None]
    filled = agreement(silent, gold, THREE, fill=2, resamples=0)
    assert filled.metrics == agreement([1, 1, 2, 3, 3, 2, 2, 2], gold, THREE, resamples=0).metrics
    left_out = agreement(silent, gold, THREE, resamples=0)
    assert (left_out.n, left_out.left_out, left_out.unparsed) == (5, 3, 3)
    assert left_out.metrics["accuracy"].value == 1.0
    assert all("on 5 of 8 items" in one.note for one in left_out.metrics.values())
    assert agreement(ratings, gold, THREE, resamples=0).n == 8


def test_no_items():
    found = agreement([], [], THREE)
    assert (found.n, found.groups) == (0, 0)
    assert {one.value for one in found.metrics.values()} == {None}
    assert {one.note for one in found.metrics.values()} == {"no item to compare"}
    _check_defined_or_explained(found)


def test_all_unparsed_is_no_item_without_a_fill_and_a_constant_rater_with_one():
    found = agreement([None, None], [1, 3], THREE)
    assert (found.n, found.left_out) == (0, 2)
    assert all("on 0 of 2 items" in one.note for one in found.metrics.values())
    _check_defined_or_explained(found)
    filled = agreement([None, None], [1, 3], THREE, fill=2)
    assert filled.metrics["mse"].value == 1.0
    assert "the rater gave one level only" in filled.metrics["tau_b"].note
    _check_defined_or_explained(filled)


def test_one_item():
    # One pair of unlike labels: D_o = D_e, so alpha is 0 by definition; nothing varies, so no correlation.
    found = agreement([1], [3], THREE)
    assert found.metrics["alpha"].value == 0.0
    assert found.metrics["mse"].value == 4.0
    assert found.metrics["alpha"].note == "no interval: only one item to resample"
    assert found.metrics["tau_b"].note == "one item only: nothing varies"
    _check_defined_or_explained(found)
    _check_defined_or_explained(agreement([2], [2], THREE))


def test_a_constant_rater_has_a_defined_alpha_and_no_order():
    # Labels: 2 2 2 2 against 1 2 2 3; n = 1, 6, 1 with mid-ranks 0.5, 4, 7.5.
    # D_o * 8 = 2 * (3.5^2 + 3.5^2) = 49; D_e * 56 = 2 * (6 * 3.5^2 + 6 * 3.5^2 + 7^2) = 392. 1 - 49 * 7 / 392 = 0.125.
    found = agreement([2, 2, 2, 2], [1, 2, 2, 3], THREE)
    assert found.metrics["alpha"].value == pytest.approx(0.125, abs=1e-12)
    assert found.metrics["kappa"].value == found.metrics["weighted_kappa"].value == found.metrics["icc3"].value == 0.0
    assert found.metrics["tau_b"].note == "the rater gave one level only: no order to compare"
    assert found.metrics["pearson"].note == "the rater gave one level only: no variation to correlate"
    assert found.metrics["accuracy"].value == 0.5
    _check_defined_or_explained(found)


def test_a_constant_gold_and_constant_both():
    found = agreement([1, 2, 2, 3], [2, 2, 2, 2], THREE)
    assert found.metrics["spearman"].note == "the gold has one level only: no order to compare"
    _check_defined_or_explained(found)
    same = agreement([2] * 30, [2] * 30, THREE)
    for name in ("alpha", "kappa", "weighted_kappa"):
        assert same.metrics[name].note.endswith("nothing tells agreement from chance")
    assert same.metrics["tau_b"].note == "rater and gold have one level each: no order to compare"
    assert same.metrics["icc3"].note.startswith("neither rater nor gold varies")
    accuracy = same.metrics["accuracy"]
    assert (accuracy.value, accuracy.low, accuracy.high, accuracy.note) == (1.0, 1.0, 1.0, "")
    _check_defined_or_explained(same)
    # Two different constants: alpha is at its chance level or below, by definition.
    apart = agreement([1] * 4, [3] * 4, THREE)
    # n = 4, 4: D_o = d, D_e = 2 * 16 d / 56. alpha = 1 - 56/32 = -0.75.
    assert apart.metrics["alpha"].value == pytest.approx(-0.75, abs=1e-12)
    assert apart.metrics["bias"].value == -2.0
    _check_defined_or_explained(apart)


def test_resamples_without_a_value_are_dropped_and_counted():
    # One of 40 items differs: with probability (39/40)^40 = 36 % a resample lacks it and has one level only.
    gold = [1] * 39 + [3]
    found = agreement(gold, gold, THREE, resamples=1000).metrics["alpha"]
    assert found.value == 1.0
    dropped = int(found.note.split("undefined on ")[1].split(" of 1000")[0])
    assert 300 < dropped < 430
    # One of 400 by group of 200: only two units, half of the resamples take the same one twice.
    half = agreement([1, 1, 1, 3], [1, 1, 1, 3], THREE, groups=["a", "a", "b", "b"]).metrics["kappa"]
    assert "undefined on" in half.note
    _check_defined_or_explained(agreement([1, 3], [1, 3], THREE))


def test_few_units_are_said():
    assert "only 3 items" in agreement([1, 2, 3], [1, 2, 2], THREE).metrics["mse"].note


def test_a_mean_gold_between_steps_counts_as_the_nearest_step_for_exact_match():
    found = agreement([0.5, 1.0], [0.6, 0.7], Interval(0, 1, 0.5), resamples=0)
    # 0.6 and 0.7 are nearest to 0.5: the first matches. mse keeps the gold as it is: (0.01 + 0.09) / 2.
    assert found.metrics["accuracy"].value == 0.5
    assert found.metrics["mse"].value == pytest.approx(0.05, abs=1e-12)


def test_groups_may_be_partly_or_wholly_unknown():
    ratings, gold = [1, 2, 3, 3, 2, 1], [1, 2, 3, 2, 2, 2]
    assert agreement(ratings, gold, THREE, groups=[None] * 6) == agreement(ratings, gold, THREE)
    assert agreement(ratings, gold, THREE, groups=["a", None, "a", None, "b", "b"]).groups == 4


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: agreement([1], [1, 2], THREE), "1 ratings for 2 gold labels"),
        (lambda: agreement([1, 2], [1, 2], THREE, groups=["a"]), "1 groups for 2 gold labels"),
        (lambda: agreement([1, 7], [1, 2], THREE), "ratings: 7"),
        (
            lambda: agreement([1, 2], [1, None], THREE),  # type: ignore[list-item]
            "gold: a label is missing",
        ),
        (lambda: agreement([1, 2], [1, 2], THREE, fill=9), "fill: 9"),
        (lambda: agreement([0.5], [1.5], Interval(0, 1)), "gold: 1.5"),
        (lambda: agreement([float("nan")], [0.5], Interval(0, 1)), "ratings: nan"),
        (lambda: agreement([True], [1], THREE), "ratings: True"),
        (lambda: agreement([1], [1], THREE, resamples=-1), "resamples is -1"),
        (lambda: agreement([1], [1], THREE, level=95), "level is 95"),
        (lambda: human_agreement([[1, 2]], THREE, groups=[]), "0 groups for 1 items"),
        (lambda: human_agreement([[1, 8]], THREE), "labels: 8"),
    ],
)
def test_wrong_input_is_refused_with_its_place(call, words):
    with pytest.raises(InputError) as caught:
        call()
    assert words in str(caught.value)


def test_humans_with_intervals_and_groups():
    labels = [[1, 1, 2], [2, 2, 2], [3, 3, 2], [1, 2, 1], [3, 3, 3], [2, 3, 3]] * 10
    found = human_agreement(labels, THREE, groups=[str(i // 2) for i in range(60)], resamples=300)
    assert list(found.metrics) == ["alpha", "icc3", "icc3k"]
    assert (found.n, found.left_out, found.groups) == (60, 0, 30)
    for one in found.metrics.values():
        assert one.value is not None and one.low is not None and one.high is not None
        assert one.low < one.value < one.high
    assert "one position" in found.metrics["icc3"].note
    named = human_agreement([dict(zip("abc", item, strict=True)) for item in labels], THREE, resamples=0)
    assert "position" not in named.metrics["icc3"].note
    assert named.metrics["icc3"].value == found.metrics["icc3"].value


def test_humans_who_do_not_all_label_everything_have_alpha_but_no_icc():
    labels = [{"a": 1, "b": 1}, {"b": 2, "c": 3}, {"a": 3, "c": 3, None: 3}, {"a": 2}, {}]
    found = human_agreement(labels, THREE, resamples=0)
    assert (found.n, found.left_out) == (3, 2)
    assert found.metrics["alpha"].value is not None
    assert found.metrics["icc3"].note == "the items do not all have a label from each of the same annotators"


@pytest.mark.parametrize(
    ("labels", "note"),
    [
        ([], "no item has two labels"),
        ([[1], [2, None]], "no item has two labels"),
        ([[2, 2], [2, 2]], "every label is the same level: nothing tells agreement from chance"),
    ],
)
def test_degenerate_humans(labels, note):
    found = human_agreement(labels, THREE)
    assert found.metrics["alpha"].value is None
    assert found.metrics["alpha"].note == note
    _check_defined_or_explained(found)


def test_degenerate_humans_without_variation_between_items():
    # Item means are all 2: no signal at all. MSR = 0, so ICC(3,1) = -MSE / MSE = -1 for two annotators.
    found = human_agreement([[1, 3], [3, 1], [2, 2]], THREE, resamples=0).metrics
    assert found["icc3"].value == pytest.approx(-1, abs=1e-12)
    assert found["icc3k"].note == "the items' mean labels do not vary"
    one = human_agreement([[1, 3]], THREE)
    assert one.metrics["icc3"].note == "one item only: nothing varies"
    _check_defined_or_explained(one)


def _corpus(items, scale: Scale = THREE):
    return Corpus(items, scale, ("text",))


def _item(name, labels, group=None):
    annotations = tuple(Annotation(f"w{i}", label) for i, label in enumerate(labels))
    return Item(name, {"text": name}, annotations, labels[0] if labels else None, group)


def test_one_human_against_the_others():
    corpus = _corpus([_item("x", [1, 3, 3]), _item("y", [2, 2], "g"), _item("z", [1]), _item("none", [])])
    found = one_human(corpus, seed=0)
    # x: whoever is drawn, the others are 3 3 (median 3) or 1 3 (the two middle labels tie around their mean: lower, 1).
    assert found.items == ["x", "y"]
    assert (found.ratings[0], found.gold[0]) in {(1, 3), (3, 1)}
    assert (found.ratings[1], found.gold[1]) == (2, 2)
    assert found.groups == [None, "g"]
    assert found.skipped == {"fewer than 2 annotations": 2}
    record = agreement(found.ratings, found.gold, corpus.scale, groups=found.groups, resamples=20)
    assert record.n == 2


def test_one_human_does_not_depend_on_order_but_on_the_seed():
    items = [_item(f"item {i}", [1 + i % 3, 1 + (i * i) % 3, 2]) for i in range(60)]
    turned = [Item(one.id, one.fields, one.annotations[::-1], one.gold, one.group) for one in reversed(items)]
    first, second = one_human(_corpus(items), seed=3), one_human(_corpus(turned), seed=3)
    assert dict(zip(first.items, first.ratings, strict=True)) == dict(zip(second.items, second.ratings, strict=True))
    assert dict(zip(first.items, first.gold, strict=True)) == dict(zip(second.items, second.gold, strict=True))
    assert one_human(_corpus(items), seed=4).ratings != first.ratings


def test_one_human_draws_everybody_about_equally_often():
    names = ("a", "b", "c")
    items = [_item(f"item {i}", list(names)) for i in range(600)]
    found = one_human(_corpus(items, Nominal(names)))
    # The two others always differ: no majority. All 600 are skipped and said to be.
    assert found.items == []
    assert found.skipped == {"no consensus among the others": 600}
    drawn = one_human(_corpus([_item(f"item {i}", [1, 2, 3]) for i in range(600)])).ratings
    # 200 each, standard deviation sqrt(600 * 2/9) = 11.5.
    assert all(abs(drawn.count(label) - 200) < 46 for label in (1, 2, 3))


def test_agreement_prints_as_a_table_a_person_can_read() -> None:
    scale = Ordinal(1, 5)
    lines = str(agreement([1, 2, 3, 4, 5, 5], [1, 2, 3, 4, 4, 5], scale)).splitlines()
    assert lines[0] == "agreement on 6 items (95% bootstrap intervals)"
    assert lines[1].startswith("  alpha") and "[" in lines[1]
    constant_rater = str(agreement([3, 3, 3], [1, 3, 5], scale, resamples=100))
    assert "undefined: " in constant_rater
