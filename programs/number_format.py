"""Knows in which number format this machine computes fastest; does not know what is computed.

bfloat16 is twice to six times as fast as float32 where a processor has instructions for it. Where it has none, PyTorch
falls back to a loop on one thread that is ten to thirty times slower than float32, and nothing says so. So nobody asks
for a format by name: all ask here.
"""

import json
import os
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from ..data import SetupError, cache_folder, whole_file
from .optional_packages import need

NumberFormat = Literal["bfloat16", "float32", "float16"]
"""A format of floating-point numbers, as torch calls it."""

_VARIABLE = "ACCORD_DTYPE"
"""The environment variable that chooses the format in place of the machine."""

_ROWS, _INNER, _OUTER = 256, 576, 1536
"""Of the product that is timed: 256 tokens through the widest layer of the embedded model."""

_ROUNDS = 20
_PURPOSE = "to run an open model in this process"


@dataclass(frozen=True)
class FormatChoice:
    """A number format, and why it was chosen.

    Attributes:
        name: The format.
        reason: In words, e.g. "this processor computes in it 5.9 times as fast as in float32".
    """

    name: NumberFormat
    reason: str


def number_format(wanted: str | None = None) -> FormatChoice:
    """Return the format that models are loaded, asked and trained in on this machine.

    Args:
        wanted: A format that somebody asked for; None is ``$ACCORD_DTYPE``, else what is fastest here.

    Raises:
        SetupError: If the wanted format is unknown, or torch is missing and nothing is wanted.

    Examples:
        >>> number_format("float32")
        FormatChoice(name='float32', reason='it was asked for')
    """
    if wanted is not None:
        return FormatChoice(check_format(wanted, "dtype"), "it was asked for")
    named = os.environ.get(_VARIABLE, "").strip()
    if named:
        return FormatChoice(check_format(named, _VARIABLE), f"{_VARIABLE} is set")
    return _fastest()


def check_format(name: str, place: str) -> NumberFormat:
    """Return a format's name if it is one.

    Raises:
        SetupError: If it is not.
    """
    for known in get_args(NumberFormat):
        if name == known:
            return known
    cure = f"Give one of {', '.join(get_args(NumberFormat))}, or leave it to the machine."
    raise SetupError(f"unknown number format {name!r}", place=place, cure=cure)


def training_format(name: NumberFormat) -> NumberFormat:
    """Return the format to train in where models are asked in `name`: float16 would need its losses scaled."""
    return "float32" if name == "float16" else name


@lru_cache(maxsize=1)
def _fastest() -> FormatChoice:
    """Return what is fastest here: by what is known of the device, else by a product that is timed once a machine.

    MPS (Apple's GPUs) is not used: draws are summed in float64, which it does not have.
    """
    torch = need("torch", "local", _PURPOSE)
    if torch.cuda.is_available():
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return FormatChoice("bfloat16", "the GPU computes in it")
        return FormatChoice("float32", "the GPU has no bfloat16")
    if platform.machine().lower() in ("x86_64", "amd64") and not torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return FormatChoice("float32", "this processor has no instructions for bfloat16")
    return _timed(torch)


def _timed(torch: Any) -> FormatChoice:
    """Return the faster of bfloat16 and float32, remembered for this processor: a run that resumes must not change it.

    float16 is not among them: its small numbers end at 6e-8, which gradients go below, and no processor that was
    measured was faster in it than in the better of the other two.
    """
    known = cache_folder() / "number-format.json"
    machine = "|".join(
        (_processor(), torch.__version__, torch.backends.cpu.get_cpu_capability(), os.environ.get(_CAP, ""))
    )
    found = _remembered(known).get(machine)
    if not isinstance(found, int | float):
        with ThreadPoolExecutor(1) as apart:  # whose helpers end with it (see `one_thread`)
            found = round(apart.submit(_ratio, torch).result(), 2)
        _remember(known, machine, found)
    if found >= 1:
        return FormatChoice("bfloat16", f"this processor computes in it {found:.1f} times as fast as in float32")
    return FormatChoice("float32", f"this processor computes in it {1 / found:.1f} times as fast as in bfloat16")


_CAP = "ONEDNN_MAX_CPU_ISA"
"""Holds oneDNN, which has the bfloat16 kernels, to older instructions."""


def _ratio(torch: Any) -> float:
    """Return how many times as fast as float32 bfloat16 is."""
    return _seconds(torch, torch.float32) / _seconds(torch, torch.bfloat16)


def _seconds(torch: Any, dtype: Any) -> float:
    """Return the time of a product, the best of a few: other work only ever makes it longer."""
    with torch.inference_mode():
        layer = torch.nn.Linear(_INNER, _OUTER, bias=False).to(dtype)
        rows = torch.ones(_ROWS, _INNER, dtype=dtype)
        layer(rows)
        best = float("inf")
        for _ in range(_ROUNDS):
            began = time.perf_counter()
            layer(rows)
            best = min(best, time.perf_counter() - began)
        return best


def _remembered(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remember(path: Path, machine: str, ratio: float) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as draft:
            draft.write_text(json.dumps({**_remembered(path), machine: ratio}, indent=2) + "\n", encoding="utf-8")
    except OSError:  # a cache that cannot be written costs a tenth of a second each time
        pass


def _processor() -> str:
    """Return the processor's name."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
