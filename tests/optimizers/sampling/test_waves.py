"""Wave sizes: against dynamic programming for one who knows the hit rate, and at the edges."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.optimizers import Confident, Exhaust, First, HitRates, Standing, Stopping, Tariff, Waves
from accord.optimizers.sampling.prospects import Prospects


def waves(
    stop: Stopping, rates: HitRates, tariff: Tariff, *, samples: int = 16, chance: float = 0.2, patient: bool = False
) -> Waves:
    return Waves(Prospects(stop, rates, chance, samples), tariff, patient=patient)


def known(rate: float) -> HitRates:
    """Return the belief that every item's hit rate is this one."""
    return HitRates(1e-9, rate * 1e7, (1 - rate) * 1e7)


def oracle(rate: float, ratio: float, samples: int) -> list[float]:
    """Return the least expected bill from n misses on, n = 0..samples, stopping at the first match."""
    bill = [0.0] * (samples + 1)
    for n in range(samples - 1, -1, -1):
        bill[n] = min(ratio + wave + (1 - rate) ** wave * bill[n + wave] for wave in range(1, samples - n + 1))
    return bill


def bill_of(plan: Waves, rate: float, ratio: float, samples: int) -> float:
    """Return the expected bill of following the plan until a match."""
    draws, reached, bill = 0, 1.0, 0.0
    while draws < samples:
        wave = plan.next(0, draws)
        assert 1 <= wave <= samples - draws
        bill += reached * (ratio + wave)
        reached *= (1 - rate) ** wave
        draws += wave
    assert plan.next(0, samples) == 0
    return bill


@pytest.mark.parametrize("rate", [0.1, 0.2, 0.3, 0.5, 0.7])
@pytest.mark.parametrize("ratio", [1, 4, 16])
def test_waves_cost_what_the_oracle_pays_when_the_hit_rate_is_known(rate: float, ratio: int) -> None:
    plan = waves(First(), known(rate), Tariff(ratio, 1))
    assert bill_of(plan, rate, ratio, 16) == pytest.approx(oracle(rate, ratio, 16)[0], rel=1e-4)


def test_two_draws_by_hand() -> None:
    # Hit rate 1/2, prompt r, two samples. One after the other costs (r + 1) * 3/2, both at once r + 2: equal at r = 1.
    for ratio, first in ((0.9, 1), (1.1, 2)):
        assert waves(First(), known(0.5), Tariff(ratio, 1), samples=2).next(0, 0) == first


def test_unknown_hit_rates_are_worked_out_exactly() -> None:
    """Against the plain recursion over waves with their beta-binomial outlook, which knows no exchangeability."""
    from scipy.stats import betabinom, binom

    rates, chance, samples, tariff = HitRates(0.3, 1.2, 1.5), 0.2, 7, Tariff(3, 1)
    stop = Confident(0.9, 20)
    plan = waves(stop, rates, tariff, samples=samples, chance=chance)
    seen: dict[tuple[int, int], tuple[int, float]] = {}

    def best(hits: int, draws: int) -> tuple[int, float]:
        if (hits, draws) in seen:
            return seen[hits, draws]
        standing = Standing(hits, draws, float(rates.confidence(hits, draws, chance)))
        explained = 20.0 * tariff.single if stop.explains(standing) else 0.0
        found = (0, explained)
        if draws < samples and not stop.enough(standing):
            spike = rates.spike(hits, draws, chance)
            options = []
            for wave in range(1, samples - draws + 1):
                worth = -tariff.wave(wave)
                for more in range(wave + 1):
                    share = spike * binom.pmf(more, wave, chance) + (1 - spike) * betabinom.pmf(
                        more, wave, rates.alpha + hits, rates.beta + draws - hits
                    )
                    worth += share * best(hits + more, draws + wave)[1]
                options.append((worth, -wave))
            worth, wave = max(options)
            if not draws or worth > explained:
                found = (-wave, worth)
        seen[hits, draws] = found
        return found

    for draws in range(samples + 1):
        for hits in range(draws + 1):
            assert plan.next(hits, draws) == best(hits, draws)[0], (hits, draws)


@given(
    guessed=st.floats(0.01, 0.99),
    alpha=st.floats(0.1, 20),
    beta=st.floats(0.1, 20),
    chance=st.floats(0, 1),
    prompt=st.floats(0.01, 100),
    samples=st.integers(1, 20),
    stop=st.sampled_from([First(), Confident(), Confident(0.8, 2.0), Exhaust()]),
    shared=st.booleans(),
)
def test_never_more_than_samples_and_always_a_first_wave(
    guessed: float,
    alpha: float,
    beta: float,
    chance: float,
    prompt: float,
    samples: int,
    stop: Stopping,
    shared: bool,
) -> None:
    plan = waves(stop, HitRates(guessed, alpha, beta), Tariff(prompt, 1, shared), samples=samples, chance=chance)
    assert plan.next(0, 0) >= 1
    for draws in range(samples + 1):
        for hits in range(draws + 1):
            wave = plan.next(hits, draws)
            assert 0 <= wave <= samples - draws
            assert shared or wave <= 1


def test_exhaust_makes_all_draws_at_once_where_they_share_a_prompt() -> None:
    assert waves(Exhaust(), HitRates(), Tariff(1, 1)).next(0, 0) == 16
    single = waves(Exhaust(), HitRates(), Tariff(1, 1, shared=False))
    assert all(single.next(hits, draws) == 1 for draws in range(16) for hits in range(draws + 1))


def test_first_never_gives_up_and_stops_at_a_match() -> None:
    plan = waves(First(), HitRates(0.9, 1, 50), Tariff(16, 1), chance=0.01)
    assert all(plan.next(0, draws) >= 1 for draws in range(16))
    assert all(plan.next(1, draws) == 0 for draws in range(1, 17))


def test_confident_gives_up_what_is_too_dear_to_hope_for() -> None:
    plan = waves(Confident(), HitRates(), Tariff(1, 1))
    assert plan.next(0, 1) > 0
    assert plan.next(0, 6) == 0 and plan.next(1, 14) == 0
    # Nothing is given up while the teacher is unknown, and little where an explained item is worth any price.
    assert waves(Confident(), HitRates(), Tariff(1, 1), patient=True).next(0, 12) > 0
    dear = waves(Confident(worth=1e9), HitRates(), Tariff(1, 1))
    assert dear.next(0, 6) > 0 and dear.next(0, 15) == 0, "no hit in the last draw would be enough"
    # Too dear from the start: the first wave is made all the same, since nothing could be said of the item otherwise.
    cheap = waves(Confident(worth=0.01), HitRates(), Tariff(1, 1))
    assert cheap.next(0, 0) == 1 and cheap.next(0, 1) == 0 and cheap.next(1, 1) == 0


def test_confident_stops_once_it_is_sure() -> None:
    plan = waves(Confident(), HitRates(), Tariff(1, 1))
    assert plan.next(1, 1) > 0, "one match proves nothing"
    assert plan.next(3, 3) == 0


def test_dear_prompts_ask_for_larger_waves_and_likely_hits_for_smaller_ones() -> None:
    by_price = [waves(First(), known(0.3), Tariff(ratio, 1)).next(0, 0) for ratio in (0.25, 1, 4, 16)]
    assert by_price == sorted(by_price) and by_price[0] < by_price[-1]
    by_rate = [waves(First(), known(rate), Tariff(4, 1)).next(0, 0) for rate in (0.1, 0.3, 0.6, 0.9)]
    assert by_rate == sorted(by_rate, reverse=True) and by_rate[0] > by_rate[-1]


def test_plans_for_64_samples_take_milliseconds(benchmark_seconds: Callable[[Callable[[], object]], float]) -> None:
    def plan_a_run() -> None:
        # Five levels, eight lengths of prompts, twelve cohorts: what a run on ten thousand items needs.
        for cohort in range(12):
            for level in range(5):
                prospects = Prospects(Confident(), HitRates(0.3, 1.2, 1.2 + cohort), 0.1 + 0.05 * level, 64)
                for step in range(8):
                    Waves(prospects, Tariff(2 ** (step / 4), 1)).next(0, 0)

    assert benchmark_seconds(plan_a_run) < 2
