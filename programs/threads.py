"""Knows how many threads arithmetic gets: the cores this process may use, less those that other work keeps busy.

Threads that share their cores with other work cost more than they bring: a step is done when the last of them is, and
while one waits for its turn the others spin. Threads that never spin are no cure: quiet, a training step of the
embedded model then took longer than on one thread. So they spin briefly, and there are as many as there are free
cores, looked at again every few seconds. ``benchmarks/bench_busy.py`` measures it: beside one busy process a core, two
cores trained at 0.44 and drew at 0.45 of what they do alone; under a quota of one core at 0.69 and 0.62.
"""

import math
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SPIN = "10000"
"""Turns that a waiting thread spins before it sleeps: some ten microseconds, as long as most products take."""

_FIRST_LOOK, _BETWEEN_LOOKS = 0.1, 3.0
"""Seconds that the cores are watched before the first arithmetic, and between two later looks."""

_CGROUPS = Path("/sys/fs/cgroup")


def prepare_threads() -> None:
    """Have threads that wait go to sleep soon; whatever the user set stays. To be called before torch is imported."""
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPIN)  # of GCC's library, which torch brings on Linux
        os.environ.setdefault("KMP_BLOCKTIME", "0")  # of LLVM's and Intel's, in milliseconds


def allowed_cores() -> int:
    """Return how many cores this process may use: by its affinity, and by the quota of its cgroups (v1 and v2).

    A quota of one and a half cores is one: a second thread would stand still every other moment, and the first wait.
    """
    return max(1, math.floor(min(len(_cores()), cgroup_quota(Path("/proc/self/cgroup"), _CGROUPS))))


def settle_threads() -> int:
    """Give torch's arithmetic in the calling thread the cores that are free now, and return how many.

    Cheap enough to be called in every step: it looks every few seconds. Where the user set ``OMP_NUM_THREADS`` that is
    left alone.
    """
    import torch

    if "OMP_NUM_THREADS" in os.environ:
        return torch.get_num_threads()
    wanted = _LOOKOUT.free_cores()
    if torch.get_num_threads() != wanted:
        torch.set_num_threads(wanted)
    return wanted


@contextmanager
def one_thread() -> Iterator[None]:
    """Have torch compute with the calling thread alone within the block: for work beside the thread that decodes.

    Every thread that computes with helpers keeps them, and GCC's library counts all of them: with more than there are
    cores, those that wait sleep at once, and have to be woken for every product.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Lookout:
    """Watches what other work takes of the cores, between one look and the next."""

    def __init__(self) -> None:
        self._seen: tuple[float, float, float] | None = None
        self._free = 0

    def free_cores(self) -> int:
        """Return the free cores as of the last look, one at least."""
        if self._seen is None:
            self._seen = self._look()
            time.sleep(_FIRST_LOOK)
        elif time.monotonic() - self._seen[0] < _BETWEEN_LOOKS:
            return self._free
        now = self._look()
        passed, busy, own = (after - before for after, before in zip(now, self._seen, strict=True))
        others = max(0.0, busy - own) / passed if passed else 0.0
        self._seen = now
        self._free = max(1, min(allowed_cores(), round(len(_cores()) - others)))
        return self._free

    def _look(self) -> tuple[float, float, float]:
        """Return the time, and the seconds of work of this process's cores and of this process itself."""
        try:
            import psutil
        except ImportError:  # it comes with torch's company; without it nobody else is seen
            return time.monotonic(), 0.0, 0.0
        times: list[Any] = psutil.cpu_times(percpu=True)
        idle = sum(times[core].idle + getattr(times[core], "iowait", 0.0) for core in _cores() if core < len(times))
        everything = sum(sum(_disjoint(times[core])) for core in _cores() if core < len(times))
        return time.monotonic(), everything - idle, time.process_time()


_LOOKOUT = _Lookout()


def _cores() -> set[int]:
    """Return the numbers of the cores that this process is bound to; all of them where the system binds to none."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def _disjoint(times: Any) -> list[float]:
    """Return a core's times without those of guests, which Linux counts among the user's as well."""
    return [value for name, value in times._asdict().items() if not name.startswith("guest")]


def cgroup_quota(named: Path, mounted: Path) -> float:
    """Return the fewest cores that a cgroup of this process, or one above it, is held to; infinity without a limit.

    Args:
        named: The file that names the groups, ``/proc/self/cgroup``.
        mounted: Where they are mounted.
    """
    try:
        lines = named.read_text(encoding="utf-8").splitlines()
    except OSError:
        return math.inf
    least = math.inf
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers and "cpu" not in controllers.split(","):
            continue
        roots = [mounted, mounted / "unified"] if not controllers else [mounted / "cpu", mounted / controllers]
        for root in roots:
            folder = root / path.lstrip("/")
            # In a container the path may be the host's, and what is mounted already the group itself.
            for group in (folder, *folder.parents):
                if group == root.parent:
                    break
                least = min(least, _limit(group))
    return least


def _limit(group: Path) -> float:
    """Return the cores that one cgroup is held to."""
    try:
        if (group / "cpu.max").is_file():
            most, period = (group / "cpu.max").read_text(encoding="utf-8").split()
        else:
            most = (group / "cpu.cfs_quota_us").read_text(encoding="utf-8").strip()
            period = (group / "cpu.cfs_period_us").read_text(encoding="utf-8").strip()
        return math.inf if most == "max" or int(most) <= 0 else int(most) / int(period)
    except (OSError, ValueError):
        return math.inf
