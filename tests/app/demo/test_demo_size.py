"""The demo's size: all of it on a fast machine, less on a slow one, and the same when it goes on."""

from pathlib import Path

from accord.app.demo.size import BEARABLE, SIZES, demo_size, kept_size
from accord.app.demo.task import demo_splits
from accord.programs import Speed

AVX512 = Speed(token=0.0003, step=0.031, threads=2)
AVX2 = Speed(token=0.0012, step=0.034, threads=2)


def test_a_slow_machine_does_less_and_never_nothing() -> None:
    assert demo_size(AVX512) == SIZES[0]
    slow = demo_size(AVX2)
    assert slow != SIZES[0] and slow.seconds(AVX2) <= BEARABLE < SIZES[0].seconds(AVX2)
    assert demo_size(Speed(token=1.0, step=5.0, threads=1)) == SIZES[-1]


def test_each_size_takes_less_than_the_one_before() -> None:
    for speed in (AVX512, AVX2):
        times = [size.seconds(speed) for size in SIZES]
        assert times == sorted(times, reverse=True) and len(set(times)) == len(times)


def test_a_size_cuts_what_is_measured_and_not_what_is_trained_on() -> None:
    splits, _ = demo_splits()
    cut = SIZES[-1].cut(splits)
    assert [len(part) for part in cut] == [len(splits.train), SIZES[-1].dev, SIZES[-1].test]
    assert SIZES[0].cut(splits) == splits


def test_a_run_that_goes_on_keeps_its_size_however_fast_the_machine_is_now(tmp_path: Path) -> None:
    size, speed = kept_size(tmp_path, lambda: AVX2)
    assert speed == AVX2

    def unasked() -> Speed:
        raise AssertionError("measured again")

    assert kept_size(tmp_path, unasked) == (size, None)
    (tmp_path / "size.json").write_text('{"size": 99}')
    assert kept_size(tmp_path, lambda: AVX512) == (SIZES[0], AVX512)
