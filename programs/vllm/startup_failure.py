"""Knows what a vLLM log says about why the server failed, and the cure; does not know how it was started."""

import re
from dataclasses import dataclass
from pathlib import Path

from ...data import SetupError

_TAIL_LINES = 3
_TAIL_BYTES = 200_000
_LINE_LIMIT = 300
_PREFIX = re.compile(r"^(?:\([\w ]+ pid=\d+\) )?(?:[A-Z]+ \d\d-\d\d \d\d:\d\d:\d\d \[[^\]]*\] ?)?")
_CAUSE = re.compile(r"^(?:[\w.]*(?:Error|Exception|Exit)|api_server\.py: error): \S")
_HIDES_THE_CAUSE = ("Engine core initialization failed", "EngineCore encountered an issue", "EngineDeadError")
_PORT_TAKEN = "address already in use"

_CURES = (
    (_PORT_TAKEN, "The port was taken: give another, or 0 for a free one."),
    ("max_lora_rank", "The adapter's rank is above --max-lora-rank: leave that out of the options."),
    ("unrecognized arguments", "Check the options against vLLM's command line."),
    ("max_model_len", "Give options=('--max-model-len', '4096') or another length that the model and memory allow."),
    ("max_num_batched_tokens", "Give options=('--max-num-batched-tokens', ...) of the model's length or more."),
    ("KV cache", "Give the cache more memory (VLLM_CPU_KVCACHE_SPACE in GB, or --gpu-memory-utilization)."),
    ("out of memory", "Free memory, or give options=('--max-model-len', '4096')."),
    ("Cannot allocate memory", "Free memory, or set VLLM_CPU_KVCACHE_SPACE to fewer GB."),
)


@dataclass(frozen=True)
class StartupFailure:
    """Why a server did not come up.

    Attributes:
        error: What to raise.
        port_taken: Whether another program has the port.
    """

    error: SetupError
    port_taken: bool


def startup_failure(problem: str, log: Path, place: str) -> StartupFailure:
    """Read a log for the cause.

    Args:
        problem: What was seen from outside.
        log: The server's log.
        place: What the error names, e.g. the model.
    """
    lines = _lines(log)
    causes = [line for line in lines if _CAUSE.match(line) and not any(hides in line for hides in _HIDES_THE_CAUSE)]
    shown = causes[-1:] if causes else lines[-_TAIL_LINES:]
    said = " | ".join(line[:_LINE_LIMIT] for line in shown) if shown else "it printed nothing"
    cure = next((cure for sign, cure in _CURES if sign.lower() in said.lower()), "")
    error = SetupError(f"{problem}: {said}", place=place, cure=f"{cure} The whole log: {log}.".strip())
    return StartupFailure(error, _PORT_TAKEN in said.lower())


def _lines(log: Path) -> list[str]:
    """Return the last lines of a log without process names and times."""
    try:
        text = log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
    except OSError:
        return []
    stripped = (_PREFIX.sub("", line).strip() for line in text.splitlines())
    return [line for line in stripped if line]
