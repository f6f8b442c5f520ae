"""Utilization and its luck control: by hand, and unbiased in simulations."""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from accord.data import Draw, InputError, Interval, Label, Nominal, Ordinal, Pairwise, Scale
from accord.optimizers import (
    AnyAnnotator,
    Exact,
    LevelUtilization,
    Target,
    Utilization,
    Within,
    disagreement,
    utilization,
)

SCALE = Ordinal(1, 5)


def drawn(*labels: Label | None, repaired: Sequence[int] = ()) -> list[Draw]:
    """Return an item's draws; those numbered in `repaired` had their label forced."""
    return [
        Draw(
            "item",
            "0" * 64,
            index,
            label,
            "because",
            "" if label is not None else "no_label",
            repaired=index in repaired,
        )
        for index, label in enumerate(labels)
    ]


def measured(
    draws: Sequence[Sequence[Draw]], targets: Sequence[Target], *, samples: int, exhausted: bool = True, **options
) -> Utilization:
    return utilization(
        draws, targets, SCALE, options.pop("accept", Exact()), samples=samples, exhausted=exhausted, **options
    )


def test_exhausted_draws_by_hand() -> None:
    # Item 0 (gold 1) drew 1, 2, 2, none; item 1 (gold 2) 2, 2, 1, 5; item 2 (gold 2) 3, 3, 3, 3.
    found = measured([drawn(1, 2, 2, None), drawn(2, 2, 1, 5), drawn(3, 3, 3, 3)], [1, 2, 2], samples=4)
    # Hits 1, 2, 0 of 4. k=1: (1/4 + 2/4 + 0) / 3. k=2: 1 - C(3,2)/C(4,2) = 1/2; 1 - C(2,2)/C(4,2) = 5/6. k=4: 1, 1, 0.
    assert found.curve == pytest.approx({1: 0.25, 2: (1 / 2 + 5 / 6) / 3, 4: 2 / 3})
    # Other golds: item 0 meets 2, 2; items 1 and 2 meet 1, 2. Hits of item 0 on 2: 2; of item 1 on 1: 1, on 2: 2.
    # k=1: (2/4 + (1/4 + 2/4) / 2 + 0) / 3. k=4: (1 + (1 + 1) / 2 + 0) / 3.
    assert found.luck[1] == pytest.approx((1 / 2 + 3 / 8) / 3)
    assert found.luck[4] == pytest.approx(2 / 3)
    assert (found.items, found.accepted, found.draws, found.unparsed) == (3, 2, 12, 1)
    assert found.by_level == {
        "1": LevelUtilization(items=1, accepted=1, draws=4, hits=1, luck=1.0),
        "2": LevelUtilization(items=2, accepted=1, draws=8, hits=2, luck=0.5),
    }
    # Hit rates less luck: 1/4 - 2/4, 2/4 - 3/8, 0.
    assert found.advantage.value == pytest.approx((-1 / 4 + 1 / 8) / 3)


def test_luck_is_the_mean_over_all_permutations_of_the_golds_without_fixed_pairs() -> None:
    rng = np.random.default_rng(5)
    golds = [1, 1, 2, 3, 5]
    draws = [drawn(*map(int, rng.integers(1, 6, 4))) for _ in golds]
    found = measured(draws, golds, samples=4)
    # Averaged over the permutations that send no item to itself, every other item's gold is met equally often.
    shares: list[Fraction] = []
    for order in permutations(range(5)):
        if all(place != at for place, at in enumerate(order)):
            met = [any(draw.label == golds[at] for draw in draws[place]) for place, at in enumerate(order)]
            shares.append(Fraction(sum(met), 5))
    assert found.luck[4] == pytest.approx(float(sum(shares) / len(shares)))


def test_repaired_draws_match_nothing_and_are_counted_apart() -> None:
    # As in the first test, but item 0's only match and one of item 1's misses were forced.
    draws = [drawn(1, 2, 2, None, repaired=[0]), drawn(2, 2, 1, 5, repaired=[2]), drawn(3, 3, 3, 3)]
    found = measured(draws, [1, 2, 2], samples=4)
    assert (found.repaired, found.repaired_hits) == (2, 1)
    assert (found.items, found.accepted, found.draws, found.unparsed) == (3, 1, 12, 1)
    assert found.curve == pytest.approx({1: 2 / 4 / 3, 2: 5 / 6 / 3, 4: 1 / 3})
    # Item 1 no longer meets gold 1 by luck: k=1: (2/4 + (0 + 2/4) / 2 + 0) / 3.
    assert found.luck[1] == pytest.approx((1 / 2 + 1 / 4) / 3)
    assert found.by_level["1"] == LevelUtilization(items=1, accepted=0, draws=4, hits=0, luck=1.0)
    data = found.to_dict()
    assert (data["repaired"], data["repaired_hits"]) == (2, 1)


def test_forced_labels_alone_do_not_make_a_teacher_look_able() -> None:
    rng = np.random.default_rng(0)
    golds = [int(gold) for gold in rng.integers(1, 6, 300)]
    draws = [drawn(*[gold] * 4, repaired=range(4)) for gold in golds]
    found = measured(draws, golds, samples=4)
    assert found.curve == {1: 0.0, 2: 0.0, 4: 0.0} and found.repaired_hits == found.repaired == 1_200
    assert not found.above_luck and found.warning


def test_draws_that_stopped_at_the_first_match_by_hand() -> None:
    # Golds 1, 2, 2. Item 0 stopped at its first draw, item 1 at its third, item 2 never matched in four.
    draws = [drawn(1), drawn(3, 1, 2), drawn(1, 3, 1, 3)]
    found = measured(draws, [1, 2, 2], samples=4, exhausted=False)
    assert found.curve == pytest.approx({1: 1 / 3, 2: 1 / 3, 4: 2 / 3})
    # First draws are 1, 3, 1: a fresh draw is 1 with 2/3, 2 with 0. Against gold 2 item 0 goes on with fresh draws and
    # meets it with 0; against gold 1 items 1 and 2 have met it within 4, and against 2 item 1 has and item 2 has not.
    assert found.luck[4] == pytest.approx((0 + (1 + 1) / 2 + (1 + 0) / 2) / 3)
    # Within 1 draw: item 0 on 2: no; item 1 on 1 and 2: no; item 2 on 1: yes, on 2: no.
    assert found.luck[1] == pytest.approx((0 + 0 + 1 / 2) / 3)


def test_given_up_items_are_continued_neither_for_the_curve_nor_for_luck() -> None:
    # Three items drew 1. Item 0 (gold 1) matched; items 1 and 2 (gold 2) were given up, of up to 8 draws.
    found = measured([drawn(1), drawn(1), drawn(1)], [1, 2, 2], samples=8, exhausted=False)
    assert found.curve[8] == pytest.approx(1 / 3)
    # Item 0 on gold 2: continued, but no fresh draw is 2. Items 1 and 2: on gold 1 matched, on 2 given up.
    assert found.luck[8] == pytest.approx((0 + 1 / 2 + 1 / 2) / 3)
    # A fresh draw is 2 with 1/3 now, and item 0 has 7 of them; items 1 and 2 are not continued.
    found = measured([drawn(1), drawn(1), drawn(2)], [1, 3, 2], samples=8, exhausted=False)
    on_2, on_3 = 1 - (2 / 3) ** 7, 0.0
    # Item 2 (gold 2) matched, so it too is continued: on gold 1 with 2/3 a draw, on gold 3 with 0.
    assert found.luck[8] == pytest.approx(((on_3 + on_2) / 2 + (1 + 0) / 2 + (1 - (1 / 3) ** 7 + 0) / 2) / 3)


def test_targets_may_be_several_labels() -> None:
    # Any annotator will do: item 0 was called 1 or 2, item 1 was called 4, item 2 again 1 or 2.
    targets: list[Target] = [(1, 2), (4,), (1, 2)]
    found = measured([drawn(2, 5), drawn(4, 1), drawn(5, 5)], targets, samples=2, accept=AnyAnnotator())
    assert found.curve == pytest.approx({1: (1 / 2 + 1 / 2 + 0) / 3, 2: 2 / 3})
    # Item 0 meets (4,) and (1, 2): 0 and 1 within 2; item 1 meets (1, 2) twice: 1; item 2 nothing.
    assert found.luck[2] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert list(found.by_level) == ["1|2", "4"]
    assert found.by_level["1|2"] == LevelUtilization(items=2, accepted=1, draws=4, hits=1, luck=0.25)


def test_a_label_and_the_same_label_alone_in_a_tuple_are_one_level() -> None:
    found = measured([drawn(4), drawn(4)], [4, (4,)], samples=1, accept=Both())
    assert found.by_level == {"4": LevelUtilization(items=2, accepted=2, draws=2, hits=2, luck=1.0)}


class Both(AnyAnnotator):
    """Takes labels and tuples of labels."""

    def matches(self, drawn: Label, target: Target, scale: Scale) -> bool:
        return drawn in target if isinstance(target, tuple) else drawn == target


def test_by_disagreement_by_hand() -> None:
    draws = [drawn(1, 2), drawn(2, 2), drawn(3, 3), drawn(5, 5)]
    keys = ["wider", "unanimous", "wider", "unknown"]
    found = measured(draws, [1, 2, 2, 5], samples=2, disagreements=keys)
    assert list(found.by_disagreement) == ["unanimous", "wider", "unknown"]
    # Luck of item 0: golds 2, 2, 5 -> 2/3; of item 1: golds 1, 2, 5 -> 1/3; of items 2 and 3: 0.
    assert vars(found.by_disagreement["wider"]) == pytest.approx(
        {"items": 2, "accepted": 1, "draws": 4, "hits": 1, "luck": (2 / 3 + 0) / 2}
    )
    assert vars(found.by_disagreement["unanimous"]) == pytest.approx(
        {"items": 1, "accepted": 1, "draws": 2, "hits": 2, "luck": 1 / 3}
    )
    assert found.by_disagreement["unknown"] == LevelUtilization(1, 1, 2, 2, 0.0)
    assert found.to_dict()["by_disagreement"]["unknown"]["hits"] == 2
    # The caller's own groups come after the known ones; without any, nothing is known.
    own = measured(draws, [1, 2, 2, 5], samples=2, disagreements=["b", "wider", "a", "b"])
    assert list(own.by_disagreement) == ["wider", "b", "a"]
    assert list(measured(draws, [1, 2, 2, 5], samples=2).by_disagreement) == ["unknown"]


@pytest.mark.parametrize(
    ("scale", "labels", "expected"),
    [
        (SCALE, [], "unknown"),
        (SCALE, [3], "unknown"),
        (SCALE, [3, 3, 3], "unanimous"),
        (SCALE, [4, 3, 3], "within one step"),
        (SCALE, [2, 3, 4], "wider"),
        (Ordinal.of(["bad", "fair", "good"]), ["fair", "good"], "within one step"),
        (Ordinal.of(["bad", "fair", "good"]), ["bad", "good"], "wider"),
        (Nominal(["a", "b", "c"]), ["a", "a"], "unanimous"),
        (Nominal(["a", "b", "c"]), ["a", "c"], "split"),
        (Pairwise(), ["A", "tie"], "split"),
        (Interval(0, 4, step=1), [1.0, 2.0], "within one step"),
        (Interval(0, 4, step=1), [1.0, 3.0], "wider"),
        (Interval(-4, 4), [-1.0, 1.0], "within one step"),  # a quarter of the range
        (Interval(-4, 4), [-1.0, 1.5], "wider"),
    ],
)
def test_how_far_annotators_disagree(scale: Scale, labels: list[Label], expected: str) -> None:
    assert disagreement(labels, scale) == expected


def test_exhausted_curves_are_unbiased() -> None:
    # 200 corpora of 40 items with hit rates 0.1 and 0.5, four draws each: P(match within k) = mean of 1 - (1-p)^k.
    rng = np.random.default_rng(1)
    rates = np.repeat([0.1, 0.5], 20)
    found: dict[int, list[float]] = {1: [], 2: [], 4: []}
    for _ in range(200):
        hits = rng.random((40, 4)) < rates[:, None]
        draws = [drawn(*(3 if hit else 1 for hit in row)) for row in hits]
        for k, share in measured(draws, [3] * 40, samples=4).curve.items():
            found[k].append(share)
    for k, shares in found.items():
        error = np.std(shares, ddof=1) / math.sqrt(len(shares))
        assert abs(np.mean(shares) - (1 - (1 - rates) ** k).mean()) < 4 * error, k


@pytest.mark.parametrize("exhausted", [False, True])
def test_the_luck_of_a_guesser_is_unbiased_whether_drawing_stopped_or_not(exhausted: bool) -> None:
    # A teacher that ignores the item: curve and luck estimate the same number, at each k.
    apart: dict[int, list[float]] = {1: [], 2: [], 4: [], 8: []}
    for seed in range(150):
        rng = np.random.default_rng(seed)
        mix = [0.4, 0.3, 0.15, 0.1, 0.05]
        golds = [int(gold) for gold in rng.choice(5, 80, p=mix) + 1]
        draws: list[list[Draw]] = []
        for gold in golds:
            labels = [int(label) for label in rng.choice(5, 8, p=mix[::-1]) + 1]
            stop = labels.index(gold) + 1 if gold in labels and not exhausted else 8
            draws.append(drawn(*labels[:stop]))
        found = measured(draws, golds, samples=8, exhausted=exhausted)
        for k in apart:
            apart[k].append(found.curve[k] - found.luck[k])
    for k, differences in apart.items():
        error = np.std(differences, ddof=1) / math.sqrt(len(differences))
        assert abs(np.mean(differences)) < 4 * error, k


def test_within_accepts_neighbours_for_own_and_other_golds_alike() -> None:
    found = measured([drawn(2), drawn(5)], [1, 4], samples=1, accept=Within(1))
    assert found.curve == {1: 1.0} and found.luck == {1: 0.0}


def test_blocks_of_items_make_no_difference() -> None:
    # 3,000 items x 8 draws x 2,000 golds are too many cells for one block.
    rng = np.random.default_rng(0)
    scale = Interval(0, 1)
    golds = [round(float(gold), 3) for gold in rng.random(3_000)]
    draws = [drawn(*(round(float(label), 1) for label in rng.random(8))) for _ in golds]
    found = utilization(draws, golds, scale, Within(0.05), samples=8, exhausted=True)
    numbers = np.array([[draw.label for draw in item] for item in draws], dtype=float)
    met = [(abs(row[:, None] - np.array(golds)) <= 0.05 + 1e-9).any(axis=0) for row in numbers]
    by_hand = [(row.sum() - row[place]) / 2_999 for place, row in enumerate(met)]
    assert found.luck[8] == pytest.approx(float(np.mean(by_hand)), abs=1e-12)
    assert sum(level.items for level in found.by_level.values()) == 3_000


def test_no_items_no_draws_and_one_item_have_defined_answers() -> None:
    nothing = measured([], [], samples=4)
    assert (nothing.items, nothing.curve, nothing.by_level, nothing.by_disagreement) == (0, {}, {}, {})
    assert nothing.advantage.value is None and "no draw" in nothing.warning
    asked = measured([[], []], [1, 2], samples=4)
    assert (asked.items, asked.draws, asked.curve) == (2, 0, {})
    assert asked.by_level["1"] == LevelUtilization(items=1, accepted=0, draws=0, hits=0, luck=0.0)
    one = measured([drawn(1, 1)], [1], samples=2)
    assert one.curve == {1: 1.0, 2: 1.0} and one.luck == {1: 0.0, 2: 0.0}
    assert one.advantage.low is None


@pytest.mark.parametrize("name", ["targets", "disagreements"])
def test_entries_that_do_not_belong_together_are_refused(name: str) -> None:
    options: dict = {"targets": [1], "disagreements": None} | {name: [1, 1]}
    with pytest.raises(InputError, match=f"1 items have draws, 2 have {name}"):
        measured([drawn(1)], samples=1, **options)
