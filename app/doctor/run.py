"""Knows everything that ``accord doctor`` looks at, and in which order; does not know how it is shown.

The rooms below are imported by what looks at them, never at the top: where a package is broken, the line that needs it
says so and all others are still there.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from . import cache, cores, model_server, models, packages, pytorch
from .record import Examination, Line, why

Look = Callable[[], Line | Iterable[Line]]

_PARTS: Mapping[str, Mapping[str, Look]] = {
    "Accord": {"accord": packages.accord, "Python": packages.python, "packages": packages.core},
    "This machine": {
        "system": cores.system,
        "processor": cores.processor,
        "number format": pytorch.format_line,
        "threads": pytorch.threads,
        "memory": cores.memory,
        "disk": cores.disk,
        "GPU": pytorch.gpu,
    },
    "Extras": {"extras": packages.extras, "vLLM": packages.vllm},
    "Cache": {"folder": cache.place, "embedded model": cache.model, "demo's labels": cache.labels},
    "Models elsewhere": {
        "keys": models.keys,
        "Hugging Face": models.hub,
        "proxies": models.proxies,
    },
}
"""What is looked at, by part and by the name of the line that stands there if the look fails."""


def examine(api_base: str | None = None) -> Examination:
    """Look at this machine. Nothing is fetched, and no server is asked but the one that is named.

    Args:
        api_base: The address of an OpenAI-compatible server to ask for its models, or None.

    Raises:
        SetupError: If that is no address.
    """
    parts = {part: dict(looks) for part, looks in _PARTS.items()}
    if api_base is not None:
        address = model_server.checked_address(api_base)
        parts["Models elsewhere"]["server"] = partial(model_server.server, address)
    return Examination(
        {
            part: tuple(line for name, look in looks.items() for line in _seen(name, look))
            for part, looks in parts.items()
        }
    )


def _seen(name: str, look: Look) -> list[Line]:
    """Look, and say so where that fails: whatever is odd on a machine, the page about it has to appear."""
    try:
        found = look()
        return [found] if isinstance(found, Line) else list(found)
    except Exception as error:
        said = f"could not be found out ({models.without_secrets(why(error))})"
        return [Line(name, "unknown", said)]
