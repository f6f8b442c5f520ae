"""Knows how a file is written whole or not at all; does not know what is in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Give a place beside a file to write to; it becomes the file when the block ends without an error.

    Whoever reads the file, also after a killed run, finds the old one or all of the new one. Processes that write the
    same file do not meet.

    Args:
        path: The file; its folder is there.
    """
    draft = path.with_name(f".{path.name}-{os.getpid()}.draft")
    try:
        yield draft
        os.replace(draft, path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
