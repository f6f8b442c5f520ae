"""The order of systems by a rater's means and by people's, against scipy and a loop."""

import itertools
import json

import numpy as np
import pytest
from scipy import stats

from accord.data import InputError, Nominal, Ordinal, SetupError, system_agreement
from accord.data.statistics.estimate import tail

FIVE = Ordinal(1, 5)


def _systems(count=12, each=20, seed=0, taste=0.5):
    """Items of systems of rising quality, and a rater with a taste for some of them."""
    rng = np.random.default_rng(seed)
    system = np.repeat(np.arange(count), each)
    quality = np.linspace(2, 4, count)[system]
    gold = np.clip(np.round(quality + rng.normal(0, 1, system.size)), 1, 5).astype(int)
    liked = rng.normal(0, taste, count)[system]
    ratings = np.clip(np.round(quality + liked + rng.normal(0, 1, system.size)), 1, 5).astype(int)
    return ratings.tolist(), gold.tolist(), [f"s{i:02}" for i in system], [f"d{i % each}" for i in range(system.size)]


def _by_system(values, systems):
    return [np.mean([v for v, s in zip(values, systems, strict=True) if s == name]) for name in sorted(set(systems))]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("each", [2, 20])
def test_it_is_the_correlation_of_means(seed, each) -> None:
    ratings, gold, systems, _ = _systems(each=each, seed=seed)
    found = system_agreement(ratings, gold, systems, FIVE, resamples=0)
    left, right = _by_system(ratings, systems), _by_system(gold, systems)
    assert found.items["tau_b"].value == pytest.approx(stats.kendalltau(left, right)[0], abs=1e-9)
    assert found.items["spearman"].value == pytest.approx(stats.spearmanr(left, right)[0], abs=1e-9)
    pairs = [(i, j) for i, j in itertools.combinations(range(12), 2) if right[i] != right[j]]
    same = [(np.sign((left[i] - left[j]) * (right[i] - right[j])) + 1) / 2 for i, j in pairs]
    assert found.items["pairwise_accuracy"].value == pytest.approx(np.mean(same), abs=1e-9)
    assert [one.human for one in found.means.values()] == pytest.approx(right)
    assert found.systems["tau_b"].value == found.items["tau_b"].value


def test_intervals_equal_a_loop() -> None:
    ratings, gold, systems, _ = _systems()
    found = system_agreement(ratings, gold, systems, FIVE, resamples=4000)
    rng = np.random.default_rng(5)
    table = np.array([ratings, gold]).reshape(2, 12, 20)
    fixed, drawn = [], []
    for _ in range(800):
        item = rng.integers(0, 20, (12, 20))
        left, right = (np.take_along_axis(side, item, axis=1).mean(axis=1) for side in table)
        fixed.append(stats.kendalltau(left, right)[0])
        who = rng.integers(0, 12, 12)
        drawn.append(stats.kendalltau(left[who], right[who])[0])
    for got, loop, units in ((found.items["tau_b"], fixed, 240), (found.systems["tau_b"], drawn, 12)):
        spread, cut = float(np.std(loop)), tail(0.95, units)
        assert got.low == pytest.approx(float(np.quantile(loop, cut)), abs=0.35 * spread)
        assert got.high == pytest.approx(float(np.quantile(loop, 1 - cut)), abs=0.35 * spread)
    assert "only 12 systems" in found.systems["tau_b"].note


def test_shared_sources_are_drawn_for_all_systems_together() -> None:
    # Some sources are hard for every system: drawn together they cancel, drawn apart they blur the order.
    rng = np.random.default_rng(3)
    hard = rng.integers(0, 3, 30)
    gold = np.concatenate([1 + hard + (system > 3) for system in range(8)]).tolist()
    systems = [f"s{system}" for system in range(8) for _ in range(30)]
    sources = [f"d{source}" for _ in range(8) for source in range(30)]
    together, apart = (
        system_agreement(gold, [6 - label for label in gold], systems, FIVE, sources=given, resamples=200)
        for given in (sources, None)
    )
    assert together.items["tau_b"].high == -1.0
    assert apart.items["pairwise_accuracy"].value == together.items["pairwise_accuracy"].value == 0.0
    same, other = (
        system_agreement(gold, np.roll(gold, 1).tolist(), systems, FIVE, sources=given, resamples=400).items["tau_b"]
        for given in (sources, None)
    )
    assert same.low is not None and other.low is not None and other.low < same.low


def test_a_tie_of_the_raters_counts_half() -> None:
    found = system_agreement([3, 3, 3], [1, 2, 3], ["a", "b", "c"], FIVE, resamples=0)
    assert found.items["pairwise_accuracy"].value == 0.5
    assert found.items["tau_b"].value is None
    assert found.items["tau_b"].note == "the systems' rater means are all equal: no order to compare"


def test_unreadable_ratings_are_filled_or_left_out() -> None:
    ratings, gold, systems, sources = _systems()
    gaps = [None, *ratings[1:]]
    left_out = system_agreement(gaps, gold, systems, FIVE, sources=sources, resamples=50)
    assert (left_out.n, left_out.left_out, left_out.unparsed) == (239, 1, 1) and "on 239 of 240" in left_out.items[
        "tau_b"
    ].note
    filled = system_agreement(gaps, gold, systems, FIVE, fill=ratings[0], resamples=50)
    assert filled.items == system_agreement(ratings, gold, systems, FIVE, resamples=50).items


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_systems_are_explained(n) -> None:
    found = system_agreement([3] * n, [3] * n, [str(i) for i in range(n)], FIVE, resamples=20)
    for one in [*found.items.values(), *found.systems.values()]:
        assert one.value is None and one.note
    json.dumps(found.to_dict(), allow_nan=False)


def test_the_order_of_items_does_not_matter() -> None:
    ratings, gold, systems, sources = _systems()
    order = np.random.default_rng(0).permutation(len(gold))
    moved = [[side[i] for i in order] for side in (ratings, gold, systems, sources)]
    for given in (None, "sources"):
        one = system_agreement(ratings, gold, systems, FIVE, sources=sources if given else None, resamples=50)
        two = system_agreement(*moved[:3], FIVE, sources=moved[3] if given else None, resamples=50)  # type: ignore[misc]
        assert one.items["tau_b"].low == pytest.approx(two.items["tau_b"].low, abs=1e-12)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(SetupError, match="nominal scale have no mean"):
        system_agreement(["x"], ["y"], ["s"], Nominal(("x", "y")))
    with pytest.raises(InputError, match="1 systems for 2 gold labels"):
        system_agreement([1, 2], [1, 2], ["s"], FIVE)
    with pytest.raises(InputError, match="an item has no system"):
        system_agreement([1, 2], [1, 2], ["s", ""], FIVE)
