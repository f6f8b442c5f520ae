"""A run's budget: kept before a call is made, spent nearly to the end, and ended with a reason."""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.data import SetupError
from accord.optimizers import Bill, Budget, Ledger, Reservation, TokenGauge
from accord.programs import Completion, Price

PRICE = Price.per_million(1.0, 4.0)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def one_call(ledger: Ledger, prompt_tokens: int, completion_tokens: int) -> Reservation | None:
    return ledger.admit(1, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens, shared=True)


def granted(reservation: Reservation | None) -> Reservation:
    assert reservation is not None
    return reservation


@pytest.mark.parametrize("limit", ["usd", "tokens", "calls", "minutes"])
@pytest.mark.parametrize("bad", [-1, -0.5, math.nan, math.inf, True, False, "5", [5]])
def test_a_limit_that_makes_no_sense_is_refused(limit: str, bad: Any) -> None:
    with pytest.raises(SetupError, match=f"^Budget: {limit}=.*Give {limit}= a number of at least 0, or None"):
        Budget(**{limit: bad})


@pytest.mark.parametrize("limit", ["tokens", "calls"])
def test_counts_are_whole_and_may_be_written_as_powers_of_ten(limit: str) -> None:
    half: Any = {limit: 2.5}
    with pytest.raises(SetupError, match=f"^Budget: {limit}=2.5.*Give {limit}= a whole number"):
        Budget(**half)
    much: Any = {limit: 2e6}
    made = getattr(Budget(**much), limit)
    assert made == 2_000_000 and isinstance(made, int)


def test_dollars_without_a_price_are_refused_before_any_call_and_the_cure_is_named() -> None:
    with pytest.raises(SetupError) as caught:
        Ledger(Budget(usd=5), None, model="openai/judge")
    assert str(caught.value) == (
        "model 'openai/judge': dollars are limited, and what a token costs is unknown. "
        "Give price=Price.per_million(<prompt>, <completion>) in dollars, or limit tokens instead."
    )
    assert Ledger(Budget(tokens=5), None).spent == Bill(0, 0, 0, None)


def test_zero_lets_nothing_be_asked() -> None:
    for budget in (Budget(usd=0), Budget(tokens=0), Budget(calls=0), Budget(minutes=0)):
        ledger = Ledger(budget, PRICE)
        assert ledger.admit(4, prompt_tokens=10, completion_tokens=10, shared=True) is None
        assert not ledger.waiting and ledger.exhausted


def test_without_limits_everything_is_granted_and_counted() -> None:
    ledger = Ledger(Budget(), PRICE)
    for _ in range(3):
        ledger.settle(granted(one_call(ledger, 1_000_000, 1_000_000)), 1, 500_000, 250_000)
    # 3 x (0.5 M x $1 + 0.25 M x $4) = 3 x $1.50.
    assert ledger.spent == Bill(3, 1_500_000, 750_000, 4.5)
    assert ledger.spent.tokens == 2_250_000
    assert (ledger.exhausted, ledger.in_flight) == ("", 0)


def test_what_is_in_flight_counts_in_full_until_it_is_settled() -> None:
    ledger = Ledger(Budget(tokens=1_000), None)
    first = granted(one_call(ledger, 100, 500))
    # 600 reserved and 600 wanted are more than 1,000; but if the first takes 400 or less, both fit.
    assert one_call(ledger, 100, 500) is None
    assert ledger.waiting and not ledger.exhausted
    ledger.settle(first, 1, 90, 110)
    assert ledger.spent.tokens == 200
    second = granted(one_call(ledger, 100, 500))
    assert not ledger.waiting
    ledger.release(second)
    assert ledger.spent.tokens == 200 and ledger.in_flight == 0
    # 900 beside 200 spent will never fit.
    assert one_call(ledger, 300, 600) is None
    assert not ledger.waiting
    assert ledger.exhausted == "tokens: 200 of 1,000 spent, the next call may take up to 900"


def test_a_wave_shrinks_only_when_waiting_cannot_make_it_fit() -> None:
    size: dict[str, Any] = {"prompt_tokens": 100, "completion_tokens": 50, "shared": True}
    ledger = Ledger(Budget(tokens=1_000), None)
    # 100 + 8 x 50 = 500.
    first = granted(ledger.admit(8, **size))
    second = granted(ledger.admit(6, **size))
    assert (first.draws, first.most) == (8, Bill(1, 100, 400))
    # 100 are left beside the reservations; the wave of 8 would fit if the others cost little, so it waits whole.
    assert ledger.admit(8, **size) is None and ledger.waiting
    ledger.settle(first, 1, 100, 400)
    ledger.settle(second, 1, 100, 100)
    # 300 are left: 100 for the prompt and 4 x 50.
    assert granted(ledger.admit(8, **size)).draws == 4
    assert ledger.admit(1, **size) is None and ledger.waiting


def test_draws_that_are_calls_of_their_own_each_pay_the_prompt() -> None:
    size: dict[str, Any] = {"prompt_tokens": 100, "completion_tokens": 50, "shared": False}
    ledger = Ledger(Budget(tokens=700, calls=4), None)
    reservation = granted(ledger.admit(8, **size))
    assert (reservation.draws, reservation.most) == (4, Bill(4, 400, 200))
    ledger.settle(reservation, 4, 400, 40)
    assert ledger.admit(1, **size) is None
    assert ledger.exhausted == "calls: 4 of 4 made"


def test_a_server_that_bills_more_than_was_reserved_is_recorded() -> None:
    ledger = Ledger(Budget(usd=0.01), PRICE)
    ledger.settle(granted(one_call(ledger, 2_000, 2_000)), 1, 2_000, 3_000)
    # 2,000 x $1 + 3,000 x $4 a million = $0.014.
    assert ledger.spent.usd == pytest.approx(0.014)
    assert one_call(ledger, 100, 100) is None
    assert ledger.exhausted == "dollars: $0.014 of $0.01 spent, the next call may cost up to $0.0005"


def test_minutes_end_the_asking_and_let_what_is_in_flight_come_back() -> None:
    clock = Clock()
    ledger = Ledger(Budget(minutes=30), None, clock=clock)
    clock.seconds += 29.9 * 60
    reservation = granted(one_call(ledger, 10, 10))
    clock.seconds += 0.1 * 60
    assert ledger.admit(4, prompt_tokens=1, completion_tokens=1, shared=True) is None
    assert not ledger.waiting
    assert ledger.exhausted == "minutes: 30.0 of 30 gone"
    ledger.settle(reservation, 1, 10, 5)
    assert ledger.spent.tokens == 15


def test_a_reservation_is_closed_once() -> None:
    ledger = Ledger(Budget(), None)
    reservation = granted(one_call(ledger, 10, 10))
    ledger.settle(reservation, 1, 10, 10)
    with pytest.raises(ValueError, match="is not open"):
        ledger.release(reservation)


@given(
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 2_000), st.floats(0, 1)), max_size=60),
    st.integers(0, 20_000),
    st.floats(0, 0.05),
)
def test_spent_and_reserved_never_exceed_a_limit(calls: list[tuple[int, int, float]], tokens: int, usd: float) -> None:
    """Whatever is asked and whenever it is settled, at any share of its reservation."""
    ledger = Ledger(Budget(tokens=tokens, usd=usd), PRICE)
    waiting: list[Reservation] = []
    for prompt, completion, share in calls:
        made = one_call(ledger, prompt, completion)
        if made is not None:
            waiting.append(made)
        most = Bill(
            0,
            ledger.spent.prompt_tokens + sum(one.most.prompt_tokens for one in waiting),
            ledger.spent.completion_tokens + sum(one.most.completion_tokens for one in waiting),
        ).priced(PRICE)
        assert most.tokens <= tokens and most.usd is not None and most.usd <= usd
        if waiting and share > 0.3:
            done = waiting.pop(int(share * len(waiting)) % len(waiting))
            ledger.settle(done, 1, done.most.prompt_tokens, int(share * done.most.completion_tokens))


@dataclass(frozen=True)
class Run:
    """How a simulated run ended."""

    spent: Bill
    next_draw: Bill
    seconds: float
    exhausted: str


def run(budget: Budget, *, shared: bool, in_flight: int, clock: Clock, rng: np.random.Generator) -> Run:
    """Ask for waves of random items until the ledger refuses for good; calls return in random order at random cost."""
    max_tokens = int(rng.integers(16, 400))
    density = float(rng.uniform(0.2, 0.45))
    ledger = Ledger(budget, PRICE, clock=clock)
    gauge = TokenGauge(max_tokens)
    flying: list[tuple[Reservation, int, float]] = []
    wanted: tuple[int, int] | None = None
    while True:
        while len(flying) < in_flight:
            if wanted is None:
                wanted = int(rng.integers(1, 17)), int(rng.integers(500, 8_000))
            size, prompt_bytes = wanted
            made = ledger.admit(
                size,
                prompt_tokens=gauge.prompt_tokens(prompt_bytes),
                completion_tokens=gauge.completion_tokens,
                shared=shared,
            )
            if made is None:
                break
            flying.append((made, prompt_bytes, float(rng.uniform(0.9, 1.0))))
            wanted = None if made.draws == size else (size - made.draws, prompt_bytes)
        if not flying:
            assert not ledger.waiting, "a run that waits for nothing would never end"
            break
        clock.seconds += float(rng.exponential(1.0))
        made, prompt_bytes, spread = flying.pop(int(rng.integers(len(flying))))
        prompt = int(density * spread * prompt_bytes)
        replies = [
            Completion("x", error="timeout")
            if rng.random() < 0.05
            # The first of those that share a prompt carries it.
            else Completion("x", prompt_tokens=0, completion_tokens=int(rng.integers(1, max_tokens + 1)))
            for _ in range(made.draws)
        ]
        came = [place for place, reply in enumerate(replies) if not reply.error]
        for place in came[: 1 if shared else None]:
            replies[place] = Completion("x", prompt_tokens=prompt, completion_tokens=replies[place].completion_tokens)
        bill = gauge.bill(prompt_bytes, replies, shared=shared)
        ledger.settle(made, bill.calls, bill.prompt_tokens, bill.completion_tokens)
    assert wanted is not None
    single = Bill(1, gauge.prompt_tokens(wanted[1]), max_tokens).priced(PRICE)
    return Run(ledger.spent, single, clock.seconds - 100.0, ledger.exhausted)


def random_budget(rng: np.random.Generator) -> Budget:
    """Return a budget of one to four kinds."""
    limits: dict[str, Callable[[], Any]] = {
        "usd": lambda: float(rng.uniform(0, 0.5)),
        "tokens": lambda: int(rng.integers(0, 200_000)),
        "calls": lambda: int(rng.integers(0, 300)),
        "minutes": lambda: float(rng.uniform(0, 10)),
    }
    kinds = rng.choice(list(limits), size=int(rng.integers(1, 5)), replace=False)
    return Budget(**{str(kind): limits[str(kind)]() for kind in kinds})


def test_over_200_random_budgets_nothing_is_overspent_and_little_is_left() -> None:
    ends: Counter[str] = Counter()
    for number in range(200):
        rng = np.random.default_rng(number)
        budget = random_budget(rng)
        ended = run(budget, shared=bool(number % 2), in_flight=int(rng.integers(1, 129)), clock=Clock(), rng=rng)
        limited = ended.exhausted.split(":")[0].replace("dollars", "usd")
        ends[limited] += 1
        spent, more = ended.spent, ended.next_draw
        assert spent.usd is not None and more.usd is not None
        # Never too much,
        assert budget.usd is None or spent.usd <= budget.usd, number
        assert budget.tokens is None or spent.tokens <= budget.tokens, number
        assert budget.calls is None or spent.calls <= budget.calls, number
        # and never too little: the limit that ended the run has no room for one draw more.
        full = {
            "usd": budget.usd is not None and spent.usd + more.usd > budget.usd,
            "tokens": budget.tokens is not None and spent.tokens + more.tokens > budget.tokens,
            "calls": budget.calls is not None and spent.calls + more.calls > budget.calls,
            "minutes": budget.minutes is not None and ended.seconds >= 60 * budget.minutes,
        }
        assert full[limited], (number, ended)
    assert set(ends) == {"usd", "tokens", "calls", "minutes"} and min(ends.values()) > 10


def test_the_gauge_starts_careful_and_learns_the_densest_prompt() -> None:
    gauge = TokenGauge(max_tokens=200)
    # 1,000 / 2 + 64.
    assert gauge.prompt_tokens(1_000) == 564
    assert gauge.completion_tokens == 200
    gauge.bill(1_000, [Completion("x", prompt_tokens=200, completion_tokens=30)], shared=True)
    gauge.bill(1_000, [Completion("x", prompt_tokens=300, completion_tokens=90)], shared=True)
    gauge.bill(1_000, [Completion("x", prompt_tokens=250, completion_tokens=60)], shared=True)
    # 1.1 x 0.3 x 2,000 + 64, rounded up; replies are still bounded by what the request says.
    assert gauge.prompt_tokens(2_000) in (724, 725)
    assert gauge.completion_tokens == 200


def test_one_call_for_several_draws_is_billed_one_prompt() -> None:
    replies = [Completion("x", prompt_tokens=100, completion_tokens=5), Completion("x", completion_tokens=7)]
    assert TokenGauge(50).bill(400, replies, shared=True) == Bill(1, 100, 12)
    alone = [Completion("x", prompt_tokens=100, completion_tokens=5)] * 2
    assert TokenGauge(50).bill(400, alone, shared=False) == Bill(2, 200, 10)


def test_failed_requests_cost_a_call_and_no_tokens() -> None:
    failed = Completion("", error="timeout")
    assert TokenGauge(50).bill(400, [failed] * 3, shared=True) == Bill(1, 0, 0)
    came = Completion("x", prompt_tokens=100, completion_tokens=5)
    assert TokenGauge(50).bill(400, [failed, came], shared=False) == Bill(2, 100, 5)


def test_tokens_that_a_server_does_not_report_are_counted_from_above() -> None:
    silent = Completion("four", thinking="and a half")
    # The prompt: 400 / 2 + 64. The reply: 4 + 10 bytes, two a token.
    assert TokenGauge(50).bill(400, [silent], shared=True) == Bill(1, 264, 7)
    assert TokenGauge(5).bill(400, [silent], shared=False) == Bill(1, 264, 5)


def test_a_budget_ends_a_run_against_a_server_that_reports_no_tokens() -> None:
    ledger, gauge, draws = Ledger(Budget(tokens=10_000), None), TokenGauge(100), 0
    while made := ledger.admit(
        1, prompt_tokens=gauge.prompt_tokens(400), completion_tokens=gauge.completion_tokens, shared=True
    ):
        bill = gauge.bill(400, [Completion("a word or two")], shared=True)
        ledger.settle(made, bill.calls, bill.prompt_tokens, bill.completion_tokens)
        draws += 1
    # Each takes 264 + 7, and the last must leave room for 264 + 100.
    assert draws == (10_000 - 364) // 271 + 1
