"""The queue before a rater: who is answered together, in which order, and what becomes of those who cannot be."""

import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.app.serve.batching import Batcher, Full, Lanes, Stopped


class Slow:
    """Answers each question with itself and an exclamation mark, batch by batch, as far as the test lets it.

    Attributes:
        batches: What was asked, batch by batch.
        entered: Released once for each batch that has begun.
        go: To be released once for each batch that may end.
    """

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.entered = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def __call__(self, questions: Sequence[str]) -> Iterator[tuple[int, str]]:
        self.batches.append(list(questions))
        self.entered.release()
        assert self.go.acquire(timeout=30)
        for place in reversed(range(len(questions))):  # the order of answers is free
            if questions[place].startswith("secret"):
                raise ValueError(questions[place])
            if questions[place] != "forgotten":
                yield place, f"{questions[place]}!"


def busy(slow: Slow, capacity: int = 8, most: int = 4) -> "Batcher[str, str]":
    """Return a batcher at work on a first question."""
    batcher: Batcher[str, str] = Batcher(slow, capacity=capacity, lanes=Lanes(most=most))
    batcher.submit(["first"])
    assert slow.entered.acquire(timeout=30)
    return batcher


def test_what_waits_goes_into_the_next_batch_and_callers_take_turns() -> None:
    slow = Slow()
    batcher = busy(slow)
    many = batcher.submit(["a1", "a2", "a3", "a4", "a5"])
    one = batcher.submit(["b1"])
    assert batcher.waiting == 6
    for _ in range(3):
        slow.go.release()
    assert one.result(30) == ["b1!"]
    assert many.result(30) == ["a1!", "a2!", "a3!", "a4!", "a5!"]
    # One question of each in turn: b1 does not wait behind all of a.
    assert slow.batches == [["first"], ["a1", "b1", "a2", "a3"], ["a4", "a5"]]
    batcher.stop()


def test_there_is_room_for_so_many_questions_and_no_more() -> None:
    slow = Slow()
    batcher = busy(slow, capacity=4)
    batcher.submit(["a"] * 3)
    with pytest.raises(Full) as full:
        batcher.submit(["b", "c"])
    # Nothing has been answered yet, so there is no rate to go by.
    assert (full.value.waiting, full.value.retry_after) == (3, 1)
    fits = batcher.submit(["b"])
    for _ in range(2):
        slow.go.release()
    assert fits.result(30) == ["b!"]
    batcher.stop()


def test_a_caller_who_leaves_makes_room() -> None:
    slow = Slow()
    batcher = busy(slow, capacity=4)
    assert batcher.submit(["a"] * 4).cancel()
    assert batcher.waiting == 0
    stays = batcher.submit(["b"] * 4)
    for _ in range(2):
        slow.go.release()
    assert stays.result(30) == ["b!"] * 4
    assert slow.batches == [["first"], ["b"] * 4]
    batcher.stop()


def test_a_caller_may_leave_while_a_batch_has_its_questions() -> None:
    slow = Slow()
    batcher: Batcher[str, str] = Batcher(slow, capacity=8, lanes=Lanes(most=2))
    leaves = batcher.submit(["a", "b", "c", "d"])
    assert slow.entered.acquire(timeout=30)
    assert leaves.cancel()
    after = batcher.submit(["e"])
    for _ in range(2):
        slow.go.release()
    assert after.result(30) == ["e!"]
    assert slow.batches == [["a", "b"], ["e"]]
    with pytest.raises(CancelledError):
        leaves.result(30)
    batcher.stop()


def test_a_batch_that_fails_fails_its_callers_and_no_others(caplog) -> None:
    slow = Slow()
    batcher = busy(slow)
    wrong, beside = batcher.submit(["secret text"]), batcher.submit(["good"])
    slow.go.release()
    assert slow.entered.acquire(timeout=30)
    slow.go.release()
    with pytest.raises(ValueError, match="secret"):
        wrong.result(30)
    assert beside.result(30) == ["good!"]  # it was answered before the failure
    later = batcher.submit(["c"])
    slow.go.release()
    assert later.result(30) == ["c!"]
    assert "ValueError" in caplog.text
    assert "secret text" not in caplog.text  # messages may hold the text of an item
    batcher.stop()


def test_a_question_that_gets_no_answer_is_a_failure_and_no_wait_for_ever() -> None:
    slow = Slow()
    batcher = busy(slow)
    forgotten = batcher.submit(["forgotten"])
    for _ in range(2):
        slow.go.release()
    with pytest.raises(RuntimeError, match="no answer"):
        forgotten.result(30)
    batcher.stop()


def test_stopping_fails_what_waits_and_finishes_what_is_at_work() -> None:
    slow = Slow()
    batcher: Batcher[str, str] = Batcher(slow, capacity=8)
    at_work = batcher.submit(["a"])
    assert slow.entered.acquire(timeout=30)
    waits = batcher.submit(["b"])
    batcher.stop()
    with pytest.raises(Stopped):
        waits.result(30)
    with pytest.raises(Stopped):
        batcher.submit(["c"])
    slow.go.release()
    assert at_work.result(30) == ["a!"]


def test_lanes_that_fail_an_order_at_the_same_moment_go_on_answering() -> None:
    lanes = 32
    together = threading.Barrier(lanes)

    def work(questions: Sequence[str]) -> Iterator[tuple[int, str]]:
        together.wait(timeout=30)
        if questions[0] == "away":
            raise ValueError("away")
        yield from enumerate(questions)

    batcher: Batcher[str, str] = Batcher(work, capacity=100, lanes=Lanes(lanes, most=1))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(100):
            with pytest.raises(ValueError, match="away"):
                batcher.submit(["away"] * lanes).result(30)
    finally:
        sys.setswitchinterval(interval)
    assert batcher.submit(["well"] * lanes).result(30) == ["well"] * lanes  # which takes all of them
    batcher.stop()


@settings(max_examples=30)
@given(
    orders=st.lists(st.integers(0, 7), min_size=1, max_size=12),
    most=st.integers(1, 5),
    lanes=st.integers(1, 3),
    gather=st.sampled_from([0.0, 0.5]),
)
def test_everybody_gets_the_answers_to_their_own_questions_in_order(
    orders: list[int], most: int, lanes: int, gather: float
) -> None:
    def echo(questions: Sequence[str]) -> Iterator[tuple[int, str]]:
        assert 0 < len(questions) <= most
        yield from reversed(list(enumerate(questions)))

    seen: list[int] = []
    batcher: Batcher[str, str] = Batcher(
        echo, capacity=100, lanes=Lanes(lanes, most, gather), watch=lambda count, _: seen.append(count)
    )
    asked = [[f"{number}.{part}" for part in range(count)] for number, count in enumerate(orders)]
    futures = [batcher.submit(questions) for questions in asked]
    assert [future.result(30) for future in futures] == asked
    assert batcher.waiting == 0
    batcher.stop()
