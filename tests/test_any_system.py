"""Accord on a system without POSIX, such as Windows: it imports and its locks hold. Here that system is played."""

import subprocess
import sys

import pytest

PLAYED = """
import builtins, os, signal, types

MISSING = {"fcntl", "grp", "pwd", "resource", "termios"}


def without(module, *names):
    left = types.ModuleType(module.__name__)
    vars(left).update({name: value for name, value in vars(module).items() if name not in names})
    return left


SMALLER = {
    "os": without(
        os,
        *("WNOHANG", "fork", "getloadavg", "getuid", "killpg", "sched_getaffinity", "setsid", "sysconf", "uname"),
        "wait4",
    ),
    "signal": without(signal, "SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGUSR1", "pthread_sigmask"),
}
imported = builtins.__import__


def played(name, globals=None, locals=None, fromlist=(), level=0):
    # Only for ours: the standard library and other packages see which system this is, and need all that it has.
    if level == 0 and str((globals or {}).get("__name__")).startswith("accord"):
        if name in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in SMALLER:
            return SMALLER[name]
    return imported(name, globals, locals, fromlist, level)


builtins.__import__ = played
"""

IMPORTING = """
import importlib, pkgutil, sys
from accord.data import AccordError

for room in ("data", "programs", "optimizers", "app"):
    path = importlib.import_module(f"accord.{room}").__path__
    for module in pkgutil.walk_packages(path, f"accord.{room}."):
        try:
            importlib.import_module(module.name)
        except AccordError as error:  # an extra that is not installed here
            if "accord[" not in str(error):
                print(f"{module.name}: {error}")
        except Exception as error:
            print(f"{module.name}: {type(error).__name__}: {error}")
print("imported", sum(name.startswith("accord.") for name in sys.modules))
"""

RECORDING = """
import sys
from accord.data import AccordError, Draw, Journal, Source

try:
    with Journal(sys.argv[1]) as journal:
        journal.record(Source("m", {}), [Draw("item", "ab" * 32, len(journal), 4, "warm")])
        print("holds", len(journal), flush=True)
        sys.stdin.readline()
except AccordError as error:
    print(error)
"""


def _started(program, *arguments):
    command, pipe = [sys.executable, "-c", PLAYED + program, *map(str, arguments)], subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.slow
def test_every_module_imports():
    with _started(IMPORTING) as child:
        said = child.communicate()[0].split("\n")
    count = int(said[-2].removeprefix("imported "))
    assert said[:-2] == [] and count > 400


@pytest.mark.parametrize("line", ["import fcntl", "from signal import SIGKILL", "import os; os.killpg"])
def test_what_is_missing_is_missing_for_ours_alone(line):
    with _started(f"{line}\nprint('here')\nexec({line!r}, {{'__name__': 'accord.data.journal.lock'}})") as child:
        assert child.communicate()[0] == "here\n"
    assert child.returncode == 1


def test_a_journal_is_held_by_one_process_at_a_time(tmp_path):
    path = tmp_path / "run" / "journal.sqlite"
    with _started(RECORDING, path) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "holds 1\n"
        with _started(RECORDING, path) as second:
            assert f"is in use by process {first.pid}." in second.communicate()[0]
        first.communicate("\n")
    with _started(RECORDING, path) as third:
        assert third.communicate("\n")[0] == "holds 2\n"
