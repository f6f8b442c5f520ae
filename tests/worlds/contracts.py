"""Knows how to ask a library whether it still takes what Accord hands it by name; does not know any library."""

import dataclasses
import inspect
from typing import Any


def takes(called: Any, *names: str) -> None:
    """Fail unless a function or class has a parameter of each name; one that vanishes into ``**options`` is none."""
    there = inspect.signature(called).parameters
    missing = [name for name in names if name not in there]
    assert not missing, f"{called.__qualname__} no longer takes {', '.join(missing)}; it takes {', '.join(there)}"


def overrides(base: type, method: str, *names: str) -> None:
    """Fail unless a class has a method of its own or inherited, with parameters that begin with these."""
    there = list(inspect.signature(getattr(base, method)).parameters)[1 : len(names) + 1]
    assert there == list(names), f"{base.__qualname__}.{method} now has ({', '.join(there)}, ...)"


def holds(record: Any, *names: str) -> None:
    """Fail unless a dataclass has a field of each name."""
    there = {field.name for field in dataclasses.fields(record)}
    assert set(names) <= there, f"{record.__qualname__} no longer has {', '.join(sorted(set(names) - there))}"
