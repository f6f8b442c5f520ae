"""`accord doctor`: its page and its JSON, what it says of packages, and that it always says something."""

import json
import os
import pty
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from accord.app.doctor import packages as doctor_packages
from accord.app.doctor import pytorch as doctor_torch
from accord.app.doctor.record import Examination, Line, size
from accord.app.doctor.run import examine
from accord.app.doctor.terminal import DoctorPage
from worlds.doctor_world import SECRET, clear_environment, doctor, lines, plant

ESCAPE = "\x1b["
PARTS = ["Accord", "This machine", "Extras", "Cache", "Models elsewhere"]


@pytest.fixture(autouse=True)
def _cleared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clear_environment(monkeypatch, tmp_path / "cache")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose distributions are found before all others."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    return tmp_path / "site"


def test_the_page_has_every_part_and_fits_80_columns() -> None:
    done = doctor()
    assert done.exit_code == 0, done.output
    shown = done.stdout.splitlines()
    assert [row for row in shown if row in PARTS] == PARTS
    assert max(map(len, shown)) <= 80
    assert all(row == row.rstrip() for row in shown)
    assert ESCAPE not in done.stdout
    assert "Accord itself has all it needs." in shown


def test_the_json_says_the_same_as_the_page() -> None:
    document = json.loads(doctor("--json").stdout)
    assert document["version"] == 1
    assert list(document["parts"]) == PARTS
    assert document["lacks"]["core"] == []
    page = doctor().stdout
    for part in document["parts"].values():
        for line in part:
            assert set(line) == {"name", "state", "found", "cure", "needed_by", "figures"}
            assert f"\n  {line['name']} " in page
            assert line["state"] in ("ok", "-") or line["cure"] or line["state"] == "unknown"


def test_marks_are_words_and_colour_is_for_terminals() -> None:
    leader, follower = pty.openpty()
    own = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    found = "from accord.app.doctor.record import *; e = Examination({'P': (Line('a', 'missing', 'gone', 'get a'),)});"
    shown = "from accord.app.doctor.terminal import *; from accord.app.console import *; Console().table(DoctorPage(e))"
    done = subprocess.run(
        [sys.executable, "-c", found + shown],
        stdout=follower,
        stderr=-1,
        env=own | {"TERM": "xterm", "COLUMNS": "80"},
        check=False,
    )
    os.close(follower)
    said = os.read(leader, 10_000).decode()
    os.close(leader)
    assert done.returncode == 0, done.stderr
    assert ESCAPE in said and "missing" in said and "get it: get a" in said


@pytest.mark.parametrize("width", [40, 60, 80, 132])
def test_the_page_fits_any_terminal(width: int) -> None:
    long = Line("a name of 20 letters", "wrong", "found " * 40 + "x" * 200, "pip install --force-reinstall something")
    out = StringIO()
    console = Console(file=out, width=width, markup=False, highlight=False)
    console.print(DoctorPage(Examination({"Part": (long, Line("b", "low", "little", "get more"))})))
    assert max(map(len, out.getvalue().splitlines())) <= max(width, 2 + 20 + 2 + 7 + 2 + 20)


def test_what_a_terminal_would_obey_is_not_printed() -> None:
    out = StringIO()
    line = Line("a", "ok", "red \x1b[31m, back \r, two\nlines, half \udcff")
    Console(file=out, width=80).print(DoctorPage(Examination({"Part": (line,)})))
    assert "red ?[31m, back , two lines, half ?" in out.getvalue()


def test_help_says_what_is_asked_and_fits() -> None:
    shown = doctor("--help").stdout
    assert "--api-base" in shown and "--json" in shown
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0.0 MB"), (92.87e6, "92.9 MB"), (2.11e10, "21.1 GB"), (1.44e11, "144 GB")]
)
def test_sizes_read_as_people_say_them(count: float, words: str) -> None:
    assert size(count) == words


def test_extras_are_followed_into_each_other_and_their_versions_looked_at(site: Path) -> None:
    wanted = (
        "rich",
        'no-such-engine>=2; extra == "local"',
        'accord[local]; extra == "train"',
        'elderly-trainer<4,>=3; extra == "train"',
        'accord[train]; extra == "four-bits"',
        'rich; extra == "fine"',
        'no-such-backport; python_version < "3.0" and extra == "fine"',
        'no-such-linter; extra == "dev"',
    )
    plant(site, "accord", "9.9", *wanted, extras=("local", "train", "four-bits", "fine", "dev"))
    plant(site, "elderly-trainer", "2.5")
    done = doctor()
    assert done.exit_code == 0, done.output
    found = lines()
    assert found["accord"]["found"] == "9.9"
    assert found["local"]["state"] == "missing"
    assert found["local"]["found"].endswith("no no-such-engine")
    assert found["local"]["cure"] == "pip install 'accord[local]'"
    assert found["train"]["state"] == "missing"
    assert found["train"]["found"].endswith("no no-such-engine; elderly-trainer 2.5 is not <4,>=3")
    assert found["train"]["figures"] == {"no-such-engine": None, "elderly-trainer": "2.5"}
    assert found["four-bits"]["found"] == "no no-such-engine; elderly-trainer 2.5 is not <4,>=3"
    assert (found["fine"]["state"], found["fine"]["cure"]) == ("ok", None)
    assert "dev" not in found
    assert "cannot run here before this is mended:\n  train: pip install 'accord[train]'\n" in done.stdout
    assert "get it: pip install 'accord[four-bits]'" in done.stdout


def test_a_package_that_is_too_old_is_wrong_and_not_missing(site: Path) -> None:
    plant(site, "accord", "9.9", 'elderly-trainer>=3; extra == "crowd"', extras=("crowd",))
    plant(site, "elderly-trainer", "odd")
    assert lines()["crowd"]["state"] == "wrong"


def test_a_core_that_lacks_a_package_ends_with_1(site: Path) -> None:
    plant(site, "accord", "9.9", "no-such-package>=1", "rich")
    done = doctor()
    assert done.exit_code == 1
    assert "no no-such-package" in done.stdout and "get it: pip install accord" in done.stdout
    assert "Accord itself lacks something:\n  packages: pip install accord\n" in done.stdout
    assert doctor("--json").exit_code == 1


def test_an_old_python_is_wrong(site: Path) -> None:
    plant(site, "accord", "9.9")
    metadata = site / "accord-9.9.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text("utf-8").replace(">=3.11", ">=99"), encoding="utf-8")
    line = lines()["Python"]
    assert (line["state"], line["needed_by"]) == ("wrong", "core")
    assert "not >=99" in line["found"]


def test_the_extras_are_those_of_the_project() -> None:
    purposes = doctor_packages.PURPOSES
    found = [line for line in examine().parts["Extras"] if line.name != "vLLM"]
    assert [line.name for line in found] == list(purposes)
    assert all(line.found.startswith(purposes[line.name]) for line in found)


@pytest.mark.parametrize(("module", "named"), [("dspy", "dspy"), ("numpy", "numpy"), ("yaml", "PyYAML")])
def test_a_broken_package_is_a_line(module: str, named: str) -> None:
    program = f"import sys; sys.modules[{module!r}] = None; from accord.app.commands.main import main; main()"
    done = subprocess.run([sys.executable, "-c", program, "doctor"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert "cannot be loaded (ModuleNotFoundError: " in " ".join(done.stdout.split())
    assert f"mend it: pip install --force-reinstall {named}" in done.stdout
    assert "  processor " in done.stdout and "  keys " in done.stdout


def test_without_torch_the_lines_that_need_it_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    found = lines()
    assert found["number format"]["state"] == "missing"
    assert found["number format"]["found"] == "torch is not installed"
    assert found["number format"]["cure"] == "pip install 'accord[local]'"
    assert found["threads"]["state"] == "ok"
    assert found["GPU"]["state"] == "-"
    monkeypatch.setenv("ACCORD_DTYPE", "float32")
    assert lines()["number format"]["found"] == "float32: ACCORD_DTYPE is set"


def test_a_torch_that_does_not_load_is_wrong(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (site / "torch").mkdir(parents=True)
    (site / "torch/__init__.py").write_text("raise OSError('libtorch.so: cannot open shared object file')")
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    line = doctor_torch.format_line()
    assert line.state == "wrong"
    assert line.found == "torch cannot be imported (OSError: libtorch.so: cannot open shared object file)"
    assert line.cure == "pip install --force-reinstall torch"


def test_a_look_that_fails_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)

    def fails() -> str:
        raise RuntimeError(f"nobody knows; {SECRET}\nsecond line")

    monkeypatch.setattr("platform.release", fails)
    line = lines()["system"]
    assert (line["state"], line["cure"]) == ("unknown", None)
    assert line["found"] == "could not be found out (RuntimeError: nobody knows; ***)"
