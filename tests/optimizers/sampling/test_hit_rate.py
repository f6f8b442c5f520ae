"""What is believed of hit rates: by hand, and against planted ones."""

import math

import numpy as np
import pytest

from accord.optimizers import HitRates, Tally, learn
from accord.optimizers.sampling.hit_rate import learn_levels

FLAT = HitRates(guessed=0.5, alpha=1.0, beta=1.0)


def planted(items: int, rates: HitRates, chance: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return who is guessed and the hit rates of items from a known spike and slab."""
    rng = np.random.default_rng(seed)
    guessed = rng.random(items) < rates.guessed
    return guessed, np.where(guessed, chance, rng.beta(rates.alpha, rates.beta, items))


def test_posterior_by_hand() -> None:
    # Two hits in two draws at chance 1/5: the spike gives 1/25, a flat slab the integral of p^2 = 1/3.
    # P(guessed) = (1/25) / (1/25 + 1/3) = 3/28; the slab is Beta(3, 1), above 1/5 with 1 - 1/125.
    assert FLAT.spike(2, 2, 0.2) == pytest.approx(3 / 28)
    assert FLAT.confidence(2, 2, 0.2) == pytest.approx(25 / 28 * 124 / 125)
    # The next draw hits with 1/5 if guessed, else with the slab's mean 3/4.
    assert FLAT.next_hit(2, 2, 0.2) == pytest.approx(3 / 28 * 0.2 + 25 / 28 * 0.75)
    # Before any draw the prior is what it is.
    assert FLAT.spike(0, 0, 0.2) == pytest.approx(0.5)
    assert FLAT.confidence(0, 0, 0.2) == pytest.approx(0.5 * 0.8)


def test_a_late_hit_is_worth_little_and_early_ones_much() -> None:
    assert HitRates().confidence(1, 16, 0.2) < 0.3
    assert HitRates().confidence(1, 1, 0.2) < 0.95
    assert HitRates().confidence(3, 3, 0.2) > 0.95
    confidences = [float(HitRates().confidence(hits, 8, 0.2)) for hits in range(9)]
    assert confidences == sorted(confidences)


def test_chances_of_nothing_and_of_everything_give_numbers() -> None:
    for chance in (0.0, 1.0):
        for hits, draws in ((0, 0), (0, 16), (16, 16)):
            found = [HitRates().confidence(hits, draws, chance), HitRates().next_hit(hits, draws, chance)]
            assert all(0 <= value <= 1 and math.isfinite(value) for value in found)
    assert HitRates(guessed=0.0).spike(3, 5, 0.2) == 0 and HitRates(guessed=1.0).spike(3, 5, 0.2) == 1


def test_learn_recovers_what_was_planted() -> None:
    truth = HitRates(0.3, 6.0, 4.0)
    _, rates = planted(2_000, truth, 0.2, seed=1)
    hits = np.random.default_rng(2).binomial(8, rates)
    found = learn([Tally(int(h), 8, 0.2) for h in hits])
    assert found.guessed == pytest.approx(0.3, abs=0.06)
    assert found.alpha / (found.alpha + found.beta) == pytest.approx(0.6, abs=0.04)
    assert 5 < found.alpha + found.beta < 20


def test_learn_is_not_biased_by_drawing_that_stops_at_the_first_match() -> None:
    truth = HitRates(0.3, 6.0, 4.0)
    found = []
    for seed in range(6):
        _, rates = planted(2_000, truth, 0.2, seed=seed)
        rng = np.random.default_rng(100 + seed)
        draws = np.minimum(rng.geometric(rates), 16)
        hits = rng.random(len(draws)) < np.where(draws < 16, 1.0, rates)
        # One that needed its 16th draw had 15 misses; whether that draw hit is open.
        found.append(learn([Tally(int(h), int(n), 0.2) for h, n in zip(hits, draws, strict=True)]))
    # The share of hits among these draws is far lower than the mean hit rate 0.3 * 0.2 + 0.7 * 0.6 = 0.48.
    means = [0.2 * one.guessed + (1 - one.guessed) * one.alpha / (one.alpha + one.beta) for one in found]
    assert np.mean(means) == pytest.approx(0.48, abs=0.02)


def test_items_without_draws_teach_nothing_and_counts_are_items() -> None:
    assert learn([]) == learn([Tally(0, 0, 0.2, items=50)]) == HitRates()
    one_by_one = learn([Tally(2, 4, 0.2)] * 30 + [Tally(0, 4, 0.2)] * 10)
    together = learn([Tally(2, 4, 0.2, items=30), Tally(0, 4, 0.2, items=10)])
    assert together.confidence(2, 2, 0.2) == pytest.approx(float(one_by_one.confidence(2, 2, 0.2)), abs=1e-4)


@pytest.mark.parametrize("stopped", [False, True])
def test_confidence_is_calibrated_with_a_learned_prior(stopped: bool) -> None:
    """Of the items called better than chance with 95 % confidence, about that many are."""
    called = right = 0
    expected = 0.0
    for seed in range(5):
        truth = HitRates(0.35, 4.0, 4.0)
        guessed, rates = planted(800, truth, 0.2, seed=seed)
        rng = np.random.default_rng(50 + seed)
        matched = rng.random((800, 16)) < rates[:, None]
        draws = np.full(800, 16)
        if stopped:  # at the fourth hit
            draws = np.where(matched.cumsum(axis=1)[:, -1] >= 4, (matched.cumsum(axis=1) >= 4).argmax(axis=1) + 1, 16)
        hits = np.array([row[:n].sum() for row, n in zip(matched, draws, strict=True)])
        prior = learn([Tally(int(h), int(n), 0.2) for h, n in zip(hits, draws, strict=True)])
        confidence = prior.confidence(hits, draws, 0.2)
        sure = confidence >= 0.95
        called += int(sure.sum())
        expected += float(confidence[sure].sum())
        right += int((~guessed & (rates > 0.2))[sure].sum())
    assert called > 500
    assert right / called > 0.93
    assert right / called == pytest.approx(expected / called, abs=0.03)


def test_small_levels_are_believed_like_all_others_and_large_ones_for_themselves() -> None:
    many = [Tally(7, 8, 0.2, items=300), Tally(1, 8, 0.2, items=20)]
    level = {1: many, 2: [Tally(0, 8, 0.2, items=2)], 3: [Tally(0, 8, 0.2, items=300)], 4: []}
    found = learn_levels(level)
    means = {
        name: 0.2 * one.guessed + (1 - one.guessed) * one.alpha / (one.alpha + one.beta) for name, one in found.items()
    }
    together = learn([tally for tallies in level.values() for tally in tallies])
    assert found[4] == together
    # Two items without a hit move their level down, but far less than three hundred do.
    assert means[3] < means[2] < means[4] < means[1]
    assert means[4] - means[2] < 0.5 * (means[4] - means[3])


def test_more_levels_than_can_be_told_apart_share_one_prior() -> None:
    found = learn_levels({number / 10: [Tally(1, 2, 0.05)] for number in range(30)})
    assert len(set(found.values())) == 1
