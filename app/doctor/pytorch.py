"""Knows what PyTorch makes of this machine: number format, threads, GPUs; says so too where there is no PyTorch."""

import importlib.util
import os
import shutil
from typing import Any

from .record import Line, LineState, counted, size, why

_OMP = "OMP_NUM_THREADS"


def format_line() -> Line:
    """Say in which format models are asked and trained here, and why."""
    from ...data import SetupError
    from ...programs import number_format as choose

    name, variable = "number format", "ACCORD_DTYPE"
    fault = None if os.environ.get(variable, "").strip() else _fault()
    if fault is not None:  # of a torch that is missing, the demo is told by the extra that brings it
        return Line(name, *fault, needed_by=None if fault[0] == "missing" else "demo")
    try:
        found = choose()
    except SetupError as error:  # torch is there, so it is about the variable
        return Line(name, "wrong", f"{variable}: {error.what}", f"unset {variable}", needed_by="demo")
    return Line(name, "ok", f"{found.name}: {found.reason}", needed_by="demo", figures={"format": found.name})


def threads() -> Line:
    """Say how many cores arithmetic may use, how many it gets now, and what keeps it from more."""
    from ...programs import allowed_cores, settle_threads

    total, allowed = os.cpu_count() or 1, allowed_cores()
    granted = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else total
    figures: dict[str, Any] = {"cores": total, "allowed": allowed, _OMP: os.environ.get(_OMP)}
    said = f"{allowed} of {counted(total, 'core')} may be used"
    if granted < total:
        said += f"; the affinity of this process leaves {counted(granted, 'core')}"
    if allowed < granted:
        said += f"; a container's quota leaves {counted(allowed, 'core')}"
    if _fault() is not None:
        return Line("threads", "ok", said, figures=figures)
    now = figures["now"] = settle_threads()
    said += f"; torch gets {counted(now, 'thread')}"
    chosen = os.environ.get(_OMP)
    reason = "other work keeps the rest busy now" if chosen is None else f"{_OMP} is {chosen[:20]!r}"
    cure = "end other programs" if chosen is None else f"unset {_OMP}"
    if now == allowed:
        return Line("threads", "ok", said if chosen is None else f"{said}: {reason}", figures=figures)
    return Line("threads", "low" if now < allowed else "wrong", f"{said}: {reason}", cure, figures=figures)


def gpu() -> Line:
    """Say which GPUs PyTorch computes on; none is needed."""
    fault = _fault()
    if fault is not None:
        return Line("GPU", "-", "not looked for without torch, and not needed", figures={"devices": []})
    import torch

    devices = []
    if torch.cuda.is_available():
        every = [torch.cuda.get_device_properties(number) for number in range(torch.cuda.device_count())]
        devices = [{"name": one.name, "memory": one.total_memory} for one in every]
    if devices:
        said = ", ".join(f"{one['name']} ({size(one['memory'])})" for one in devices)
        return Line("GPU", "ok", said, figures={"devices": devices})
    if torch.version.cuda is None and torch.version.hip is None and shutil.which("nvidia-smi"):
        said = f"NVIDIA's driver is here, but torch {torch.__version__} is a build without CUDA"
        cure = "install torch with CUDA: https://pytorch.org/get-started/locally"
        return Line("GPU", "missing", said, cure, figures={"devices": []})
    return Line("GPU", "-", "none; not needed", figures={"devices": []})


def _fault() -> tuple[LineState, str, str] | None:
    """Return what is wrong with torch and what mends it, or None where it can be used."""
    if importlib.util.find_spec("torch") is None:
        return "missing", "torch is not installed", "pip install 'accord[local]'"
    from ...programs import need

    try:
        need("torch", "local", "to look at this machine")  # so that threads are prepared before torch is imported
    except Exception as error:  # libraries that do not fit raise whatever they like
        return "wrong", f"torch cannot be imported ({why(error)})", "pip install --force-reinstall torch"
    return None
