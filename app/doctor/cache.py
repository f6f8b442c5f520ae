"""Knows what lies in Accord's cache and what the demo would still fetch; fetches nothing."""

import importlib.util
import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from .folder import held, short, unwritable
from .record import Line, size

if TYPE_CHECKING:
    from ...data import Asset

_ELSEWHERE = "export ACCORD_CACHE=/another/folder"
_PIP = "python -m ensurepip"


def place() -> Line:
    """Say where the cache is, and whether it can be written."""
    from ...data import cache_folder

    folder = cache_folder()
    chosen = " (ACCORD_CACHE)" if os.environ.get("ACCORD_CACHE") else ""
    fault = unwritable(folder)
    if fault is not None:
        said = f"{short(folder)}{chosen} cannot be written: {fault}"
        return Line("folder", "wrong", said, _ELSEWHERE, needed_by="demo", figures={"bytes": 0})
    if not folder.is_dir():
        return Line(
            "folder", "ok", f"{short(folder)}{chosen}, made when it is needed", needed_by="demo", figures={"bytes": 0}
        )
    taken = held(folder)
    return Line("folder", "ok", f"{short(folder)}{chosen}, {size(taken)}", needed_by="demo", figures={"bytes": taken})


def model() -> Line:
    """Say whether the embedded model is there."""
    from ...data import EMBEDDED_MODEL

    name = "embedded model"
    if converted():
        return Line(name, "ok", "converted, loads in a second", needed_by="demo", figures={"there": True})
    if not _archive(EMBEDDED_MODEL).is_file():
        return _not_yet(name, "fetched (93 MB) and converted (half a minute) at its first use")
    return _checked(name, EMBEDDED_MODEL, "fetched; converted at its first use, in half a minute")


def labels() -> Line:
    """Say whether the demo's labels are there."""
    from ...data import DEMO_LABELS

    name = "demo's labels"
    if not _archive(DEMO_LABELS).is_file():
        return _not_yet(name, "fetched by 'accord demo' (2 MB)")
    return _checked(name, DEMO_LABELS, "fetched")


def converted() -> bool:
    """Tell whether the embedded model lies in the cache as the demo loads it."""
    from ...data import EMBEDDED_MODEL, cache_folder
    from ...programs.local import EMBEDDED_NAME

    folder = cache_folder() / "models" / f"{EMBEDDED_NAME}-{EMBEDDED_MODEL.sha256[:12]}"
    return (folder / "config.json").is_file()


def _not_yet(name: str, said: str) -> Line:
    """Say that something comes by itself, unless there is no pip to bring it."""
    if importlib.util.find_spec("pip") is None:
        return Line(
            name,
            "missing",
            "not there, and this Python has no pip to fetch it",
            _PIP,
            needed_by="demo",
            figures={"there": False},
        )
    return Line(name, "-", f"not there yet: {said}", needed_by="demo", figures={"there": False})


def _checked(name: str, asset: "Asset", said: str) -> Line:
    """Say whether an archive that is there is the pinned one."""
    from ...data import SetupError, fetch

    try:
        fetch(asset)  # of what is there it checks the checksum, and fetches nothing
    except SetupError as error:
        folder = _archive(asset).parent
        quoted = shlex.quote(str(folder))
        clear = f"rm -r {short(folder) if quoted == str(folder) else quoted}"
        return Line(name, "wrong", error.what, clear, needed_by="demo", figures={"there": False})
    return Line(name, "ok", said, needed_by="demo", figures={"there": True})


def _archive(asset: "Asset") -> Path:
    from ...data import cache_folder

    return cache_folder() / "assets" / asset.file
