"""The journal's file: what it acknowledged is there after anything, and what it cannot be is refused in one line."""

import contextlib
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap

import pytest

from accord.data import (
    AccordError,
    InputError,
    Journal,
    RetryError,
    SetupError,
    Source,
)
from worlds.some_draws import PROMPT, SOURCE, a_draw


@contextlib.contextmanager
def _process(code, *arguments):
    """Run Python code in a fresh process that can talk through pipes; it is killed at the end at the latest."""
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def test_a_second_holder_is_refused_in_one_line_and_a_dead_one_holds_nothing(path):
    holder = """
        import sys
        from accord.data import Draw, Journal, Source
        journal = Journal(sys.argv[1])
        journal.record(Source("m", {}), [Draw("item", "ab" * 32, 0, 4, "warm")])
        print("held", flush=True)
        sys.stdin.readline()
    """
    with _process(holder, path) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with pytest.raises(SetupError, match=f"is in use by process {child.pid}") as caught:
            Journal(path)
        assert "\n" not in str(caught.value) and str(path) in str(caught.value)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        with Journal(path) as journal:
            assert len(journal) == 1


def test_the_same_process_cannot_hold_it_twice_and_can_reopen_it(path):
    with Journal(path), pytest.raises(SetupError, match=f"process {os.getpid()}"):
        Journal(path)
    Journal(path).close()
    journal = Journal(path)
    journal.close()
    journal.close()


@pytest.mark.parametrize("version", [1, 99])
def test_a_journal_of_another_version_is_refused_and_left_alone(path, version):
    with Journal(path) as journal:
        journal.record(SOURCE, [a_draw()])
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE meta SET value = ? WHERE name = 'version'", (str(version),))
        database.commit()
    before = path.read_bytes()
    with pytest.raises(InputError, match=f"version {version}, not 2") as caught:
        Journal(path)
    assert "another journal" in str(caught.value)
    assert path.read_bytes() == before


def test_what_is_not_a_journal_is_refused_and_left_alone(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("These are my notes, and they are long enough for a header of SQLite.\n" * 100)
    before = text.read_bytes()
    with pytest.raises(InputError, match="is not a journal"):
        Journal(text)
    assert text.read_bytes() == before
    foreign = tmp_path / "accounts.sqlite"
    with contextlib.closing(sqlite3.connect(foreign)) as database:
        database.execute("CREATE TABLE accounts (name TEXT)")
        database.execute("INSERT INTO accounts VALUES ('ada')")
        database.commit()
    before = foreign.read_bytes()
    with pytest.raises(InputError, match="SQLite file but not a journal"):
        Journal(foreign)
    assert foreign.read_bytes() == before
    with pytest.raises(SetupError):
        Journal(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be written") as caught:
        Journal(tmp_path / "file" / "journal.sqlite")
    assert "Name a folder" in str(caught.value)


def test_a_damaged_file_is_an_error_of_ours(path):
    with Journal(path) as journal:
        journal.record(SOURCE, [a_draw(index, rationale="x" * 2000) for index in range(50)])
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(AccordError) as caught, Journal(path) as journal:
        list(journal.recorded(SOURCE))
    assert str(path) in str(caught.value)


def test_a_full_disk_is_said_in_one_line_and_loses_nothing(path):
    """The operating system's limit on a file's size stands in for the full disk."""
    writer = """
        import resource, sys
        from accord.data import Draw, Journal, RetryError, Source
        source = Source("m", {})
        with Journal(sys.argv[1]) as journal:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
            try:
                for index in range(10_000):
                    journal.record(source, [Draw("item", "ab" * 32, index, 4, "warm words " * 50)])
                    print(index, flush=True)
            except RetryError as error:
                print("RetryError", error, flush=True)
            print(len(journal), flush=True)
    """
    with _process(writer, path) as child:
        said, complaints = child.communicate()
    lines = said.splitlines()
    acknowledged = [int(line) for line in lines[:-2]]
    assert lines[-2].startswith(f"RetryError {path}: the disk is full. Free some space"), complaints
    assert len(acknowledged) > 10
    assert lines[-1] == str(len(acknowledged)), "the journal can still be read while the disk is full"
    source = Source("m", {})
    with Journal(path) as journal:
        assert [draw.index for draw in journal.draws(source, PROMPT)] == acknowledged
        journal.record(source, [a_draw(len(acknowledged))])
        assert len(journal) == len(acknowledged) + 1


def test_a_full_disk_at_the_first_write_is_a_retry(path):
    writer = """
        import resource, sys
        from accord.data import Journal, RetryError
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        try:
            Journal(sys.argv[1])
        except RetryError as error:
            print("RetryError", error)
    """
    with _process(writer, path) as child:
        said, complaints = child.communicate()
    assert said.startswith("RetryError") and "disk is full" in said, complaints
    Journal(path).close()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_killing_the_writer_loses_no_acknowledged_draw(path, seed):
    writer = """
        import sys
        from accord.data import Draw, Journal, Source
        with Journal(sys.argv[1]) as journal:
            index = len(journal)
            while True:
                journal.record(Source("m", {}), [Draw("item", "ab" * 32, index, 4, "warm " * 40)])
                print(index, flush=True)
                index += 1
    """
    rng = random.Random(seed)
    acknowledged = []
    for _ in range(2):
        with _process(writer, path) as child:
            assert child.stdout is not None
            for _ in range(rng.randint(1, 120)):
                acknowledged.append(int(child.stdout.readline()))
            os.kill(child.pid, signal.SIGKILL)
            rest = child.stdout.read().splitlines(keepends=True)  # acknowledged between our last look and its end
            acknowledged += [int(line) for line in rest if line.endswith("\n")]
            child.wait()
    with Journal(path) as journal:
        found = [draw.index for draw in journal.draws(Source("m", {}), PROMPT)]
        (outline,) = journal.outlines(Source("m", {}))
    assert found == list(outline.numbers) == list(range(len(found)))
    assert set(acknowledged) <= set(found)
    assert len(found) - len(acknowledged) <= 2, "at most the record in flight at each kill is unacknowledged"


@pytest.mark.slow  # SQLite waits five seconds for the other program
def test_a_file_that_another_program_writes_to_is_a_retry(path):
    with Journal(path) as journal, contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RetryError, match="another program is writing"):
            journal.record(SOURCE, [a_draw()])
        other.execute("ROLLBACK")
        journal.record(SOURCE, [a_draw()])
        assert len(journal) == 1
