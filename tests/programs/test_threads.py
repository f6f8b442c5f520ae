"""Threads: affinity, quotas of cgroups of both versions, other work, and what the user set."""

import math
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from accord.programs import threads
from accord.programs.threads import allowed_cores, cgroup_quota, prepare_threads, settle_threads

torch = pytest.importorskip("torch")
psutil = pytest.importorskip("psutil")

Times = namedtuple("Times", "user system idle iowait guest")


def groups(folder: Path, lines: str, files: dict[str, str]) -> float:
    """Return the quota under a planted hierarchy."""
    named = folder / "cgroup"
    named.write_text(lines)
    for name, content in files.items():
        path = folder / "mounted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return cgroup_quota(named, folder / "mounted")


@pytest.mark.parametrize(
    ("lines", "files", "cores"),
    [
        ("0::/a/b\n", {"a/b/cpu.max": "150000 100000\n", "a/cpu.max": "400000 100000\n"}, 1.5),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "50000 100000\n"}, 0.5),
        ("0::/host/path\n", {"cpu.max": "200000 100000\n"}, 2.0),  # in a container the path is the host's
        ("0::/\n", {}, math.inf),
        ("3:cpu,cpuacct:/job\n", {"cpu,cpuacct/job/cpu.cfs_quota_us": "100000\n",
                                  "cpu,cpuacct/job/cpu.cfs_period_us": "100000\n"}, 1.0),
        ("1:cpu:/job\n", {"cpu/job/cpu.cfs_quota_us": "-1\n", "cpu/job/cpu.cfs_period_us": "100000\n"}, math.inf),
        ("4:memory:/job\n", {"memory/job/cpu.max": "100000 100000\n"}, math.inf),
        ("0::/a\n", {"a/cpu.max": "nonsense\n"}, math.inf),
    ],
)  # fmt: skip
def test_the_lowest_quota_above_a_process_counts(
    lines: str, files: dict[str, str], cores: float, tmp_path: Path
) -> None:
    assert groups(tmp_path, lines, files) == cores


def test_without_groups_there_is_no_quota(tmp_path: Path) -> None:
    assert cgroup_quota(tmp_path / "absent", tmp_path) == math.inf


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_a_process_bound_to_one_core_has_one() -> None:
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    code += "from accord.programs import allowed_cores; print(allowed_cores())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
    assert 1 <= allowed_cores() <= (os.cpu_count() or 1)


def test_waiting_threads_spin_briefly_unless_the_user_said_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"):
        monkeypatch.delenv(name, raising=False)
    prepare_threads()
    assert os.environ["GOMP_SPINCOUNT"] == "10000"
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    prepare_threads()
    assert os.environ["GOMP_SPINCOUNT"] == "7"
    monkeypatch.delenv("GOMP_SPINCOUNT")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    prepare_threads()
    assert "GOMP_SPINCOUNT" not in os.environ


class Machine:
    """A planted machine of four cores: what has been worked on it, and the time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.own, self.others = 100.0, 5.0, 50.0
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        monkeypatch.setattr(threads, "_LOOKOUT", threads._Lookout())
        monkeypatch.setattr(threads, "allowed_cores", lambda: 4)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
        monkeypatch.setattr(psutil, "cpu_times", lambda percpu: [self.times() for _ in range(4)])
        monkeypatch.setattr(threads.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(threads.time, "process_time", lambda: self.own)
        monkeypatch.setattr(threads.time, "sleep", lambda seconds: self.work(seconds, own=0, others=self.busy))
        self.busy = 0.0

    def times(self) -> Times:
        """Return a fourth of everything, for each core; guests' time is part of the user's."""
        worked = (self.own + self.others) / 4
        return Times(worked, 0.0, self.now - worked - 1.0, 1.0, worked)

    def work(self, seconds: float, *, own: float, others: float) -> None:
        """Let time pass in which this process and others keep so many cores busy."""
        self.now += seconds
        self.own += seconds * own
        self.others += seconds * others


def test_threads_follow_the_cores_that_other_work_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    try:
        machine = Machine(monkeypatch)
        machine.busy = 3.0
        assert settle_threads() == torch.get_num_threads() == 1
        machine.work(5, own=1, others=0)
        assert settle_threads() == torch.get_num_threads() == 4
        machine.work(1, own=0, others=4)  # too soon to look again
        assert settle_threads() == 4
        machine.work(4, own=2, others=2)  # it has half of each core: so do the others
        assert settle_threads() == 2
        machine.work(5, own=0, others=9)
        assert settle_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_a_number_that_the_user_set_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch)
    machine.busy = 4.0
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert settle_threads() == torch.get_num_threads()
