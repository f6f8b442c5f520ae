"""Knows how much memory this process may use, by the machine and by its cgroups; does not know what needs how much."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_V2 = ("memory.max", "memory.current", "inactive_file")


@dataclass(frozen=True)
class Memory:
    """Memory in bytes.

    Attributes:
        total: What there is for this process at most.
        free: What can be had without swapping, or None where nothing tells.
        limited: Whether a cgroup gives less than the machine has.
    """

    total: int
    free: int | None
    limited: bool = False


def read_memory(proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")) -> Memory:
    """Return the memory of this process.

    Args:
        proc: Where the kernel tells of the machine and of this process.
        groups: Where cgroups are mounted (v1, v2 or both).

    Raises:
        OSError: If nothing tells how much there is.
    """
    machine = _of_machine(proc)
    total, free = machine.total, machine.free
    for limit, left in _of_groups(proc / "self/cgroup", groups):
        total = min(total, limit)
        free = left if free is None else min(free, left)
    return Memory(total, free, limited=total < machine.total)


def _of_machine(proc: Path) -> Memory:
    try:
        lines = (proc / "meminfo").read_text(encoding="utf-8").splitlines()
        kilobytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
        return Memory(kilobytes["MemTotal"] * 1024, kilobytes["MemAvailable"] * 1024)
    except (OSError, ValueError, LookupError):  # no Linux, or a strange one
        pass
    try:
        import psutil
    except ImportError:  # it comes with the extras
        if not hasattr(os, "sysconf"):
            raise OSError("this system tells it to psutil alone, which is not installed") from None
        return Memory(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), None)
    found = psutil.virtual_memory()
    return Memory(found.total, found.available)


def _of_groups(named: Path, mounted: Path) -> Iterator[tuple[int, int]]:
    """Yield limit and rest of each cgroup that holds this process to less than everything."""
    try:
        lines = named.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for _, controllers, path in (line.split(":", 2) for line in lines if line.count(":") >= 2):
        if controllers and "memory" not in controllers.split(","):
            continue
        files = _V1 if controllers else _V2
        roots = [mounted / "memory", mounted / controllers] if controllers else [mounted, mounted / "unified"]
        for root in roots:
            folder = root / path.lstrip("/")
            # In a container the path may be the host's, and what is mounted already the group itself.
            for group in (folder, *folder.parents):
                if group == root.parent:
                    break
                yield from _of_group(group, files)


def _of_group(group: Path, files: tuple[str, str, str]) -> Iterator[tuple[int, int]]:
    limit_file, used_file, reclaimed = files
    try:
        limit = int((group / limit_file).read_text(encoding="utf-8"))  # "max" is no number and no limit
        used = int((group / used_file).read_text(encoding="utf-8"))
        counts = dict(line.split(maxsplit=1) for line in (group / "memory.stat").read_text("utf-8").splitlines())
        # What was read from files and not looked at for long is counted as used, and given back when it is needed.
        yield limit, max(0, limit - used + int(counts.get(reclaimed, 0)))
    except (OSError, ValueError):
        return
