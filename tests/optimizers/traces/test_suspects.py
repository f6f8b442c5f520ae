"""Label-error candidates: by hand where that is possible, and in simulations where the flipped labels are known."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.data import InputError, Interval, Label, Nominal, Ordinal, Pairwise, Scale, SetupError
from accord.optimizers import Suspect, suspects
from worlds.rater_world import RaterWorld

SCALE = Ordinal(1, 5)
Draw = Callable[[], int]


@dataclass(frozen=True)
class Flipped:
    """Drawn labels and golds of which those at `flips` are wrong."""

    drawn: list[list[int]]
    golds: list[int]
    flips: frozenset[int]

    def precision(self, found: Sequence[Suspect]) -> float:
        """Return the share of flips among as many suspects as there are flips; what a list is short of is wrong."""
        first = {suspect.place for suspect in found[: len(self.flips)]}
        return len(first & self.flips) / len(self.flips)


def other(label: int, near: float, rng: np.random.Generator) -> int:
    """Return another label: a neighbour with this probability, else one further away."""
    beside = [level for level in (label - 1, label + 1) if 1 <= level <= 5]
    far = [level for level in range(1, 6) if abs(level - label) > 1]
    return int(rng.choice(beside if rng.random() < near else far))


def independent(truth: int, rng: np.random.Generator) -> Draw:
    """Each draw is right with 0.6 and else any other label."""
    return lambda: truth if rng.random() < 0.6 else int(rng.choice([level for level in range(1, 6) if level != truth]))


def believing(truth: int, rng: np.random.Generator) -> Draw:
    """The teacher's belief is right on 60 % of the items, else mostly a neighbour; its draws follow it with 0.8."""
    belief = truth if rng.random() < 0.6 else other(truth, 0.8, rng)
    return lambda: belief if rng.random() < 0.8 else other(belief, 0.5, rng)


def flipped(
    teacher: Callable[[int, np.random.Generator], Draw], samples: int, *, first: bool, seed: int, items: int = 600
) -> Flipped:
    """Flip 10 % of uniform true labels to any other label, then draw, if `first` until a draw matches."""
    rng = np.random.default_rng(seed)
    truths = rng.integers(1, 6, items)
    flips = frozenset(rng.permutation(items)[: items // 10].tolist())
    golds = [
        int(rng.choice([level for level in range(1, 6) if level != truth]) if place in flips else truth)
        for place, truth in enumerate(truths)
    ]
    drawn: list[list[int]] = []
    for truth, gold in zip(truths, golds, strict=True):
        draw = teacher(int(truth), rng)
        labels: list[int] = []
        while len(labels) < samples and not (first and gold in labels):
            labels.append(draw())
        drawn.append(labels)
    return Flipped(drawn, golds, flips)


def lower_end(values: Sequence[float]) -> float:
    """Return the lower end of a 95 % interval (t with 7 degrees of freedom) of the mean over eight seeds."""
    return float(np.mean(values) - 2.365 * np.std(values, ddof=1) / math.sqrt(len(values)))


@pytest.mark.parametrize("teacher", [independent, believing])
@pytest.mark.parametrize(("samples", "first"), [(16, False), (16, True), (4, False), (2, False)])
def test_a_teacher_right_60_percent_of_the_time_finds_flips_at_three_times_the_base_rate(
    teacher: Callable[[int, np.random.Generator], Draw], samples: int, first: bool
) -> None:
    # A tenth is flipped, to any other label: two fifths of the flips are to a neighbour, which is no far disagreement
    # and cannot be found. So 0.6 is about the most that is possible here.
    found = []
    for seed in range(8):
        world = flipped(teacher, samples, first=first, seed=seed)
        found.append(world.precision(suspects(world.drawn, world.golds, SCALE)))
    assert lower_end(found) >= 0.30, found


def lenient(truth: int, rng: np.random.Generator) -> Draw:
    """The teacher takes half of the items that are worth 1 for a 3, and is good at all others."""
    seen = 3 if truth == 1 and rng.random() < 0.5 else truth
    belief = seen if rng.random() < 0.8 else other(seen, 0.9, rng)
    return lambda: belief if rng.random() < 0.8 else other(belief, 0.5, rng)


@pytest.mark.parametrize(("samples", "first"), [(16, False), (16, True), (4, False), (2, False)])
def test_a_teachers_habits_are_not_taken_for_label_errors(samples: int, first: bool) -> None:
    # A tenth of all items is flipped, and on another tenth this teacher errs by two steps as surely as it reads the
    # rest. Counting the disagreeing draws cannot tell the two apart.
    gains, found = [], []
    for seed in range(8):
        world = flipped(lenient, samples, first=first, seed=seed)
        listed = suspects(world.drawn, world.golds, SCALE)
        counted = sorted(listed, key=lambda one: (-one.disagreeing / one.draws, -one.draws, one.place))
        found.append(world.precision(listed))
        gains.append(found[-1] - world.precision(counted))
    assert lower_end(found) >= 0.30, found
    assert lower_end(gains) > 0, gains


@pytest.mark.parametrize("first", [False, True])
def test_far_flips_of_the_rater_world_are_found(first: bool) -> None:
    precisions = []
    for seed in range(8):
        world = RaterWorld(items=400, seed=seed, flipped=0.1, hit_rate=0.6, misses="near")
        rng = np.random.default_rng(seed)
        corpus = world.corpus()
        golds = [item.gold for item in corpus if item.gold is not None]
        drawn: list[list[Label | None]] = []
        for item in corpus:
            chances = world.chances(item.id)
            labels = [list(chances)[at] for at in rng.choice(len(chances), 16, p=list(chances.values()))]
            drawn.append([*labels[: labels.index(item.gold) + 1]] if first and item.gold in labels else [*labels])
        found = suspects(drawn, golds, world.scale, ids=corpus.ids)
        count = len(world.flipped_ids)
        precisions.append(len({one.item_id for one in found[:count]} & world.flipped_ids) / count)
    assert lower_end(precisions) >= 0.8, precisions


def test_sixteen_draws_of_a_stubborn_teacher_are_one_witness() -> None:
    # This teacher repeats one belief in all draws, and its beliefs are right as often as any other label. However often
    # it repeats itself, an item is no more suspicious than the assumed share of wrong labels.
    rng = np.random.default_rng(3)
    golds = rng.integers(1, 6, 500).tolist()
    drawn = [[belief] * 16 for belief in rng.integers(1, 6, 500).tolist()]
    found = suspects(drawn, golds, SCALE, noise=0.05)
    assert found and max(one.probability for one in found) < 0.15


def test_what_the_teacher_always_gets_wrong_is_less_suspicious_than_what_it_usually_gets_right() -> None:
    # The teacher says 4 to half of the items labelled 1, and is right on all others but two: those labelled 5 that it
    # calls 2. Both kinds of disagreement are three steps wide.
    golds = [1] * 40 + [2] * 40 + [3] * 40 + [4] * 40 + [5] * 42
    drawn = [[1, 1, 1]] * 20 + [[4, 4, 4]] * 20
    drawn += [[label] * 3 for label in (2, 3, 4, 5) for _ in range(40)] + [[2, 2, 2]] * 2
    found = suspects(drawn, golds, SCALE)
    assert len(found) == 22
    assert {(one.gold, one.believed) for one in found[:2]} == {(5, 2)}
    assert found[1].probability > 3 * found[2].probability


def test_clear_disagreement_is_more_suspicious_than_mixed() -> None:
    golds = [1, 1, *[1, 2, 3, 4, 5] * 20]
    mixed, clear = [5, 5, 5, 1, 1, 2], [5, 5, 5, 5, 5, 5]
    # On all other items three draws of four are right, and the fourth is one level up.
    drawn = [mixed, clear, *([label, label, label, min(label + 1, 5)] for label in golds[2:])]
    found = suspects(drawn, golds, SCALE)
    assert found == [
        Suspect("1", 1, 1, 5, found[0].probability, disagreeing=6, draws=6),
        Suspect("0", 0, 1, 5, found[1].probability, disagreeing=3, draws=6),
    ]
    assert found[0].probability > found[1].probability


@pytest.mark.parametrize(
    ("labels", "listed"),
    [
        ([5, 5], True),
        ([5], False),  # one draw is not repeatedly
        ([5, None, None], False),  # nor is one draw with a label
        ([None, None], False),
        ([], False),
        ([2, 2, 2], False),  # a neighbour
        ([5, 5, 1], True),
        ([5, 1], False),  # as often gold
        ([5, 5, 2, 2], False),  # as often a neighbour
        ([5, 4], True),  # both far
    ],
)
def test_who_is_listed(labels: list[int | None], listed: bool) -> None:
    drawn: list[list[int | None]] = [labels, *([label, label] for label in range(1, 6))]
    found = suspects(drawn, [1, 1, 2, 3, 4, 5], SCALE, ids=list("abcdef"))
    assert [one.item_id for one in found] == (["a"] if listed else [])


def test_least_and_tolerance_are_dials() -> None:
    drawn = [[2], [5], *[[1, 1]] * 5]
    golds = [1] * 7
    assert [one.place for one in suspects(drawn, golds, SCALE, least=1, tolerance=0)] in ([0, 1], [1, 0])
    assert [one.place for one in suspects(drawn, golds, SCALE, least=1)] == [1]
    assert suspects(drawn, golds, SCALE, least=1, tolerance=4) == []


@pytest.mark.parametrize(
    ("scale", "near", "far"),
    [
        (Nominal(["a", "b", "c"]), ("a", "a"), ("a", "b")),
        (Pairwise(), ("A", "A"), ("A", "tie")),
        (Ordinal.of(["bad", "good"]), ("bad", "bad"), ("bad", "good")),
        (Ordinal.of(["bad", "fair", "good"]), ("bad", "fair"), ("bad", "good")),
        (Interval(0, 4, step=1), (0.0, 1.0), (0.0, 2.0)),
        (Interval(-1, 1), (0.0, 0.5), (0.0, 0.51)),  # a quarter of the range is no disagreement
        (Interval(0, 100, step=1), (50.0, 75.0), (50.0, 76.0)),
        (Ordinal(1, 40), (20, 21), (20, 22)),
    ],
)
def test_what_is_far_on_each_scale(scale: Scale, near: tuple[Label, Label], far: tuple[Label, Label]) -> None:
    golds = [near[0], far[0], far[0]]
    found = suspects([[near[1]] * 3, [far[1]] * 3, [far[0]] * 3], golds, scale)
    assert [(one.place, one.believed) for one in found] == [(1, far[1])]
    assert 0 < found[0].probability <= 1


@pytest.mark.parametrize("scale", [Interval(-4, 4), Interval(0, 100, step=1)])
def test_moved_numbers_are_found_among_draws_that_scatter(scale: Interval) -> None:
    precisions = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        span = scale.high - scale.low
        truths = rng.uniform(scale.low, scale.high, 500)
        flips = set(rng.permutation(500)[:50].tolist())
        golds = [
            scale.nearest(float(rng.uniform(scale.low, scale.high)) if place in flips else float(truth))
            for place, truth in enumerate(truths)
        ]
        beliefs = truths + rng.normal(0, np.where(rng.random(500) < 0.6, 0.06, 0.2) * span)
        drawn = [[scale.nearest(float(x)) for x in belief + rng.normal(0, 0.1 * span, 6)] for belief in beliefs]
        found = suspects(drawn, golds, scale)
        precisions.append(len({one.place for one in found[:50]} & flips) / 50)
    # About 56 % of two numbers drawn at random are more than a quarter of the range apart: 0.75 ** 2.
    assert lower_end(precisions) >= 0.40, precisions


def test_the_median_draw_speaks_on_an_interval_scale() -> None:
    # Middle draws 0.1 and 0.9 around gold 0.2: the nearer is no disagreement. Of five draws the median is 0.9.
    found = suspects([[0.0, 0.1, 0.9, 1.0], [0.0, 0.1, 0.9, 0.9, 1.0]], [0.2, 0.2], Interval(0, 1))
    assert [(one.place, one.believed, one.disagreeing) for one in found] == [(1, 0.9, 3)]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.integers(1, 5), st.lists(st.none() | st.integers(1, 5), max_size=6)), min_size=1, max_size=12
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_items_and_of_draws_changes_nothing(items: list[tuple[int, list[int | None]]], dice) -> None:
    shuffled = [(gold, dice.sample(labels, len(labels)), place) for place, (gold, labels) in enumerate(items)]
    dice.shuffle(shuffled)
    before = {
        int(one.item_id): one for one in suspects([labels for _, labels in items], [gold for gold, _ in items], SCALE)
    }
    after = suspects(
        [labels for _, labels, _ in shuffled],
        [gold for gold, _, _ in shuffled],
        SCALE,
        ids=[str(place) for _, _, place in shuffled],
    )
    assert {int(one.item_id) for one in after} == set(before)
    for one in after:
        same = before[int(one.item_id)]
        assert one.probability == pytest.approx(same.probability, abs=1e-6) and 0 <= one.probability <= 1
        assert (one.disagreeing, one.draws, one.gold) == (same.disagreeing, same.draws, same.gold)
    assert [one.probability for one in after] == sorted((one.probability for one in after), reverse=True)


def test_nothing_drawn_makes_nobody_a_suspect() -> None:
    assert suspects([], [], SCALE) == []
    assert suspects([[], [None]], [1, 5], SCALE) == []


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: suspects([[1]], [1, 2], SCALE), InputError, "1 items have draws, 2 have a gold"),
        (lambda: suspects([[1]], [1], SCALE, ids=["a", "b"]), InputError, "2 items have ids"),
        (lambda: suspects([[1]], [9], SCALE, ids=["x"]), InputError, "item 'x'"),
        (lambda: suspects([[1, 9]], [1], SCALE), InputError, "9"),
        (lambda: suspects([[1]], [1], SCALE, least=0), SetupError, "least"),
        (lambda: suspects([[1]], [1], SCALE, tolerance=-1), SetupError, "tolerance"),
        (lambda: suspects([[1]], [1], SCALE, tolerance=math.nan), SetupError, "tolerance"),
        (lambda: suspects([[1]], [1], SCALE, noise=1.0), SetupError, "noise"),
    ],
)
def test_wrong_set_up_is_one_line(call: Callable[[], object], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert words in str(caught.value) and "\n" not in str(caught.value)
