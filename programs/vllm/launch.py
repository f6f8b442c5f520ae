"""Knows vLLM's command line and environment for one model with its adapters; does not run it."""

import importlib.util
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...data import SetupError
from ..local.safetensors_check import check_adapter, check_model
from ..number_format import number_format
from ..threads import allowed_cores
from .launch_vllm_python import VLLMPython

_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM takes as ``--max-lora-rank``."""

_CPU_CACHE_GB = "2"
_CPU_BLOCK = "32"
"""Tokens of a cache block: small, so that the start which all prompts of a rater share is found again."""


@dataclass(frozen=True)
class Launch:
    """What is started.

    Attributes:
        model: The model's whole path.
        name: What requests call it.
        adapters: Name and whole path of each adapter.
        rank: The highest rank among them, 0 without any.
        options: Further words.
    """

    model: Path
    name: str
    adapters: Mapping[str, Path]
    rank: int
    options: tuple[str, ...]

    def command(self, python: VLLMPython, host: str, port: int) -> list[str]:
        """Return the command. The ``vllm`` script is not used: that of the CPU build cannot find its own version."""
        words = [python.path, "-m", "vllm.entrypoints.openai.api_server"]
        words += ["--model", str(self.model), "--served-model-name", self.name, "--host", host, "--port", str(port)]
        words += ["--dtype", _format(), "--disable-access-log-for-endpoints", "/health"]
        # Sampling defaults of the model's publisher (top_p, a repetition penalty) would bend what is drawn.
        words += ["--generation-config", "vllm"]
        if python.cpu:
            words += ["--enforce-eager", "--block-size", _CPU_BLOCK]  # compiling takes minutes there and gains little
        if self.adapters:
            words += ["--enable-lora", "--max-lora-rank", str(_allowed(self.rank)), "--max-loras"]
            words += [str(len(self.adapters)), "--lora-modules"]
            words += [f"{name}={folder}" for name, folder in self.adapters.items()]
        return [*words, *self.options]

    def environment(self, python: VLLMPython) -> dict[str, str]:
        """Return what vLLM needs beside this process's environment; whatever the user has set there stays."""
        wanted = {"VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}
        if python.cpu:
            cores = sorted(os.sched_getaffinity(0))[: allowed_cores()] if hasattr(os, "sched_getaffinity") else []
            wanted["VLLM_CPU_KVCACHE_SPACE"] = _CPU_CACHE_GB
            if cores:  # left to itself it takes one thread of each physical core
                wanted["VLLM_CPU_OMP_THREADS_BIND"] = ",".join(map(str, cores))
        return {name: value for name, value in wanted.items() if name not in os.environ}


def _format() -> str:
    """Return this machine's number format; where no torch is installed here, vLLM goes by the model's own."""
    return number_format().name if importlib.util.find_spec("torch") is not None else "auto"


def make_launch(model: str | Path, adapters: Mapping[str, str | Path], name: str, options: Sequence[str]) -> Launch:
    """Check everything that can be checked before a server takes a minute to find out.

    Raises:
        InputError: If the model or an adapter is damaged, or an adapter was made for another model.
        SetupError: If an adapter's name is the model's, or its rank exceeds what vLLM takes.
    """
    folder = check_model(Path(model))
    found: dict[str, Path] = {}
    ranks: list[int] = []
    for adapter, path in adapters.items():
        if adapter == name or "=" in adapter or not adapter.strip():
            what = f"an adapter cannot be called {adapter!r}"
            raise SetupError(what, place="VLLMServer", cure=f"Give a name without '=' other than {name!r}.")
        rank = check_adapter(Path(path), folder)
        most = _most(options)
        if rank > most:
            what = f"the adapter's rank {rank} is above {most}"
            cure = "Leave --max-lora-rank out of the options." if most < _RANKS[-1] else "Merge it into the weights."
            raise SetupError(what, place=str(path), cure=cure)
        ranks.append(rank)
        found[adapter] = Path(path).expanduser().resolve()
    return Launch(folder, name, found, max(ranks, default=0), tuple(options))


def port_for(host: str, wanted: int) -> int:
    """Return the wanted port if it is free, a free one if 0 is wanted.

    Raises:
        SetupError: If it is taken.
    """
    with socket.socket() as probe:
        if os.name == "posix":  # a port of a server that has just ended is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except (OSError, OverflowError) as error:
            cure = "Give another port, or 0 for a free one."
            raise SetupError(f"the port cannot be used ({error})", place=f"{host}:{wanted}", cure=cure) from None
        return probe.getsockname()[1]


def _allowed(rank: int) -> int:
    return next(allowed for allowed in _RANKS if allowed >= rank)


def _most(options: Sequence[str]) -> int:
    """Return the highest rank that the options leave."""
    given = dict(zip(options, options[1:], strict=False)).get("--max-lora-rank", "")
    return int(given) if given.isdigit() else _RANKS[-1]
