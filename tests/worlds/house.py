"""Knows how to read the house from its files: folders, doors, imports and public names; does not know what is allowed.

Nothing is imported: a fault planted in a small tree of files is found just as one in the product.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

DOOR = "__init__"


@dataclass(frozen=True)
class Import:
    """One imported name: where it stands, the module that it is taken from, and the name."""

    file: str
    line: int
    module: str
    name: str


@dataclass
class House:
    """The modules below some rooms of a folder, by dotted name (``data.scales.nominal``; doors end in ``__init__``).

    Args:
        root: The folder.
        rooms: The names of its rooms.
    """

    root: Path
    rooms: Sequence[str]
    trees: dict[str, ast.Module] = field(init=False)

    def __post_init__(self) -> None:
        """Parse all files."""
        files = [file for room in self.rooms for file in sorted((self.root / room).rglob("*.py"))]
        self.trees = {self._dotted(file): ast.parse(file.read_text(encoding="utf-8")) for file in files}

    def _dotted(self, file: Path) -> str:
        return ".".join(file.relative_to(self.root).with_suffix("").parts)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """All relative imports, those within functions and for type checkers included."""
        return tuple(found for name, tree in self.trees.items() for found in self._imports_of(name, tree))

    def _imports_of(self, name: str, tree: ast.Module) -> Iterator[Import]:
        package = name.split(".")[:-1]
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = package[: len(package) - node.level + 1]
                said = node.module.split(".") if node.module else []
                module = self._module([*base, *said])
                # A name that a file and a thing in it share (agreement) is the thing where the door names it.
                named = (self.listed(module) or ()) if module.endswith(DOOR) and module in self.trees else ()
                for alias in node.names:
                    inner = self._module([*base, *said, alias.name])
                    taken = inner if inner in self.trees and alias.name not in named else module
                    yield Import(name, node.lineno, taken, alias.name)

    def _module(self, parts: Sequence[str]) -> str:
        dotted = ".".join(parts)
        return f"{dotted}.{DOOR}" if f"{dotted}.{DOOR}" in self.trees else dotted

    @cached_property
    def edges(self) -> dict[str, set[str]]:
        """Which modules each module imports."""
        found: dict[str, set[str]] = {name: set() for name in self.trees}
        for one in self.imports:
            if one.module in self.trees and one.module != one.file:
                found[one.file].add(one.module)
        return found

    def public(self, module: str) -> list[str]:
        """Return the public names that a module defines at its top level, in their order."""
        names: list[str] = []
        for node in self.trees[module].body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.append(node.name)
            elif isinstance(node, ast.Assign):
                names += [target.id for target in node.targets if isinstance(target, ast.Name)]
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.append(node.target.id)
        return [name for name in names if not name.startswith("_")]

    def listed(self, module: str) -> list[str] | None:
        """Return a door's `__all__`, None where it has none."""
        for node in self.trees[module].body:
            if isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
            ):
                return list(ast.literal_eval(node.value))
        return None


def part_of(module: str) -> str:
    """Return the sub-room of a module (``data.scales``), or itself where it stands loose in its room."""
    parts = module.split(".")
    return ".".join(parts[:2]) if len(parts) > 2 else module


def cycles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the groups of nodes that reach each other (Tarjan 1972), each sorted."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(start: str) -> None:
        work = [(start, iter(sorted(edges[start])))]
        index[start] = low[start] = len(index)
        stack.append(start)
        while work:
            node, rest = work[-1]
            following = next(rest, None)
            if following is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = stack[stack.index(node) :]
                    del stack[stack.index(node) :]
                    if len(group) > 1:
                        found.append(sorted(group))
            elif following not in index:
                index[following] = low[following] = len(index)
                stack.append(following)
                work.append((following, iter(sorted(edges[following]))))
            elif following in stack:
                low[node] = min(low[node], index[following])

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return found
