"""Knows which extra brings an optional package, and says so when the package is missing."""

import importlib
from types import ModuleType
from typing import Literal

from ..data import SetupError

Extra = Literal["local", "train", "crowd", "serve"]


def need(module: str, extra: Extra, purpose: str) -> ModuleType:
    """Import an optional package.

    Args:
        module: The module's dotted name.
        extra: The extra of this distribution that installs it.
        purpose: What it is needed for, as in "to run an open model in this process".

    Raises:
        SetupError: If it is not installed, with the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        cure = f"Install it with: pip install 'accord[{extra}]'."
        raise SetupError(f"the package {error.name!r} is needed {purpose}", cure=cure) from None
