"""The command line: quick to start, one line and an exit code for every ending, and nothing lost on the way."""

import os
import resource
import signal
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner

from accord.app.commands.main import app
from accord.app.console import Console, duration

# pydantic is missing: typer itself (0.29) takes it to read the arguments of a command.
HEAVY = ("dspy", "torch", "litellm", "transformers", "numpy", "sklearn", "pandas", "pyarrow", "rich")


def accord(*arguments: str, cwd: Path | None = None, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "accord.app", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, **options)


def in_a_process(body: str) -> subprocess.CompletedProcess[str]:
    """Run `main` with a command `boom` whose body is given."""
    program = (
        f"import sys\nfrom accord.app.commands.main import app, main\n@app.command()\ndef boom():\n    {body}\nmain()"
    )
    return subprocess.run([sys.executable, "-c", program, "boom"], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("arguments", [["--help"], ["compile", "--help"], ["rate", "-h"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\nfrom accord.app.commands.main import main\ntry:\n    main()\nfinally:\n"
        f"    found = [name for name in {HEAVY!r} if name in sys.modules]\n    print('heavy', found, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert done.stderr == "heavy []\n"


def test_help_is_there_within_a_third_of_a_second() -> None:
    def seconds() -> float:
        begun = resource.getrusage(resource.RUSAGE_CHILDREN)
        accord("--help")
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime

    # Processor time, and the best of several: what counts is what Accord does, not what else the machine does.
    assert min(seconds() for _ in range(4)) <= 0.3


def test_help_names_every_command_and_fits_80_columns() -> None:
    shown = CliRunner().invoke(app, ["--help"]).stdout
    for command in ("demo", "compile", "evaluate", "rate", "serve", "export"):
        assert f"\n  {command} " in shown
        page = CliRunner().invoke(app, [command, "--help"]).stdout
        assert max(map(len, page.splitlines())) <= 80
    assert max(map(len, shown.splitlines())) <= 80


def test_version_is_the_distribution_s() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout == f"accord {version('accord')}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["rat"],
        ["rate"],
        ["rate", "r", "d"],
        ["compile", "task.yaml"],
        ["compile", "t", "--into", "gold"],
        ["compile", "t", "--dry-run", "--pilot", "1"],
        ["compile", "t", "--dry-run", "--max-usd", "-1"],
        ["compile", "t", "--dry-run", "--max-usd", "nan"],
        ["compile", "t", "--dry-run", "--max-tokens", "2.5"],
        ["--no"],
        [],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


@pytest.mark.parametrize("kind", ["InputError", "SetupError", "RetryError"])
def test_what_accord_refuses_is_one_line(kind: str) -> None:
    done = in_a_process(f"import accord.data as d; raise d.{kind}('it is\\nwrong', place='here', cure='Cure it.')")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "error: here: it is wrong. Cure it.\n")


def test_what_nobody_foresaw_keeps_its_traceback() -> None:
    done = in_a_process("raise ValueError('a bug')")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("ValueError: a bug\n")


def test_an_interrupted_command_says_how_to_go_on(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "task.yaml")
    # A suite that a script starts in the background has SIGINT ignored, and children inherit that.
    listening = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    body = f"{listening}; from accord.app.commands.main import main; main()"
    command = [sys.executable, "-c", body, "compile", "task.yaml", "--into", "weights"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=-1, stderr=-1, text=True) as process:
        with (tmp_path / "task.yaml").open("w"):  # opens once the command reads, and keeps it waiting
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (out, err) == ("", "interrupted; what is recorded is kept, run again to go on\n")


@pytest.mark.parametrize("body", ["print('x' * 100_000)", "print('a line')"])
def test_a_reader_that_has_gone_is_no_news(body: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    program = (
        f"import sys\nfrom accord.app.commands.main import app, main\n@app.command()\ndef boom():\n    {body}\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", program, "boom"], stdout=writing, stderr=-1, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_full_disk_behind_the_output_is_one_line() -> None:
    program = "from accord.app.commands.main import app, main\n@app.command()\ndef boom():\n    print('a line')\nmain()"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", program, "boom"], stdout=full, stderr=-1, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "error: no space left where the output goes. Make room and run the same command again.\n"


def test_an_output_of_unknown_kind_is_refused_before_the_rater_is_loaded(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["rate", str(tmp_path / "none"), "d.csv", "--out", "rated.xls"])
    assert result.exit_code == 2
    assert result.stderr == (
        "error: rated.xls: files ending in '.xls' are not written. Name a file ending in .parquet, .csv, .jsonl.\n"
    )


def test_a_stage_ends_with_one_line_off_a_terminal(capsys) -> None:
    console = Console()
    with console.stage("drawing traces") as progress:
        progress(0, 360, "")
        progress(360, 360, "2,880 draws, hit rate 41 %")
    with console.stage("nothing to see"):
        pass
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "drawing traces: 360/360, 2,880 draws, hit rate 41 %, 0.0 s\n"
    assert list(console.seconds) == ["drawing traces", "nothing to see"]


def test_a_stage_that_stops_says_how_far_it_came(capsys) -> None:
    with pytest.raises(KeyboardInterrupt), Console().stage("drawing traces") as progress:
        progress(1200, 3600, "half")
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "drawing traces: stopped, 1,200/3,600, half, 0.0 s\n"


def test_names_are_text_and_not_markup(capsys) -> None:
    console = Console()
    console.say("[bold]a[/bold] :cat:")
    console.print("[red]b " + "long " * 40)
    said = capsys.readouterr()
    assert said.err == "[bold]a[/bold] :cat:\n"
    assert said.out == "[red]b " + "long " * 40 + "\n"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (3.21, "3.2 s"), (9.96, "10 s"), (63.4, "63 s"), (252, "4 min 12 s"), (7500, "2 h 5 min")],
)
def test_times_read_as_people_say_them(seconds: float, words: str) -> None:
    assert duration(seconds) == words
