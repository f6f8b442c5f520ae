"""What is in the rooms beside Python files is in the package, too."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("data", "programs", "optimizers", "app")


def left_out(root: Path, setuptools: dict[str, Any]) -> list[str]:
    """Name the files that no glob of package-data takes: each counts from its package's folder, ``*`` names all."""
    folders = {package: root / folder for package, folder in setuptools["package-dir"].items()}
    globs = [
        (folder, glob)
        for name, some in setuptools["package-data"].items()
        for folder in (folders.values() if name == "*" else [folders[name]])
        for glob in some
    ]
    taken = {file for folder, glob in globs for file in folder.glob(glob)}
    found = [file for room in ROOMS for file in (root / room).rglob("*") if file.is_file()]
    beside = [file for file in found if file.suffix not in (".py", ".pyc")]
    return sorted(file.relative_to(root).as_posix() for file in beside if file not in taken)


def idle(root: Path, setuptools: dict[str, Any]) -> list[str]:
    """Name the globs that take nothing: what they were for is gone or was moved."""
    faults: list[str] = []
    for name, globs in setuptools["package-data"].items():
        packages = [one for one in setuptools["package-dir"] if name in ("*", one)]
        folders = [root / setuptools["package-dir"][one] for one in packages]
        faults += [f"{name}: {glob}" for glob in globs if not any(list(folder.glob(glob)) for folder in folders)]
    return faults


def declared() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]


def test_every_file_of_the_rooms_is_shipped() -> None:
    assert not left_out(ROOT, declared())


def test_every_glob_takes_something() -> None:
    assert not idle(ROOT, declared())


@pytest.mark.parametrize(
    ("package", "file"),
    [
        ("accord.app.demo", "app/demo/teacher.jsonl.gz"),
        ("accord.app.report", "app/report/templates/report.css"),
        ("accord.app.review", "app/review/templates/review_base.html"),
        ("accord.optimizers.distillation", "optimizers/distillation/prompts/write_rubric.txt"),
        ("accord.optimizers.sampling", "optimizers/sampling/prompts/hint.txt"),
        ("accord.optimizers.training_jobs", "optimizers/training_jobs/launch/fsdp.yaml"),
        ("*", "data/py.typed"),
    ],
)
def test_a_glob_that_is_taken_away_is_missed(package: str, file: str) -> None:
    told = declared()
    told["package-data"] = {name: globs for name, globs in told["package-data"].items() if name != package}
    assert any(fnmatch(name, file) for name in left_out(ROOT, told))


def test_a_glob_for_nothing_is_seen() -> None:
    told = declared()
    told["package-data"]["accord.data"] = ["tables/*.json"]
    assert idle(ROOT, told) == ["accord.data: tables/*.json"]
