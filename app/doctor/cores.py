"""Knows how this machine looks without PyTorch: system, processor, memory, disk; not what PyTorch makes of it."""

import os
import platform
import shutil
from collections.abc import Sequence
from pathlib import Path

from .cache import converted
from .folder import nearest, unwritable
from .memory import read_memory
from .record import Line, counted, size

DEMO_MEMORY = 4e9
"""Bytes of memory that ``accord demo`` needs at its peak, training included (4.0 GB measured, 3.7 in float32)."""

DEMO_CACHE = 1e9
"""Bytes that ``accord demo`` needs in the cache folder: what it fetches, the converted model and the way there."""

DEMO_RUN = 1e8
"""Bytes of the run folder of ``accord demo`` (76 MB measured), which is made in the current folder."""

_INSTRUCTIONS = {
    "flags": ("avx2", "avx512f", "avx512_bf16", "amx_bf16"),
    "Features": ("asimd", "sve", "i8mm", "bf16"),
}
"""The instruction sets that decide how fast arithmetic is, by the word that /proc/cpuinfo lists them under."""


def system() -> Line:
    """Say what runs here."""
    return Line("system", "ok", f"{platform.system()} {platform.release()}, {platform.machine()}")


def processor(told: Path = Path("/proc/cpuinfo")) -> Line:
    """Say which processor this is, and which of the instruction sets that matter it has.

    Args:
        told: Where Linux describes it.
    """
    name, cores = platform.processor() or platform.machine(), os.cpu_count() or 1
    has: list[str] | None = None
    lacks: list[str] = []
    try:
        lines = told.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):  # no Linux, or one that does not tell
        lines = []
    for key, _, value in (line.partition(":") for line in lines):
        if key.strip() == "model name":
            name = value.strip()
        elif key.strip() in _INSTRUCTIONS and has is None:
            wanted, listed = _INSTRUCTIONS[key.strip()], value.split()
            has, lacks = [one for one in wanted if one in listed], [one for one in wanted if one not in listed]
    sets = "its instruction sets are not told" if has is None else f"has {', '.join(has) or 'nothing that helps'}"
    without = f", not {', '.join(lacks)}" if lacks else ""
    figures = {"name": name, "cores": cores, "has": has, "lacks": lacks}
    return Line("processor", "ok", f"{name}, {counted(cores, 'core')}; {sets}{without}", figures=figures)


def memory() -> Line:
    """Say how much memory there is, and whether the demo fits."""
    found = read_memory()
    least = found.total if found.free is None else found.free
    free = "free is not told" if found.free is None else f"{size(found.free)} free"
    held = " that a container or job is held to" if found.limited else ""
    said = f"{free} of {size(found.total)}{held}; the demo needs {size(DEMO_MEMORY)}"
    figures = {"total": found.total, "free": found.free, "limited": found.limited, "demo_needs": int(DEMO_MEMORY)}
    if least >= DEMO_MEMORY:
        return Line("memory", "ok", said, needed_by="demo", figures=figures)
    cure = "give this machine or container more memory" if found.total < DEMO_MEMORY else "end other programs"
    return Line("memory", "low", said, cure, needed_by="demo", figures=figures)


def disk() -> Sequence[Line]:
    """Say how much room there is where Accord writes: in the cache, and in the current folder."""
    from ...data import cache_folder

    cache, here = nearest(cache_folder()), Path.cwd()
    fault = unwritable(here)
    if fault is not None:
        said = f"the current folder cannot be written: {fault}"
        return [Line("disk", "wrong", said, "cd /another/folder", needed_by="demo")]
    needs = 0 if converted() else DEMO_CACHE
    if cache.stat().st_dev == here.stat().st_dev:
        return [_room("disk", here, needs + DEMO_RUN, "make room on this disk")]
    return [
        _room("disk: cache", cache, needs, "export ACCORD_CACHE=/another/folder"),
        _room("disk: here", here, DEMO_RUN, "cd /another/folder"),
    ]


def _room(name: str, folder: Path, needs: float, cure: str) -> Line:
    free = shutil.disk_usage(folder).free
    figures = {"free": free, "demo_needs": int(needs)}
    said = f"{size(free)} free; the demo needs {f'{size(needs)} more' if needs else 'no more'}"
    return Line(
        name, "ok" if free >= needs else "low", said, None if free >= needs else cure, needed_by="demo", figures=figures
    )
