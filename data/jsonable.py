"""Knows how a record of figures becomes JSON-able data; knows no record in particular."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any


class JsonableRecord:
    """A dataclass whose fields are plain data, mappings, tuples, or records themselves."""

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-able data; None stands for what is undefined, never NaN."""
        return _by_field(self)


def _by_field(record: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}


def _plain(value: Any) -> Any:
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if hasattr(value, "_asdict"):
        return value._asdict()
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return _by_field(value) if is_dataclass(value) else value
