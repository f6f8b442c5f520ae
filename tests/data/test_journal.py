"""The journal: what it acknowledged is there after anything, and what it cannot be is refused in one line."""

import contextlib
import hashlib
import itertools
import os
import random
import signal
import sqlite3
import subprocess
import sys
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.data import (
    AccordError,
    Draw,
    InputError,
    Journal,
    Label,
    Outcome,
    PromptOutline,
    RetryError,
    SetupError,
    Source,
)

SOURCE = Source("model@abc", {"temperature": 1.0, "max_tokens": 64, "seed": 0})
PROMPT = "ab" * 32


def _draw(index=0, label: Label | None = 4, prompt=PROMPT, item_id="item", rationale="warm", **options):
    return Draw(item_id, prompt, index, label, rationale, **options)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "journal.sqlite"


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


def test_what_is_recorded_is_found_after_reopening(path):
    draws = [
        _draw(0),
        _draw(1, label=None, rationale="", reason="no_label", text="hm", thinking="…", finish_reason="length"),
        _draw(2, label="very good", prompt_tokens=90, completion_tokens=7),
        _draw(3, label=-2.5),
    ]
    other = _draw(0, prompt="cd" * 32, item_id="other")
    with Journal(path) as journal:
        journal.record(SOURCE, [draws[2], draws[0]])
        journal.record(SOURCE, [draws[1], draws[3], other])
        assert journal.draws(SOURCE, PROMPT) == draws
    with Journal(path) as journal:
        assert journal.draws(SOURCE, PROMPT) == draws
        assert [type(draw.label) for draw in journal.draws(SOURCE, PROMPT)] == [int, type(None), str, float]
        assert list(journal.recorded(SOURCE)) == [*draws, other]
        assert len(journal) == 5
        assert journal.sources() == [SOURCE]
        assert journal.draws(SOURCE, "00" * 32) == []


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
COUNT = st.integers(0, 2**40)


@st.composite
def _any_draws(draw, prompts=1):
    """Draws of a few prompts; a rationale may be a part of the reply, of the thinking, of both together or of none."""
    made = {}
    for _ in range(draw(st.integers(0, 8))):
        text, thinking = draw(TEXT), draw(TEXT)
        start = draw(st.integers(0, 10))
        part = (text + thinking)[start : start + draw(st.integers(0, 30))]
        number = draw(st.integers(0, prompts - 1))
        one = Draw(
            item_id=f"item {number}",
            prompt=_prompt(number),
            index=draw(st.integers(0, 20) | st.integers(0, 2**32 - 1)),
            label=draw(st.none() | st.integers(-100, 100) | st.floats(-4, 4) | TEXT),
            rationale=draw(st.just(part) | TEXT),
            reason=draw(st.sampled_from(["", "no_label", "truncated"])),
            text=text,
            thinking=thinking,
            finish_reason=draw(st.sampled_from(["stop", "length"]) | TEXT),
            prompt_tokens=draw(COUNT),
            completion_tokens=draw(COUNT),
            kind=draw(st.sampled_from(["blind", "hinted", "reading"])),
            repaired=draw(st.booleans()),
        )
        made.setdefault((number, one.index), one)
    return list(made.values())


def _prompt(number):
    return hashlib.sha256(str(number).encode()).hexdigest()


@settings(max_examples=15, deadline=None)
@given(_any_draws())
def test_any_draw_round_trips(tmp_path_factory, draws):
    path = tmp_path_factory.mktemp("journal") / "j.sqlite"
    with Journal(path) as journal:
        journal.record(SOURCE, draws)
    with Journal(path) as journal:
        found = journal.draws(SOURCE, _prompt(0))
    assert found == sorted(draws, key=lambda draw: draw.index)
    assert [type(one.label) for one in found] == [type(one.label) for one in sorted(draws, key=lambda one: one.index)]


def test_outlines_and_bulk_lookups_say_what_draws_says(path):
    sources = (Source(f"model {number}", {}) for number in itertools.count())
    with Journal(path) as journal:

        @settings(max_examples=60, deadline=None)
        @given(_any_draws(prompts=3), st.integers(1, 5))
        def check(draws, size):
            source, before = next(sources), len(journal)
            for start in range(0, len(draws), size):
                journal.record(source, draws[start : start + size])
            assert len(journal) == before + len(draws)
            asked = [_prompt(2), _prompt(9), _prompt(0), _prompt(1), _prompt(2)]
            one_by_one = [(prompt, journal.draws(source, prompt)) for prompt in asked]
            assert sum(len(found) for _, found in one_by_one[:4]) == len(draws)
            assert list(journal.draws_of(source, asked)) == one_by_one
            assert list(journal.outlines(source, asked)) == [_outline(*one) for one in one_by_one]
            first_seen = list(dict.fromkeys(draw.prompt for draw in draws))
            assert list(journal.outlines(source)) == [_outline(one, journal.draws(source, one)) for one in first_seen]

        check()


def _outline(prompt, draws):
    """What an outline says, worked out from the draws; tokens stop at the largest number of 32 bits."""
    return PromptOutline(
        prompt,
        tuple(one.index for one in draws),
        tuple(
            Outcome(one.label, one.reason, one.finish_reason, one.kind, one.repaired, one.rationale != "")
            for one in draws
        ),
        tuple(min(one.prompt_tokens, 2**32 - 1) for one in draws),
        tuple(min(one.completion_tokens, 2**32 - 1) for one in draws),
    )


def test_equal_labels_of_different_types_come_back_as_they_were(path):
    labels = [4, 4.0, "4", 4, 4.0]
    with Journal(path) as journal:
        journal.record(SOURCE, [_draw(index, label=label) for index, label in enumerate(labels)])
        assert [type(one.label) for one in journal.draws(SOURCE, PROMPT)] == [int, float, str, int, float]
        (outline,) = journal.outlines(SOURCE)
    assert [type(outcome.label) for outcome in outline.outcomes] == [int, float, str, int, float]
    assert outline.outcomes[0] is outline.outcomes[3], "equal outcomes are one object"


def test_labels_that_never_repeat_all_come_back(path):
    labels = [number / 7 for number in range(20_100)]  # more than are remembered at a time
    with Journal(path) as journal:
        journal.record(SOURCE, [_draw(index, label=label) for index, label in enumerate(labels)])
        (outline,) = journal.outlines(SOURCE)
    assert [outcome.label for outcome in outline.outcomes] == labels


def test_prompts_are_found_whether_they_are_indexed_yet_or_not(path):
    draws = [_draw(prompt=_prompt(number), item_id=f"item {number}") for number in range(60_000)]
    with Journal(path) as journal:  # 50,000 prompts go into the index together, the rest stays out
        for start in range(0, len(draws), 7_000):
            journal.record(SOURCE, draws[start : start + 7_000])
    with Journal(path) as journal:
        journal.record(SOURCE, [*draws[100:102], *draws[-2:], _draw(prompt=_prompt(-1))])
        assert len(journal) == 60_001
        prompts = [_prompt(number) for number in range(59_000, -2, -1_000)]
        assert [prompt for prompt, found in journal.draws_of(SOURCE, prompts) if len(found) != 1] == []
        assert [len(outline.numbers) for outline in journal.outlines(SOURCE, prompts)] == [1] * 60
        assert sum(1 for _ in journal.outlines(SOURCE)) == 60_001


def test_draws_can_be_recorded_while_others_are_read(path):
    prompts = [_prompt(number) for number in range(5_000)]
    with Journal(path) as journal:
        journal.record(SOURCE, [_draw(prompt=prompt) for prompt in prompts])
        seen = []
        for outline in journal.outlines(SOURCE):
            seen.append(outline.prompt)
            if len(seen) % 100 == 0:
                journal.record(SOURCE, [_draw(1, prompt=outline.prompt)])
        for number, (prompt, found) in enumerate(journal.draws_of(SOURCE, prompts)):
            assert len(found) == (2 if number % 100 == 99 else 1)
            if number % 100 == 0:
                journal.record(SOURCE, [_draw(2, prompt=prompt)])
        assert seen == prompts and len(journal) == 5_100
        next(journal.outlines(SOURCE))  # left at once
        next(journal.recorded(SOURCE))
        journal.record(SOURCE, [_draw(3, prompt=prompts[0])])
    with Journal(path) as journal:
        assert [one.index for one in journal.draws(SOURCE, prompts[0])] == [0, 2, 3]


def test_looking_up_leaves_no_source_behind(path):
    with Journal(path) as journal:
        assert list(journal.draws_of(SOURCE, [PROMPT])) == [(PROMPT, [])]
        assert list(journal.outlines(SOURCE, [PROMPT])) == [PromptOutline(PROMPT)]
        assert list(journal.outlines(SOURCE)) == list(journal.recorded(SOURCE)) == []
        journal.record(SOURCE, [])
        assert journal.sources() == [] and len(journal) == 0


def test_a_hash_in_capitals_is_the_same_prompt(path):
    with Journal(path) as journal:
        journal.record(SOURCE, [_draw(prompt=PROMPT.upper())])
        assert journal.draws(SOURCE, PROMPT) == journal.draws(SOURCE, PROMPT.upper()) == [_draw()]


def test_a_recorded_draw_stays_as_it_is(path):
    with Journal(path) as journal:
        journal.record(SOURCE, [_draw(0, label=4), _draw(0, label=5)])
        journal.record(SOURCE, [_draw(0, label=1), _draw(1, label=2)])
        assert [draw.label for draw in journal.draws(SOURCE, PROMPT)] == [4, 2]
        assert len(journal) == 2


def test_sources_are_kept_apart_by_model_and_sampling(path):
    colder = Source(SOURCE.model, {**SOURCE.sampling, "temperature": 0.0})
    reordered = Source(SOURCE.model, dict(sorted(SOURCE.sampling.items(), reverse=True)))
    with Journal(path) as journal:
        journal.record(SOURCE, [_draw(label=1)])
        journal.record(colder, [_draw(label=2)])
        journal.record(Source("other", SOURCE.sampling), [_draw(label=3)])
        assert [draw.label for draw in journal.draws(reordered, PROMPT)] == [1]
        assert [draw.label for draw in journal.draws(colder, PROMPT)] == [2]
        assert {source.model for source in journal.sources()} == {"model@abc", "other"}


def test_a_batch_is_recorded_whole_or_not_at_all(path):
    with Journal(path) as journal:
        with pytest.raises(ValueError, match="non-hexadecimal"):
            journal.record(SOURCE, [_draw(0), _draw(1, prompt="not a hash")])
        assert len(journal) == 0 and journal.sources() == []
        journal.record(SOURCE, [_draw(0)])
        assert journal.draws(SOURCE, PROMPT) == [_draw(0)]


def test_what_a_refused_batch_brought_is_forgotten(path):
    """A source, a prompt and an outcome that were new in it are new again in the next one."""
    new, first = Source("new", {}), _draw(0, label="new", reason="new")
    with Journal(path) as journal:
        journal.record(SOURCE, [_draw(prompt=_prompt(1))])
        for _ in range(2):
            with pytest.raises(ValueError, match="non-hexadecimal"):
                journal.record(new, [first, _draw(1, prompt="not a hash")])
            with pytest.raises(UnicodeEncodeError):
                journal.record(new, [first, _draw(1, text="half a character: \ud800")])
        assert journal.draws(new, PROMPT) == [] and list(journal.outlines(new)) == []
        journal.record(SOURCE, [_draw(0, label=2)])
        journal.record(new, [first])
    with Journal(path) as journal:
        assert journal.draws(new, PROMPT) == [first]
        assert journal.draws(SOURCE, PROMPT) == [_draw(0, label=2)]
        assert [outline.outcomes[0].label for outline in journal.outlines(SOURCE)] == [4, 2]


def test_prompts_are_kept_as_hashes_only(path):
    with Journal(path) as journal:
        journal.record(SOURCE, [_draw()])
    with contextlib.closing(sqlite3.connect(path)) as database:
        (stored,) = database.execute("SELECT sha256 FROM prompts").fetchone()
    assert stored == bytes.fromhex(PROMPT)


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
        journal.record(SOURCE, [_draw()])
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
        journal.record(SOURCE, [_draw(index, rationale="x" * 2000) for index in range(50)])
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
        journal.record(source, [_draw(len(acknowledged))])
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
            journal.record(SOURCE, [_draw()])
        other.execute("ROLLBACK")
        journal.record(SOURCE, [_draw()])
        assert len(journal) == 1
