"""Knows how a JSON file is written whole or not at all; does not know what is in it."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write_json_whole(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file beside its place and move it there: a killed run leaves the old file or the new one."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)
