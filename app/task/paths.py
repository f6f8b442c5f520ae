"""Knows which values of a task file name files, and finds them beside it; does not know what the values mean."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_ENGINES = ("local/", "vllm/")
"""What comes before the folder of a model on disk (`accord.programs.resolve_model`)."""

_TEXTS = (".md", ".markdown", ".txt")


def names_file(text: str) -> bool:
    """Tell a path from a text, as `Guideline.from_markdown` does."""
    return "\n" not in text and text.strip().endswith(_TEXTS)


def model_path(name: str) -> Path | None:
    """Return the folder of a model on disk, or None for a name of another kind."""
    engine = next((engine for engine in _ENGINES if name.startswith(engine) and name != engine), None)
    return None if engine is None else Path(name.removeprefix(engine))


def beside(folder: Path, task: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return a task's data with its paths made independent of where the command is run.

    Args:
        folder: Where the task file lies.
        task: What it says; values of other kinds than expected are left for whoever checks them.
    """

    def path(value: str) -> str:
        return str(folder / Path(value).expanduser())

    def model(value: str) -> str:
        found = model_path(value)
        return value if found is None else value.partition("/")[0] + "/" + path(str(found))

    def text(value: str) -> str:
        return path(value) if names_file(value) else value

    def configuration(value: str) -> str:
        # A word is one that is shipped; what has an ending or a folder is a file.
        return path(value) if Path(value).suffix or len(Path(value).parts) > 1 else value

    sections: dict[str, dict[str, Callable[[str], str]]] = {
        "data": {"path": lambda value: path(value) if value else value},
        "weights": {"base": model, "accelerate_config": configuration},
        "distill": {"embedder": model, "writer": model, "raters": model},
    }
    found = _changed(task, {"student": model, "teacher": model, "guideline": text, "teacher_guideline": text})
    for name, changes in sections.items():
        if isinstance(found.get(name), dict):
            found[name] = _changed(found[name], changes)
    return found


def _changed(values: Mapping[Any, Any], changes: Mapping[str, Callable[[str], str]]) -> dict[Any, Any]:
    """Return the values with each named text, or each text of a named list, changed."""
    found = dict(values)
    for key, change in changes.items():
        value = found.get(key)
        if isinstance(value, str):
            found[key] = change(value)
        elif isinstance(value, list):
            found[key] = [change(one) if isinstance(one, str) else one for one in value]
    return found
