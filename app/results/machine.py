"""Knows what a run says of the machine that it ran on, where models compute in this process; measures nothing."""

import platform
from collections.abc import Mapping
from typing import Any

from ...programs import LocalEngine, Rater, allowed_cores


def machine_of(*raters: Rater) -> dict[str, Any]:
    """Return what counts for times and for close calls, as plain data; nothing where all models are elsewhere."""
    engines = [rater.lm.engine for rater in raters]
    local = next((engine for engine in engines if isinstance(engine, LocalEngine)), None)
    if local is None:
        return {}
    chosen = local.number_format
    return {
        "number_format": chosen.name,
        "reason": chosen.reason,
        "cores": allowed_cores(),
        "processor": platform.machine(),
        "system": platform.system(),
    }


def machine_sentence(machine: Mapping[str, Any]) -> str:
    """Say so in a sentence; nothing where nothing is known, as of a run of earlier days."""
    if not machine:
        return ""
    cores = f"{machine['cores']} core{'s' if machine['cores'] > 1 else ''}"
    return (
        f"Models in this process compute in {machine['number_format']} ({machine['reason']}), on up to {cores} of "
        f"{machine['processor']}, {machine['system']}."
    )
