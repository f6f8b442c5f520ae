"""The house rules that a machine can check: imports run one way, every room is packaged, doors are honest."""

import ast
import doctest
import importlib
import pkgutil
import tomllib
from pathlib import Path

import pytest

from accord.data import SetupError

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "data": {"data"},
    "programs": {"programs", "data"},
    "optimizers": {"optimizers", "programs", "data"},
    "app": {"app", "optimizers", "programs", "data"},
}
ROOMS = sorted(MAY_IMPORT)
FILES = [file for room in ROOMS for file in sorted((ROOT / room).glob("*.py"))]


def imports(file: Path) -> list[tuple[int, str]]:
    """Return (relative level, dotted name) of each import statement of a file."""
    found: list[tuple[int, str]] = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.level, node.module or ""))
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_imports_flow_one_way(room: str) -> None:
    for file in sorted((ROOT / room).glob("*.py")):
        for level, name in imports(file):
            first = name.split(".")[0]
            if level == 0:
                assert first not in {"accord", *ROOMS}, f"{file.name} imports {name}: use a relative import"
            elif level == 2:
                assert first in MAY_IMPORT[room], f"{room}/{file.name} may not import {first}"
            else:
                assert level == 1, f"{file.name} climbs {level} folders"


def test_every_package_folder_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = set(project["tool"]["setuptools"]["packages"])
    skipped = {".venv", ".venv-mlflow", ".venv-vllm", "build", "dist", ".git", ".ci", "runs"}
    tops = [folder for folder in ROOT.iterdir() if folder.is_dir() and folder.name not in skipped]
    folders = [file.parent for top in tops for file in top.rglob("__init__.py")]
    assert {"accord." + ".".join(folder.relative_to(ROOT).parts) for folder in folders} == declared


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_ships_its_types_and_is_flat(room: str) -> None:
    assert (ROOT / room / "py.typed").is_file()
    assert not [file for file in (ROOT / room).rglob("*.py") if file.parent != ROOT / room]


@pytest.mark.parametrize("room", ROOMS)
def test_a_door_lists_exactly_what_it_opens(room: str) -> None:
    door = importlib.import_module(f"accord.{room}")
    listed = list(getattr(door, "__all__", []))
    modules = {module.name for module in pkgutil.iter_modules(door.__path__)}
    public = {name for name in vars(door) if not name.startswith("_")}
    # A name that a file and a thing in it share (agreement) is bound to the thing.
    assert {name for name in public if name not in modules} | (public & modules & set(listed)) == set(listed)
    assert all(hasattr(door, name) for name in listed)


@pytest.mark.parametrize("room", ROOMS)
def test_examples_in_docstrings_hold(room: str) -> None:
    package = importlib.import_module(f"accord.{room}")
    for module in pkgutil.walk_packages(package.__path__, f"accord.{room}."):
        if "torch" in (ROOT / room / f"{module.name.split('.')[-1]}.py").read_text(encoding="utf-8"):
            continue  # needs an extra, and has no examples
        try:
            loaded = importlib.import_module(module.name)
        except SetupError as error:
            assert "pip install 'accord[" in str(error), module.name
            continue  # what it builds on comes with an extra that is not installed here
        result = doctest.testmod(loaded)
        assert result.failed == 0, module.name


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_library_files_keep_the_house_rules(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "a module opens with one sentence saying what it knows"
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Assert), f"line {node.lineno}: no assert outside tests"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"line {node.lineno}: no print in a library"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"line {node.lineno}: no bare except"


def test_nothing_is_ever_unpickled() -> None:
    for file in FILES:
        text = file.read_text(encoding="utf-8")
        assert "pickle.load" not in text and "torch.load(" not in text, file.name
