"""About how long a compile takes: more rows, more passes and slower machines take longer, and it is said in words."""

import pytest

from accord.optimizers import Row, rating_seconds, training_seconds
from accord.optimizers.finetuning.expected_time import TimedJob, expectation
from accord.programs import Speed

SPEED = Speed(token=0.001, step=0.03, threads=2)


def rows(count: int, shared: int = 50) -> list[Row]:
    return [Row((0,) * shared + (number + 1,) * 20, (0,) * 10) for number in range(count)]


def test_the_shared_beginning_is_read_once_a_step() -> None:
    # 3 steps of 4 rows: 3 x 50 shared tokens and 12 x 30 others, at 2.4 readings; and 3 x 13 writings of one token.
    assert training_seconds(rows(12), 1, 4, SPEED) == pytest.approx(2.4 * (150 + 360) * 0.001 + 39 * 0.03)
    assert training_seconds(rows(12), 3, 4, SPEED) == pytest.approx(3 * training_seconds(rows(12), 1, 4, SPEED))


def test_rating_reads_what_is_new_and_writes_in_batches() -> None:
    # 100 items read 20 tokens each; two batches write 10 tokens for 64 rows; 3 s to load.
    assert rating_seconds(rows(5), 100, SPEED) == pytest.approx(3 + 2000 * 0.001 + 20 * 1.8 * (0.03 + 0.064))


def test_it_is_told_with_the_format_and_the_threads() -> None:
    # A pass is 10 steps: 2.4 x 1,700 tokens x 1 ms + 10 x 13 x 30 ms = 8.0 s; and 8 s until the process trains.
    said = expectation([TimedJob(rows(40), 2, 4)], 30, SPEED, "float32")
    assert said.startswith("training on this machine (float32, 2 threads) will take about 25 s, rating the dev items ")
    slow = expectation([TimedJob(rows(40), 200, 4)], 30, Speed(token=0.001, step=0.03, threads=1), "float32")
    assert "(float32, 1 thread) will take about 27 min" in slow
