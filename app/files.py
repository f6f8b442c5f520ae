"""Knows how a JSON file is written whole or not at all; does not know what is in it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..data import whole_file


def write_json_whole(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file: a killed run leaves the old one or the new one."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with whole_file(path) as draft:
        draft.write_text(text, encoding="utf-8")
