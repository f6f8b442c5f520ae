"""The house rules that a machine can check; each check is seen to fail on a fault that is planted in a small house."""

import ast
import doctest
import importlib
import pkgutil
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from accord.data import SetupError
from worlds.house import DOOR, House, cycles, part_of

ROOT = Path(__file__).parent.parent
ROOMS = ("data", "programs", "optimizers", "app")
"""Bottom up: a room imports those before it."""

MOST_MODULES = 15

FLOORS: dict[str, str] = {
    "data": """
        errors
        values frozen files notebook jsonable
        assets
        scales statistics tables
        corpus journal metrics pairwise
        annotators baselines confidence
        label_quality
        audits
    """,
    "programs": """
        guideline threads
        optional_packages
        number_format adapter
        completions
        local openai_client
        rating vllm
        resolve_model
        directory
        raters
        audits
    """,
    "optimizers": """
        compiler embedding_models
        embedders rationales budget
        sampling
        traces
        rejection_sampling training_jobs
        trainer drafts
        gate
        distillation finetuning
        distill_guideline finetune
        mlflow dspy_provider
    """,
    "app": """
        console tables rater_options listening uvicorn_server
        results task
        serve scale_option
        review evaluate
        audit
        report
        compile rate export doctor
        guideline demo
        commands
        __main__
    """,
}
"""Sub-rooms and loose files of each room, a floor a line, bottom up: one may import what stands on a line above it."""

MEANS_SEVERAL_THINGS = {
    "Outcome": "of a draw in `accord.data`, of an item in `accord.optimizers`: both are public names of long standing",
    "logger": "each module's own",
    "main": "what a program calls its beginning",
}
"""Public names that may stand in several modules, and why."""

WITHOUT_DOOR = {"app.commands", "optimizers.trainer"}
"""Their doors are empty, for start-up speed: nobody imports them but the command line and the training process."""


@cache
def house(root: Path = ROOT) -> House:
    return House(root, [room for room in ROOMS if (root / room).is_dir()])


def crowded(found: House) -> list[str]:
    """Name the folders with more modules than a newcomer takes in."""
    count = Counter(name.rpartition(".")[0] for name in found.trees if not name.endswith(DOOR))
    return [f"{folder} has {modules} modules" for folder, modules in count.items() if modules > MOST_MODULES]


def circles(found: House) -> list[str]:
    """Name the circles of files and of sub-rooms."""
    parts: dict[str, set[str]] = {part_of(name): set() for name in found.edges}
    for file, imported in found.edges.items():
        # A room's own door opens onto all of it; it is no sub-room.
        inside = {name for name in imported if not _is_room_door(name)} if not _is_room_door(file) else set()
        parts[part_of(file)] |= {part_of(name) for name in inside} - {part_of(file)}
    return [" <-> ".join(group) for group in [*cycles(found.edges), *cycles(parts)]]


def _is_room_door(name: str) -> bool:
    return name.count(".") == 1 and name.endswith(DOOR)


def forbidden(found: House, floors: dict[str, str]) -> list[str]:
    """Name the imports that are not declared: upwards, sideways, or of what stands on no floor."""
    level = {
        f"{room}.{name}": number
        for room, plan in floors.items()
        for number, line in enumerate(plan.split("\n"))
        for name in line.split()
    }
    faults: list[str] = []
    for one in found.imports:
        room, other = one.file.split(".")[0], one.module.split(".")[0]
        place = f"{one.file}:{one.line} imports {one.module}"
        if room != other:
            if other not in ROOMS or ROOMS.index(other) > ROOMS.index(room):
                faults.append(place)
            continue
        here, there = part_of(one.file), part_of(one.module)
        if _is_room_door(one.file) or here == there:
            continue
        if here not in level or there not in level or level[there] >= level[here]:
            faults.append(place)
    return faults


def passed_by(found: House) -> list[str]:
    """Name the imports that do not go through a sub-room's door, or take what the door does not name."""
    faults: list[str] = []
    for one in found.imports:
        sub_room = part_of(one.module)
        if sub_room == one.module or sub_room == part_of(one.file) or sub_room in WITHOUT_DOOR:
            continue
        if one.module != f"{sub_room}.{DOOR}":
            faults.append(f"{one.file}:{one.line} takes {one.name} past the door of {sub_room}")
        elif one.name not in (found.listed(one.module) or ()):
            faults.append(f"{one.file}:{one.line} takes {one.name}, which the door of {sub_room} does not name")
    return faults


def bad_doors(found: House) -> list[str]:
    """Name the sub-rooms whose door has no one-sentence docstring or no sorted `__all__` of what it imports."""
    faults: list[str] = []
    for name in {f"{part_of(module)}.{DOOR}" for module in found.trees if part_of(module) != module}:
        if name not in found.trees:
            faults.append(f"{name} is missing")
            continue
        said = ast.get_docstring(found.trees[name]) or ""
        if not said.endswith(".") or "\n" in said or said.count(". "):
            faults.append(f"{name}: a door opens with one sentence")
        listed = found.listed(name)
        if name.removesuffix(f".{DOOR}") in WITHOUT_DOOR:
            continue
        imported = {one.name for one in found.imports if one.file == name}
        if listed is None or listed != sorted(listed, key=_as_ruff_sorts) or set(listed) != imported:
            faults.append(f"{name}: `__all__` is what the door imports, sorted")
    return faults


def _as_ruff_sorts(name: str) -> tuple[int, str]:
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name


def used_twice(found: House) -> list[str]:
    """Name the public names that several modules define."""
    places: dict[str, list[str]] = {}
    for module in found.trees:
        for name in set(found.public(module)):
            places.setdefault(name, []).append(module)
    return [
        f"{name}: {', '.join(modules)}"
        for name, modules in sorted(places.items())
        if len(modules) > 1 and name not in MEANS_SEVERAL_THINGS
    ]


def strangers(root: Path) -> list[str]:
    """Name the folders of tests that are no sub-rooms, and the loose tests of modules that are in one."""
    faults: list[str] = []
    for room in ROOMS:
        tests = root / "tests" / room
        inner = {folder.name for folder in tests.glob("*/") if folder.is_dir() and folder.name != "__pycache__"}
        faults += [f"tests/{room}/{name} mirrors no sub-room" for name in inner if not (root / room / name).is_dir()]
        in_sub_rooms = {file.stem for file in (root / room).glob("*/*.py")}
        loose = {file.stem for file in (root / room).glob("*.py")}
        for file in tests.glob("test_*.py"):
            subject = file.stem.removeprefix("test_")
            if subject in in_sub_rooms - loose:
                faults.append(f"tests/{room}/{file.name} belongs into the folder of its sub-room")
    return faults


def test_no_folder_is_crowded() -> None:
    assert not crowded(house())


def test_no_circle_of_files_or_sub_rooms() -> None:
    assert not circles(house())


def test_imports_run_down() -> None:
    assert not forbidden(house(), FLOORS)


def test_every_floor_is_there() -> None:
    planned = {f"{room}.{name}" for room, plan in FLOORS.items() for name in plan.split()}
    assert planned == {part_of(name) for name in house().trees if not _is_room_door(name)}


def test_absolute_imports_are_of_other_packages() -> None:
    for name, tree in house().trees.items():
        for node in ast.walk(tree):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                assert module.split(".")[0] not in {"accord", *ROOMS}, f"{name} imports {module}: use a relative import"


def test_every_package_folder_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    declared = set(project["tool"]["setuptools"]["packages"])
    folders = {name.removesuffix(f".{DOOR}") for name in house().trees if name.endswith(DOOR)}
    assert {f"accord.{folder}" for folder in folders} == declared


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_ships_its_types(room: str) -> None:
    assert (ROOT / room / "py.typed").is_file()


@pytest.mark.parametrize("room", ROOMS)
def test_a_rooms_door_lists_exactly_what_it_opens(room: str) -> None:
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
        file = ROOT.joinpath(*module.name.split(".")[1:])
        source = file / f"{DOOR}.py" if module.ispkg else file.with_suffix(".py")
        if module.name.endswith("__main__") or "torch" in source.read_text(encoding="utf-8"):
            continue  # a program, or what needs an extra and has no examples
        try:
            loaded = importlib.import_module(module.name)
        except SetupError as error:
            assert "pip install 'accord[" in str(error), module.name
            continue  # what it builds on comes with an extra that is not installed here
        result = doctest.testmod(loaded)
        assert result.failed == 0, module.name


def test_library_files_keep_the_house_rules() -> None:
    for name, tree in house().trees.items():
        assert ast.get_docstring(tree), f"{name}: a module opens with one sentence saying what it knows"
        for node in ast.walk(tree):
            place = f"{name}:{getattr(node, 'lineno', 0)}"
            assert not isinstance(node, ast.Assert), f"{place}: no assert outside tests"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", f"{place}: no print in a library"
            if isinstance(node, ast.ExceptHandler):
                assert node.type is not None, f"{place}: no bare except"


def test_nothing_is_ever_unpickled() -> None:
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            assert "pickle.load" not in text and "torch.load(" not in text, file.name


def test_sub_rooms_are_used_through_their_doors() -> None:
    assert not passed_by(house())


def test_every_sub_room_has_a_door() -> None:
    assert not bad_doors(house())


def test_one_word_means_one_thing() -> None:
    assert not used_twice(house())


def test_tests_mirror_the_rooms() -> None:
    assert not strangers(ROOT)


SMALL = {
    "data/__init__.py": '"""Room."""\n',
    "data/errors.py": '"""Errors."""\nclass Fault(Exception):\n    """One."""\n',
    "data/scales/__init__.py": '"""Scales."""\n\nfrom .nominal import Nominal\n\n__all__ = ["Nominal"]\n',
    "data/scales/nominal.py": '"""Nominal."""\nfrom ..errors import Fault\nclass Nominal:\n    """One."""\n',
    "data/corpus/__init__.py": '"""Corpus."""\n\nfrom .items import Item\n\n__all__ = ["Item"]\n',
    "data/corpus/items.py": '"""Items."""\nfrom ..scales import Nominal\nclass Item:\n    """One."""\n',
    "programs/__init__.py": '"""Room."""\n',
    "programs/rater.py": '"""Rater."""\nfrom ..data.scales import Nominal\n',
    "tests/data/scales/test_nominal.py": "",
    "tests/data/test_errors.py": "",
}
"""A house without a fault."""

SMALL_FLOORS = {"data": "\nerrors\nscales\ncorpus\n", "programs": "\nrater\n"}

CHECKS = {
    "crowded": crowded,
    "circles": circles,
    "forbidden": lambda found: forbidden(found, SMALL_FLOORS),
    "passed_by": passed_by,
    "bad_doors": bad_doors,
    "used_twice": used_twice,
    "strangers": lambda found: strangers(found.root),
}

PLANTED = {
    "a folder of sixteen": ("crowded", {f"data/scales/kind{number}.py": "" for number in range(15)}),
    "a circle of files": ("circles", {"data/errors.py": '"""Errors."""\nfrom .values import show\n'} | {
        "data/values.py": '"""Values."""\ndef show():\n    """Show."""\n    from .errors import Fault\n'
    }),
    "a circle for type checkers": ("circles", {
        "data/scales/nominal.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..corpus import Item\n"
    }),
    "a circle of sub-rooms without one of files": ("circles", {
        "data/scales/base.py": "from ..corpus.layout import Layout\n", "data/corpus/layout.py": "class Layout: ...\n"
    }),
    "an import upwards": ("forbidden", {"data/scales/nominal.py": "def read():\n    from ..corpus import Item\n"}),
    "an import of the room above": ("forbidden", {"data/errors.py": "from ..programs.rater import Rater\n"}),
    "a sub-room on no floor": ("forbidden", {
        "data/cellar/__init__.py": "", "data/corpus/items.py": "from ..cellar import coal\n"
    }),
    "a way past the door": ("passed_by", {"data/corpus/items.py": "from ..scales.nominal import Nominal\n"}),
    "a name that the door does not have": ("passed_by", {"programs/rater.py": "from ..data.scales import Ordinal\n"}),
    "a sub-room without a door": ("bad_doors", {"data/metrics/alpha.py": '"""Alpha."""\n'}),
    "a door of two sentences": ("bad_doors", {"data/corpus/__init__.py": '"""Corpus. Items."""\n__all__ = []\n'}),
    "a door that is not sorted": ("bad_doors", {
        "data/corpus/__init__.py": '"""C."""\nfrom .items import Item, Annotation\n__all__ = ["Item", "Annotation"]\n'
    }),
    "a door that leaves out what it imports": ("bad_doors", {
        "data/corpus/__init__.py": '"""Corpus."""\nfrom .items import Item\n__all__ = []\n'
    }),
    "a word for two things": ("used_twice", {"data/corpus/levels.py": "class Nominal: ...\n"}),
    "tests of a sub-room that is not there": ("strangers", {"tests/data/attic/test_dust.py": ""}),
    "a loose test of what is in a sub-room": ("strangers", {"tests/data/test_items.py": ""}),
}  # fmt: skip


def build(root: Path, files: dict[str, str]) -> House:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return house(root)


def test_a_house_without_a_fault_passes_every_check(tmp_path: Path) -> None:
    found = build(tmp_path, SMALL)
    assert {name: check(found) for name, check in CHECKS.items()} == {name: [] for name in CHECKS}


@pytest.mark.parametrize("fault", PLANTED)
def test_a_planted_fault_is_found(fault: str, tmp_path: Path) -> None:
    check, files = PLANTED[fault]
    assert CHECKS[check](build(tmp_path, SMALL | files))
