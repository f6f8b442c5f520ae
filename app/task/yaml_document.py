"""Knows how a YAML file becomes plain data whose every key remembers its line; does not know which keys there are.

YAML is read as version 1.2 means it: only true and false are booleans (a label may be called ``no``), ``1e-4`` is a
number, and a date is a text. A key that stands twice, an alias or a tag is refused.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ...data import AccordError, InputError

Keys = tuple[Any, ...]
"""Where something stands: ``("sampling", "samples")``."""

_VARIABLE = re.compile(r"\$(\$)?\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET = 4
"""Fewest characters of a variable's value that are hidden in messages: fewer are no secret and occur everywhere."""


@dataclass(frozen=True)
class Document:
    """A mapping read from a YAML file.

    Attributes:
        path: The file.
        data: The content, with the environment's variables put in.
        written: The content as it stands in the file.
        lines: The line of each key and list entry, from 1.
        variables: The value of each environment variable that the file uses, by name.
    """

    path: Path
    data: dict[Any, Any]
    written: dict[Any, Any]
    lines: Mapping[Keys, int]
    variables: Mapping[str, str]

    def line(self, keys: Keys) -> int:
        """Return the line of a key; for one that is not there, of what should hold it."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return self.lines.get(keys, 1)

    def place(self, keys: Keys) -> str:
        """Return e.g. ``task.yaml, line 12, 'sampling.samples'``."""
        return f"{self.path}, line {self.line(keys)}, {'.'.join(map(str, keys))!r}"

    def at(self, keys: Keys) -> Any:
        """Return what stands under a key, as it stands in the file; None when there is nothing."""
        found: Any = self.written
        for key in keys:
            if not isinstance(found, dict | list) or isinstance(found, dict) and key not in found:
                return None
            found = found[key]
        return found


def read_document(path: str | Path) -> Document:
    """Read a YAML file and put the environment's variables in: ``${NAME}`` (``$${NAME}`` stands for itself).

    Raises:
        InputError: If there is no such file, it is not UTF-8 or not YAML, it holds anything but a mapping, a key stands
            twice, or a variable is not set.
    """
    path = Path(path)
    text = _text(path)
    lines: dict[Keys, int] = {}
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        written = None if node is None else _build(loader, node, (), lines, path)
    except yaml.MarkedYAMLError as error:
        raise _not_yaml(path, error) from None
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"not valid YAML ({error})", place=str(path), cure="Check what stands there.") from None
    except RecursionError:
        raise InputError("nested too deeply", place=str(path), cure="A task file has three levels.") from None
    finally:
        loader.dispose()
    if written is None:
        raise InputError("the file holds nothing", place=str(path), cure="Write 'key: value' lines.")
    if not isinstance(written, dict):
        what = f"holds {'a list' if isinstance(written, list) else 'one value'}, not a mapping"
        raise InputError(what, place=f"{path}, line 1", cure="Write 'key: value' lines.")
    variables: dict[str, str] = {}
    bare = Document(path, written, written, lines, variables)
    data = _expand(written, (), bare, variables)
    return Document(path, data, written, lines, variables)


@contextmanager
def concealing(variables: Mapping[str, str]) -> Iterator[None]:
    """Put ``${NAME}`` in place of a variable's value in the message of any `AccordError` that passes."""
    try:
        yield
    except AccordError as error:
        hidden = [_hide(part, variables) for part in (error.what, error.place, error.cure)]
        if hidden == [error.what, error.place, error.cure]:
            raise
        what, place, cure = hidden
        raise type(error)(str(what), place=place, cure=cure) from None


def _hide(text: str | None, variables: Mapping[str, str]) -> str | None:
    if text is None:
        return None
    for name, value in sorted(variables.items(), key=lambda pair: -len(pair[1])):
        if len(value) >= _SECRET:
            text = text.replace(value, f"${{{name}}}")
    return text


class _Loader(yaml.SafeLoader):
    """Reads plain YAML 1.2 scalars; takes neither aliases nor tags."""

    yaml_implicit_resolvers: dict[str, Any] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise yaml.MarkedYAMLError(problem="found an alias (*)", problem_mark=event.start_mark)
        return super().compose_node(parent, index)


for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError("there is no such file", place=str(path), cure="Check the path of the task file.") from None
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror})", place=str(path), cure="Name a task file.") from None
    except UnicodeDecodeError as error:
        cure = "Save the file as UTF-8."
        raise InputError(f"byte {error.start} is not UTF-8 text", place=str(path), cure=cure) from None


def _build(loader: _Loader, node: yaml.Node, keys: Keys, lines: dict[Keys, int], path: Path) -> Any:
    """Return a node as plain data, noting the line of each key."""
    if isinstance(node, yaml.MappingNode):
        found: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise InputError("a key must be one word", place=f"{path}, line {line}", cure="Write 'key: value'.")
            key = loader.construct_object(key_node)
            here = (*keys, key)
            if key in found:
                where = f"{path}, line {line}, {'.'.join(map(str, here))!r}"
                raise InputError(f"the key stands on line {lines[here]} already", place=where, cure="Keep one of them.")
            lines[here] = line
            found[key] = _build(loader, value_node, here, lines, path)
        return found
    if isinstance(node, yaml.SequenceNode):
        entries: list[Any] = []
        for number, entry in enumerate(node.value):
            lines[(*keys, number)] = entry.start_mark.line + 1
            entries.append(_build(loader, entry, (*keys, number), lines, path))
        return entries
    return loader.construct_object(node)


def _expand(value: Any, keys: Keys, document: Document, variables: dict[str, str]) -> Any:
    """Return the data with the environment's variables put into its texts, noting those used."""
    if isinstance(value, dict):
        return {key: _expand(entry, (*keys, key), document, variables) for key, entry in value.items()}
    if isinstance(value, list):
        return [_expand(entry, (*keys, number), document, variables) for number, entry in enumerate(value)]
    if not isinstance(value, str):
        return value

    def put_in(match: re.Match[str]) -> str:
        escaped, name = match.groups()
        if escaped:
            return match.group(0)[1:]
        if name not in os.environ:
            cure = f"Set it (export {name}=...), or write $${{{name}}} for the text itself."
            raise InputError(f"the environment has no variable {name}", place=document.place(keys), cure=cure)
        variables[name] = os.environ[name]
        return variables[name]

    return _VARIABLE.sub(put_in, value)


def _not_yaml(path: Path, error: yaml.MarkedYAMLError) -> InputError:
    mark = error.problem_mark if error.problem_mark is not None else error.context_mark
    place = str(path) if mark is None else f"{path}, line {mark.line + 1}, column {mark.column + 1}"
    problem = str(error.problem)
    cure = "Check the indentation, and put texts with ':' or '#' in quotes."
    if "\\t" in problem:
        return InputError("found a tab", place=place, cure="Indent with spaces; YAML takes no tabs.")
    if "alias" in problem:
        cure = "Write the content out, and put a text that begins with * or & in quotes."
    elif "tag" in problem or "constructor" in problem:
        cure = "Write plain values; a text that begins with ! goes in quotes."
    return InputError(f"not valid YAML ({problem})", place=place, cure=cure)
