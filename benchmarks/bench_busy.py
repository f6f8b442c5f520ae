"""What other work on the same cores costs: training and draws beside busy processes and under a quota of one core.

    python benchmarks/bench_busy.py [--ways]

Training tokens and draws' tokens a second of the embedded model (`local_work.py`), each figure from a fresh process:
quiet, beside one busy process, beside one busy process a core, and in a cgroup that is held to one core (v1 or v2,
where this user may make one; else the column says why not). A fair share beside one busy process a core is 0.5 of
quiet; the bar is 0.35. ``--ways`` also measures the training as PyTorch comes (all cores, spinning), with threads that
spin briefly, with threads that do not spin, and with one thread. Busy processes are children of
this one and end with it. Prints tables and one JSON line. Let nothing else run beside it.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from local_work import measured

_BAR = 0.35
_BUSY = "import os, time\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(100000))"
_WAYS = {
    "as PyTorch comes": {"OMP_NUM_THREADS": str(os.cpu_count()), "GOMP_SPINCOUNT": "300000"},
    "spinning briefly": {"OMP_NUM_THREADS": str(os.cpu_count()), "GOMP_SPINCOUNT": "10000"},
    "not spinning": {"OMP_NUM_THREADS": str(os.cpu_count()), "OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"},
    "one thread": {"OMP_NUM_THREADS": "1"},
    "accord": {},
}


def main() -> None:
    """Measure and judge."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ways", action="store_true")
    options = parser.parse_args()
    cores = os.cpu_count() or 1
    if options.ways:
        print(f"training, tokens/s{'':<33}" + "".join(f"{n:>3} busy" for n in (0, cores)))
        for way, variables in _WAYS.items():
            rates = []
            for number in (0, cores):
                with busy(number):
                    rates.append(measured("training", variables, limit=240))
            print(f"{way:<50}" + "".join(f"{'-' if rate is None else f'{rate:.0f}':>8}" for rate in rates), flush=True)
    found: dict[str, dict[str, float | str | None]] = {}
    for kind in ("training", "draws"):
        row: dict[str, float | str | None] = {"quiet": measured(kind, {})}
        for name, number in (("one busy process", 1), ("one a core", cores)):
            with busy(number):
                row[name] = measured(kind, {})
        with ExitStack() as stack:
            try:
                stack.enter_context(quota_of_one_core())
            except OSError as error:
                row["a quota of one core"] = f"no cgroup can be made ({error.strerror})"
            else:
                row["a quota of one core"] = measured(kind, {})
        found[kind] = row
    print(f"\n{'tokens/s (share of quiet)':<26}" + "".join(f"{name:>24}" for name in found["training"]))
    for kind, row in found.items():
        print(f"{kind:<26}" + "".join(f"{_shown(rate, row['quiet']):>24}" for rate in row.values()))
    least = min(_share(row["one a core"], row["quiet"]) for row in found.values())
    said = "met" if least >= _BAR else "MISSED"
    print(f"\nbar: at least {_BAR} of quiet with one busy process a core: {least:.2f}, {said}")
    print(json.dumps({"cores": cores, "rates": found, "least": least}))


@contextmanager
def busy(number: int) -> Iterator[None]:
    """Keep so many processes busy within the block."""
    children = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(number)]
    try:
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()


@contextmanager
def quota_of_one_core() -> Iterator[None]:
    """Move this process, and so its children, into a cgroup that is held to one core, within the block."""
    first = Path("/sys/fs/cgroup/cpu")
    root = first if first.is_dir() else Path("/sys/fs/cgroup")
    group = root / f"accord-bench-{os.getpid()}"
    group.mkdir()
    try:
        if first.is_dir():
            (group / "cpu.cfs_period_us").write_text("100000")
            (group / "cpu.cfs_quota_us").write_text("100000")
        else:
            (group / "cpu.max").write_text("100000 100000")
        (group / "cgroup.procs").write_text(str(os.getpid()))
        yield
    finally:
        with suppress(OSError):
            (root / "cgroup.procs").write_text(str(os.getpid()))
        group.rmdir()


def _share(rate: float | str | None, quiet: float | str | None) -> float:
    return rate / quiet if isinstance(rate, float) and isinstance(quiet, float) else 0.0


def _shown(rate: float | str | None, quiet: float | str | None) -> str:
    return f"{rate:.0f} ({_share(rate, quiet):.2f})" if isinstance(rate, float) else str(rate)[:22]


if __name__ == "__main__":
    main()
