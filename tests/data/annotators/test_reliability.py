"""The reliability of gold and the ceiling it sets, by hand, against an analysis of variance, and in planted worlds."""

import json

import numpy as np
import pytest
from scipy import stats

from accord.data import (
    InputError,
    Interval,
    Nominal,
    Ordinal,
    Pairwise,
    SetupError,
    agreement,
    consensus,
    gold_reliability,
    human_agreement,
)

FIVE = Ordinal(1, 5)


def _one_way(rows):
    """The one-way analysis of variance of unequal groups, spelled out."""
    rows = [np.array(row, dtype=float) for row in rows if len(row) >= 2]
    n, sizes = len(rows), np.array([row.size for row in rows])
    grand = np.concatenate(rows).mean()
    between = sum(row.size * (row.mean() - grand) ** 2 for row in rows) / (n - 1)
    within = sum(((row - row.mean()) ** 2).sum() for row in rows) / (sizes.sum() - n)
    size = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (n - 1)
    return (between - within) / (between + (size - 1) * within)


def test_icc1_of_shrout_and_fleiss():
    # Shrout & Fleiss (1979), table 2; table 4 gives ICC(1,1) = .17 and ICC(1,4) = .44. In lists, labels are anybody's.
    table = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = gold_reliability(table, Ordinal(1, 10), resamples=0)
    assert found.coefficient == "icc1"
    assert found.single.value == pytest.approx(0.17, abs=5e-3) and found.single.value == pytest.approx(_one_way(table))
    assert found.gold.value == pytest.approx(0.44, abs=5e-3)
    # The same judges by name: their leniency is the same on every item, so ICC(3,1) = .71 and ICC(3,4) = .91 hold.
    named = gold_reliability([dict(zip("abcd", row, strict=True)) for row in table], Ordinal(1, 10), resamples=0)
    assert named.coefficient == "icc3"
    assert (named.single.value, named.gold.value) == pytest.approx((0.715, 0.909), abs=5e-4)


@pytest.mark.parametrize("seed", range(3))
def test_uneven_numbers_of_labels_equal_the_analysis_of_variance(seed):
    rng = np.random.default_rng(seed)
    truth = rng.integers(1, 6, 60)
    rows = [
        np.clip(level + rng.integers(-1, 2, rng.integers(1, 9)), 1, 5).tolist() for level in truth
    ]  # 1 to 8 labels, by nobody in particular
    found = gold_reliability(rows, FIVE, resamples=50)
    assert found.single.value == pytest.approx(_one_way(rows), abs=1e-9)
    many = np.array([len(row) for row in rows])
    assert found.people == pytest.approx(stats.hmean(many))
    assert (found.n, found.judged, found.left_out) == (60, int((many > 1).sum()), 0)
    single = _one_way(rows)
    assert found.people is not None
    stepped = found.people * single / (1 + (found.people - 1) * single)
    assert found.gold.value == pytest.approx(stepped) and found.correlation.value == pytest.approx(np.sqrt(stepped))
    if (many == 1).any():
        assert "items with one label are taken to be as noisy as the others" in found.gold.note


def test_spearman_and_brown_by_hand():
    # Values 1 1 | 1 3 | 3 3 | 3 1 | 1 1 | 3 3: means 1 2 3 2 1 3 about 2, MSR = 2 * 4 / 5 = 1.6, MSW = 4 / 6.
    # ICC(1,1) = (1.6 - 2/3) / (1.6 + 2/3) = 7/17; of two labels 14/24; of four 28/38.
    rows = [[1, 1], [1, 3], [3, 3], [3, 1], [1, 1], [3, 3]]
    found = gold_reliability(rows, Ordinal(1, 3), resamples=200)
    assert found.single.value == pytest.approx(7 / 17) and found.gold.value == pytest.approx(14 / 24)
    assert found.of(4).value == pytest.approx(28 / 38) and found.of(1).high == pytest.approx(found.single.high)
    assert found.of(2).value == pytest.approx(found.gold.value)
    # k = R (1 - r) / (r (1 - R)) labels: (28/38) (10/17) / ((7/17) (10/38)) = 4.
    assert found.people_for(28 / 38) == pytest.approx(4) and found.people_for(0.3) == 1


def test_of_names_it_is_the_nominal_alpha():
    rng = np.random.default_rng(0)
    rows = [[("a", "b", "c")[i] for i in rng.choice(3, 4, p=rng.dirichlet([1, 1, 1]))] for _ in range(80)]
    found = gold_reliability(rows, Nominal(["a", "b", "c"]), resamples=0)
    alpha = human_agreement(rows, Nominal(["a", "b", "c"]), resamples=0).metrics["alpha"].value
    assert found.coefficient == "alpha" and alpha is not None
    assert found.single.value == pytest.approx(alpha)
    assert found.gold.value == pytest.approx(4 * alpha / (1 + 3 * alpha))
    assert set(found.ceilings) == {"alpha", "kappa", "accuracy"}


def _stars(rng, items, people, noise):
    truth = rng.normal(size=items)
    cuts = np.quantile(np.random.default_rng(0).normal(size=10**5) * np.sqrt(1 + noise**2), [0.1, 0.3, 0.6, 0.85])
    labels = np.searchsorted(cuts, truth[:, None] + noise * rng.normal(size=(items, people))) + 1
    return truth, (np.searchsorted(cuts, truth) + 1).tolist(), labels.tolist()


@pytest.mark.parametrize(("people", "noise"), [(3, 0.5), (5, 1.0), (20, 1.5)])
def test_a_rater_that_knows_the_truth_scores_the_ceiling_on_stars(people, noise):
    rng = np.random.default_rng(1)
    score, truth, labels = _stars(rng, 4000, people, noise)
    gold = [one for row in labels if (one := consensus(row, FIVE)) is not None]
    found = gold_reliability(labels, FIVE, resamples=200)
    scored = agreement(truth, gold, FIVE, resamples=0).metrics
    for name, one in found.ceilings.items():
        assert one.value == pytest.approx(scored[name].value, abs=0.035), name
    means = [float(np.mean(row)) for row in labels]
    # A score, not a level; the levels' ends bend the relation a little.
    assert found.correlation.value == pytest.approx(np.corrcoef(score, means)[0, 1], abs=0.03)


def test_a_rater_that_knows_the_truth_scores_the_ceiling_on_names():
    rng = np.random.default_rng(2)
    chances = rng.dirichlet([0.4, 0.2, 0.1], size=4000)
    labels = [["abc"[i] for i in rng.choice(3, 5, p=row)] for row in chances]
    scale = Nominal(list("abc"))
    decided = [(i, one) for i, row in enumerate(labels) if (one := consensus(row, scale)) is not None]
    truth = ["abc"[chances[i].argmax()] for i, _ in decided]
    scored = agreement(truth, [one for _, one in decided], scale, resamples=0).metrics
    found = gold_reliability(labels, scale, resamples=200)
    assert found.single.value == pytest.approx(1 / (1 + 0.7), abs=0.02)
    for name, one in found.ceilings.items():
        assert one.value == pytest.approx(scored[name].value, abs=0.035), name


def test_a_rater_that_knows_the_truth_scores_the_ceiling_on_numbers():
    rng = np.random.default_rng(3)
    truth = rng.normal(0, 1, 3000)
    labels = truth[:, None] + rng.normal(0, 0.8, (3000, 4))
    scale = Interval(-9, 9)
    scored = agreement(truth.tolist(), labels.mean(axis=1).tolist(), scale, resamples=0).metrics
    found = gold_reliability(labels.tolist(), scale, resamples=100)
    assert found.single.value == pytest.approx(1 / 1.64, abs=0.03)
    assert found.correlation.value == pytest.approx(scored["pearson"].value, abs=0.02)
    for name, one in found.ceilings.items():
        assert one.value == pytest.approx(scored[name].value, abs=0.035), name
        assert one.value is not None and one.low is not None and one.high is not None
        assert one.low <= one.value <= one.high
    medians = gold_reliability(labels.tolist(), scale, rule="median", resamples=0).ceilings["mse"].value
    assert medians is not None and medians > (found.ceilings["mse"].value or 0)


def test_better_people_raise_every_ceiling():
    rng = np.random.default_rng(4)
    loose, tight = (gold_reliability(_stars(rng, 500, 5, noise)[2], FIVE, resamples=0) for noise in (1.5, 0.5))
    for name, one in tight.ceilings.items():
        other = loose.ceilings[name].value
        assert one.value is not None and other is not None
        assert (one.value < other) if name in ("mse", "mae") else (one.value > other)


def _width(one):
    return one.high - one.low


def test_the_order_of_items_does_not_matter_and_groups_widen_the_interval():
    rows = _stars(np.random.default_rng(5), 60, 4, 1.0)[2]
    order = np.random.default_rng(6).permutation(60)
    first = gold_reliability(rows, FIVE, resamples=200)
    assert gold_reliability([rows[i] for i in order], FIVE, resamples=200) == first
    groups = [str(i % 60) for i in range(300)]
    apart, together = (gold_reliability(rows * 5, FIVE, groups=chosen, resamples=500) for chosen in (None, groups))
    assert _width(together.single) / _width(apart.single) == pytest.approx(np.sqrt(5), rel=0.25)


@pytest.mark.parametrize(
    ("labels", "scale", "why"),
    [
        ([[1], [2], [5]], FIVE, "no item has two labels"),
        ([], FIVE, "no item has two labels"),
        ([[None], []], FIVE, "no item has two labels"),
        ([{"ana": 1}, {"ben": 2}], FIVE, "no item has two labels"),
        ([[3, 3], [3, 3], [3]], FIVE, "every label is the same level"),
        ([["a", "a"], ["a", "a"]], Nominal(["a", "b"]), "every label is the same level"),
        ([[1, 2]], FIVE, "too few items have two labels"),
        ([[1], [2], [0.5]], Interval(0, 5), "no item has two labels"),
    ],
)
def test_what_cannot_be_known_is_undefined_with_its_reason(labels, scale, why):
    found = gold_reliability(labels, scale, resamples=50)
    for one in (found.single, found.gold, found.correlation, *found.ceilings.values()):
        assert one.value is None and why in one.note
    assert found.people_for(0.9) is None and found.of(3).value is None
    json.dumps(found.to_dict(), allow_nan=False)
    assert why in str(found)


def test_perfect_people_and_people_who_guess():
    perfect = gold_reliability([[1, 1], [2, 2], [5, 5], [4, 4]] * 5, FIVE, resamples=50)
    assert (perfect.single.value, perfect.gold.value, perfect.correlation.value) == pytest.approx((1, 1, 1))
    assert perfect.ceilings["accuracy"].value == pytest.approx(1, abs=0.01)
    same = gold_reliability([["A", "A"], ["B", "B"], ["tie", "tie"]] * 5, Pairwise(), resamples=50)
    assert same.ceilings["kappa"].value == pytest.approx(1, abs=0.01)
    guessed = gold_reliability([[1, 5], [5, 1], [2, 4], [4, 2]] * 5, FIVE, resamples=50)
    assert guessed.single.value is not None and guessed.single.value < 0
    assert (guessed.gold.value, guessed.correlation.value) == (0, 0)
    assert "no more alike than any" in guessed.ceilings["alpha"].note and guessed.people_for(0.9) is None
    json.dumps(guessed.to_dict(), allow_nan=False)


def test_the_record_reads_well():
    found = gold_reliability(_stars(np.random.default_rng(7), 100, 5, 1.0)[2] + [[]], FIVE, resamples=100)
    assert "reliability of gold on 100 items, 5 labels each (harmonic mean)" in str(found)
    assert "gold (median)" in str(found) and "ceiling of tau_b" in str(found) and "bias" not in str(found)
    assert found.left_out == 1
    assert set(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == set(found.__dataclass_fields__)


def test_wrong_calls_are_refused():
    with pytest.raises(SetupError, match="Dawid-Skene"):
        gold_reliability([[1, 2]], FIVE, rule="dawid_skene")
    with pytest.raises(SetupError, match="has no mean"):
        gold_reliability([["a", "b"]], Nominal(["a", "b"]), rule="mean")
    with pytest.raises(InputError, match="1 groups for 2 items"):
        gold_reliability([[1], [2]], FIVE, groups=["x"])
    with pytest.raises(InputError, match="labels"):
        gold_reliability([[1, 7]], FIVE)
    with pytest.raises(InputError, match="0.5 people"):
        gold_reliability([[1, 2]], FIVE, resamples=0).of(0.5)
    with pytest.raises(InputError, match="a reliability of 1"):
        gold_reliability([[1, 2]], FIVE, resamples=0).people_for(1)
