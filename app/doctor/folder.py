"""Knows what can be told of a folder without leaving anything in it; does not know what it is for."""

import os
import tempfile
from pathlib import Path


def nearest(folder: Path) -> Path:
    """Return a folder, or the nearest place above it that is there."""
    folder = folder.absolute()
    return next(place for place in (folder, *folder.parents) if os.path.exists(place))


def unwritable(folder: Path) -> str | None:
    """Return why nothing can be written in a folder (which may have to be made first), or None if it can.

    Found out by writing: permissions do not tell of disks that are full, or mounted to be read only.
    """
    place = nearest(folder)
    if not place.is_dir():
        return f"{short(place)} is no folder"
    try:
        with tempfile.TemporaryFile(dir=place) as stream:
            stream.write(b"x")
    except OSError as error:
        return error.strerror or type(error).__name__
    return None


def held(folder: Path) -> int:
    """Return the bytes of all files in a folder and below; what cannot be looked at counts nothing."""
    found = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                found += os.lstat(os.path.join(place, name)).st_size
            except OSError:  # somebody removed it meanwhile
                continue
    return found


def short(path: str | Path) -> str:
    """Write a path with ``~`` for the home folder: reports of bugs need no user names."""
    path, home = Path(path), Path.home()
    return f"~/{path.relative_to(home)}" if path != home and path.is_relative_to(home) else str(path)
