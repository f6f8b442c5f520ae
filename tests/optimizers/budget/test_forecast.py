"""What a run will cost: exact about the pilot's own items, and an interval for the others that holds the truth."""

import json
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from accord.data import Draw, SetupError
from accord.optimizers import Bill, ItemCost, forecast, item_cost, pilot_places
from accord.programs import Price

PRICE = Price.per_million(1.0, 4.0)


def cost(place: int, *, calls: int = 1, prompt: int = 100, completion: int = 50, explained: bool = True) -> ItemCost:
    return ItemCost(place, 2 * calls, calls, prompt, completion, explained)


def drawn(index: int, *, prompt: int, completion: int) -> Draw:
    return Draw("a", "sha", index, 3, "because", prompt_tokens=prompt, completion_tokens=completion)


@dataclass(frozen=True)
class World:
    """A corpus whose costs are all known.

    Attributes:
        lengths: Bytes of each prompt.
        costs: What each item takes.
    """

    lengths: list[int]
    costs: list[ItemCost]

    @property
    def total(self) -> Bill:
        return Bill(
            sum(one.calls for one in self.costs),
            sum(one.prompt_tokens for one in self.costs),
            sum(one.completion_tokens for one in self.costs),
        ).priced(PRICE)


def world(items: int, seed: int) -> World:
    """Make items with skewed lengths; a quarter is hard. Waves of 4 up to 16 draws, until one matches."""
    rng = np.random.default_rng(seed)
    lengths = np.maximum(400, rng.lognormal(7, 0.6, items)).astype(int)
    rates = np.where(rng.random(items) < 0.25, rng.beta(1, 12, items), rng.beta(3, 3, items))
    costs: list[ItemCost] = []
    for place in range(items):
        calls = min(4, int(rng.geometric(1 - (1 - rates[place]) ** 4)))
        completion = int(rng.gamma(3, 50, 4 * calls).sum())
        costs.append(ItemCost(place, 4 * calls, calls, int(calls * lengths[place] / 4), completion, calls < 4))
    return World(lengths.tolist(), costs)


def test_items_cost_what_their_draws_cost_and_prompts_that_are_billed_are_calls() -> None:
    # Two waves: the first draw of each carries the prompt.
    draws = [drawn(0, prompt=90, completion=10), drawn(1, prompt=0, completion=20), drawn(2, prompt=90, completion=5)]
    assert item_cost(7, draws, explained=True) == ItemCost(7, 3, 2, 180, 35, True)
    # A server that reports no tokens was asked at least once; an item without draws was not asked.
    assert item_cost(7, [drawn(0, prompt=0, completion=0)], explained=False).calls == 1
    assert item_cost(7, [], explained=False).calls == 0


def test_prompt_tokens_go_with_the_length_and_the_rest_with_the_mean() -> None:
    # Four items of 400, 800, 1,600 and 3,200 bytes; the first two are known.
    found = forecast(
        [cost(0, calls=1, prompt=100, completion=40), cost(1, calls=3, prompt=260, completion=100)],
        [400, 800, 1_600, 3_200],
        price=PRICE,
    )
    # Calls: 1 + 3 known, and twice their mean of 2. Completions: 140 and twice 70.
    assert found.calls.value == pytest.approx(8)
    assert found.draws.value == pytest.approx(16)
    assert found.completion_tokens.value == pytest.approx(280)
    # Prompts: 360 for 1,200 bytes are 0.3 a byte, so 4,800 bytes more take 1,440.
    assert found.prompt_tokens.value == pytest.approx(360 + 1_440)
    assert found.tokens.value == pytest.approx(2_080)
    # 1,800 x $1 + 280 x $4 a million.
    assert found.usd is not None and found.usd.value == pytest.approx(0.00292)
    assert found.paid == Bill(4, 360, 140, PRICE.of(360, 140))
    assert found.remaining.calls.value == pytest.approx(4)
    assert found.remaining.tokens.value == pytest.approx(2_080 - 500)


def test_the_interval_holds_the_real_total_about_as_often_as_it_says() -> None:
    """300 corpora of 300 items with pilots of 40: the same pilots that a dry run would choose."""
    held: Counter[str] = Counter()
    for seed in range(300):
        made = world(300, seed)
        pilot = [made.costs[place] for place in pilot_places(made.lengths, 40, seed=seed)]
        found = forecast(pilot, made.lengths, price=PRICE, resamples=300, seed=seed)
        real = {"calls": made.total.calls, "tokens": made.total.tokens, "usd": made.total.usd}
        real["explained"] = float(np.mean([one.explained for one in made.costs]))
        for name, value in real.items():
            estimate = getattr(found, name)
            held[name] += estimate.low <= value <= estimate.high
    # 95 % of 300 are 285 with a standard deviation of 3.8; 273 are 91 %.
    assert min(held.values()) >= 273, held
    # An interval that always holds the truth would say nothing.
    assert held["usd"] < 300


def test_more_known_items_leave_less_to_guess() -> None:
    made = world(1_000, seed=5)

    def width(known: int) -> float:
        pilot = [made.costs[place] for place in pilot_places(made.lengths, known, seed=1)]
        found = forecast(pilot, made.lengths, price=PRICE).tokens
        assert found.low is not None and found.high is not None
        return found.high - found.low

    # Four times as many items halve it, and where hardly any item is unknown next to nothing is left.
    assert 0.3 < width(160) / width(40) < 0.7
    assert width(995) < 0.05 * width(40)


def test_when_everything_is_known_nothing_is_estimated() -> None:
    made = world(30, seed=2)
    found = forecast(made.costs, made.lengths, price=PRICE)
    assert found.usd is not None
    assert found.usd.low == found.usd.value == found.usd.high == pytest.approx(made.total.usd)
    assert (found.remaining.calls.value, found.remaining.calls.high) == (0, 0)
    assert found.explained.low == found.explained.high
    assert not found.sentences()[0].startswith("about")
    assert not any("still to be paid" in sentence for sentence in found.sentences())


def test_the_total_is_never_below_what_is_spent_already() -> None:
    pilot = [cost(0, prompt=0, completion=0), cost(1, prompt=0, completion=0), cost(2, prompt=9_000, completion=0)]
    found = forecast(pilot, [500] * 100).tokens
    assert found.low is not None and found.low >= 9_000


def test_a_share_that_was_perfect_in_the_pilot_is_not_taken_for_certain() -> None:
    found = forecast([cost(place) for place in range(30)], [500] * 1_000).explained
    assert found.value == 1.0 == found.high
    # Jeffreys: the 2.5 % quantile of Beta(30.5, 0.5) is 0.92.
    assert found.low == pytest.approx(0.92, abs=0.01)


def test_one_known_item_gives_a_guess_without_an_interval_and_few_a_warning() -> None:
    alone = forecast([cost(0)], [500] * 10)
    assert (alone.calls.value, alone.calls.low, alone.calls.high) == (10, None, None)
    assert alone.sentences()[-1] == "no interval: only one item is known"
    assert alone.sentences()[0] == "about 10 calls, 1,500 tokens for 10 items; pilot: 1 item"
    few = forecast([cost(place, calls=1 + place) for place in range(4)], [500] * 10)
    assert few.sentences()[-1] == "only 4 items are known: the interval is likely too short"


def test_the_same_seed_gives_the_same_forecast() -> None:
    made = world(200, seed=3)
    pilot = made.costs[:20]
    assert forecast(pilot, made.lengths, seed=4) == forecast(pilot, made.lengths, seed=4)
    assert forecast(pilot, made.lengths, seed=4) != forecast(pilot, made.lengths, seed=5)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ([], "0 known items at 0 places of 3"),
        ([0, 0], "2 known items at 1 places of 3"),
        ([3], "1 known items at 1 pl"),
    ],
)
def test_a_pilot_that_is_none_is_refused(known: list[int], said: str) -> None:
    with pytest.raises(SetupError, match=f"^forecast: {said}.*Give each item of a pilot once"):
        forecast([cost(place) for place in known], [500] * 3)


def test_a_forecast_reads_as_sentences() -> None:
    """2,000 items of 5,000 bytes; of 40 known ones half take 12 calls and half 20, with 1,250 prompt tokens each."""
    pilot = [
        ItemCost(place, 16, calls, 1_250 * calls, 100 * calls, place > 3) for place, calls in enumerate([12, 20] * 20)
    ]
    found = forecast(pilot, [5_000] * 2_000, price=Price.per_million(0.1, 1.0))
    first, second, third = found.sentences()
    # 16 calls an item; 16 x 1,350 tokens an item; 16 x (125 + 100) x 1e-6 dollars an item.
    assert first.startswith("about 32,000 calls (") and " 43.2 M tokens, $7.20 ($" in first
    assert first.endswith(") for 2,000 items; pilot: 40 items")
    # All but the pilot's 640 calls, 864,000 tokens and 14 cents.
    assert second.startswith("still to be paid: about 31,400 calls (") and " 42.3 M tokens, $7.06 ($6." in second
    # The standard deviation of calls is 4.05, so 1.96 x 4.05 x sqrt(1960 ** 2 / 40 + 1960) = 2,490 to either side.
    assert found.calls.low == pytest.approx(29_500, abs=200) and found.calls.high == pytest.approx(34_500, abs=200)
    # The quantiles of Beta(36.5, 4.5) are 0.78 and 0.97.
    assert third.startswith("90 % (78 % to 97 %) of the items")
    unpriced = forecast(pilot, [5_000] * 2_000).sentences()
    assert " 43.2 M tokens (39." in unpriced[0] and "$" not in unpriced[0]
    assert unpriced[-1] == "dollars are unknown: nobody gave the model's price"


def test_a_forecast_is_plain_data() -> None:
    found = forecast([cost(0), cost(1, calls=2)], [500, 500, 900], price=PRICE)
    document = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert document["items"] == 3 and document["known"] == 2
    assert set(document["total"]) >= {"calls", "prompt_tokens", "completion_tokens", "tokens", "usd", "explained"}
    assert document["paid"] == {"calls": 3, "prompt_tokens": 200, "completion_tokens": 100, "usd": 0.0006}
    assert document["remaining"]["usd"]["value"] == pytest.approx(
        found.remaining.usd.value if found.remaining.usd else 0
    )
    assert forecast([cost(0)], [500]).to_dict()["total"]["usd"] is None


def test_a_pilot_has_its_share_of_every_label_and_every_length() -> None:
    rng = np.random.default_rng(0)
    labels = [1] * 500 + [2] * 300 + [3] * 200
    lengths = rng.lognormal(7, 1, 1_000).astype(int).tolist()
    chosen = pilot_places(lengths, 40, labels=labels, seed=3)
    assert len(set(chosen)) == 40 and list(chosen) == sorted(chosen)
    shares = Counter(labels[place] for place in chosen)
    # 20, 12 and 8, give or take one at the seams.
    assert all(abs(shares[label] - expected) <= 1 for label, expected in {1: 20, 2: 12, 3: 8}.items())
    # Within a label, the quarters by length too: 5 each of the first label's 500.
    quarters = np.quantile(lengths[:500], [0.25, 0.5, 0.75])
    found = Counter(int(np.searchsorted(quarters, lengths[place])) for place in chosen if labels[place] == 1)
    assert all(4 <= found[quarter] <= 6 for quarter in range(4)), found


def test_every_item_is_as_likely_to_be_in_the_pilot() -> None:
    times = Counter(
        place for seed in range(4_000) for place in pilot_places([5, 1, 1, 9, 7, 7, 2], 3, labels="aabbbca", seed=seed)
    )
    # 4,000 x 3 / 7 = 1,714 with a standard deviation of 31.
    assert all(abs(times[place] - 1_714) < 125 for place in range(7)), times


def test_a_pilot_is_seeded_and_never_larger_than_the_corpus() -> None:
    lengths = list(range(1, 101))
    assert pilot_places(lengths, 10, seed=1) == pilot_places(lengths, 10, seed=1)
    assert len({pilot_places(lengths, 10, seed=seed) for seed in range(8)}) > 1
    assert pilot_places(lengths, 500) == tuple(range(100))


def test_a_pilot_that_cannot_be_chosen_is_refused() -> None:
    for lengths, count in (([5, 6], 0), ([], 3)):
        with pytest.raises(SetupError, match=r"^pilot_places: \d of \d items. Give count=1 or more"):
            pilot_places(lengths, count)
    with pytest.raises(SetupError, match="^pilot_places: 1 labels for 2 items"):
        pilot_places([5, 6], 1, labels=[1])
