"""What people choose: on disk before it is acknowledged, the latest stands, the history stays, one writer at a time."""

import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from accord.data import Choice, Choices, InputError, SetupError, standing_choices


def test_the_latest_choice_of_a_person_stands_and_the_history_stays(tmp_path: Path) -> None:
    with Choices(tmp_path / "run" / "review.sqlite") as choices:
        first = choices.record(Choice("ana", "trace", "1", {"trace": "a"}, ("b", "a"), "v1"))
        choices.record(Choice("ben", "trace", "1", {}, ("a", "b"), "v1"))
        choices.record(Choice("ana", "label", "1", {"label": None}))
        choices.record(Choice("ana", "trace", "1", {"text": "é"}, ("b", "a"), "v1"))
        assert [one.choice for one in choices.standing()] == [{}, {"label": None}, {"text": "é"}]
        assert len(choices.history()) == 4
        assert choices.history()[0] == first and first.shown == ("b", "a") and first.time.endswith("+00:00")
        standing = choices.standing()
        assert standing_choices(choices.path) == standing, "another process may read meanwhile"
    assert standing_choices(tmp_path / "run" / "review.sqlite") == standing
    assert standing_choices(tmp_path / "none.sqlite") == [] and not (tmp_path / "none.sqlite").exists()


def test_a_killed_process_loses_no_choice_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "review.sqlite"
    program = (
        "import sys\nfrom accord.data import Choice, Choices\nchoices = Choices(sys.argv[1])\nnumber = 0\n"
        "while True:\n    choices.record(Choice('ana', 'trace', str(number)))\n    print(number, flush=True)\n"
        "    number += 1\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=-1, text=True) as process:
        assert process.stdout is not None
        seen = [int(process.stdout.readline()) for _ in range(30)]
        process.kill()
        seen += [int(line) for line in process.stdout if line.endswith("\n")]
    with Choices(path) as choices:  # a killed one leaves no stale lock
        subjects = [int(one.subject) for one in choices.standing()]
    assert subjects[: len(seen)] == seen and len(subjects) - len(seen) in (0, 1)


def test_threads_share_a_record_and_a_second_holder_is_refused(tmp_path: Path) -> None:
    with Choices(tmp_path / "review.sqlite") as choices:

        def work(name: str) -> None:
            for number in range(20):
                choices.record(Choice(name, "trace", str(number)))

        threads = [threading.Thread(target=work, args=(name,)) for name in ("ana", "ben", "cy")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(choices.standing()) == 60
        with pytest.raises(SetupError, match="is in use by process .* several people can use it at once"):
            Choices(tmp_path / "review.sqlite")


def test_a_file_that_is_something_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    text, other, newer = (tmp_path / name for name in ("text", "other", "newer"))
    text.write_text("not a database at all, though long enough to have a header of its own " * 20)
    with closing(sqlite3.connect(other)) as database, database:
        database.execute("CREATE TABLE draws (id INTEGER)")
    with Choices(newer):
        pass
    with closing(sqlite3.connect(newer)) as database, database:
        database.execute("UPDATE meta SET value = '9' WHERE name = 'version'")
    for path, said in ((text, "is not a record of choices"), (other, "no record of choices"), (newer, "version 9")):
        before = path.read_bytes()
        with pytest.raises(InputError, match=said):
            Choices(path)
        with pytest.raises(InputError, match=said):
            standing_choices(path)
        assert path.read_bytes() == before
