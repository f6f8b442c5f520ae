"""Knows where a compile keeps its files and when they go; does not know what is in them."""

import shutil
import tempfile
import weakref
from pathlib import Path


class Workspace:
    """A folder that stays, or a temporary one that goes when nothing refers to this object any more.

    Args:
        path: The folder; None makes a temporary one.
    """

    def __init__(self, path: Path | None) -> None:
        """Make the temporary folder; a named one is made by whoever first writes into it."""
        self.path = Path(tempfile.mkdtemp(prefix="accord-")) if path is None else path.expanduser().resolve()
        self._removal = weakref.finalize(self, _remove, self.path) if path is None else None

    @property
    def log(self) -> Path:
        """Where subprocesses write what they have to say."""
        return self.path / "training.log"

    def keep(self) -> None:
        """Leave a temporary folder where it is, for whoever has to find out what went wrong."""
        if self._removal is not None:
            self._removal.detach()


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
