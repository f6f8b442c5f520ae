"""Knows how a file is written whole or not at all; does not know what is in it."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


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


def write_text_whole(path: Path, text: str) -> None:
    """Write a text in UTF-8: a killed run leaves the old file or the new one."""
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8")


def write_json_whole(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON object without NaN: a killed run leaves the old file or the new one."""
    write_text_whole(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
