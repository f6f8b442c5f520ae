"""Knows which extra brings an optional package, and says so when the package is missing."""

import importlib
import importlib.util
from types import ModuleType
from typing import Literal

from ..data import SetupError
from .threads import prepare_threads

Extra = Literal["local", "train", "qlora", "crowd", "serve", "embeddings", "mlflow"]


def need(module: str, extra: Extra, purpose: str) -> ModuleType:
    """Import an optional package.

    Args:
        module: The module's dotted name.
        extra: The extra of this distribution that installs it.
        purpose: What it is needed for, as in "to run an open model in this process".

    Raises:
        SetupError: If it is not installed, with the command that installs it.
    """
    prepare_threads()  # most of them bring torch, which reads the environment once
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise _missing(str(error.name), extra, purpose) from None


def check_installed(module: str, extra: Extra, purpose: str) -> None:
    """Refuse as `need` does, without importing: torch takes seconds.

    Raises:
        SetupError: If the package is not installed, with the command that installs it.
    """
    if importlib.util.find_spec(module) is None:
        raise _missing(module, extra, purpose)


def _missing(package: str, extra: Extra, purpose: str) -> SetupError:
    cure = f"Install it with: pip install 'accord[{extra}]'."
    return SetupError(f"the package {package!r} is needed {purpose}", cure=cure)
