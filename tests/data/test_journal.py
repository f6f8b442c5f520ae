"""The journal: draws are found again by source, prompt and index, each as it was recorded first."""

import contextlib
import sqlite3

import pytest

from accord.data import (
    Draw,
    Journal,
    Label,
    Source,
)

SOURCE = Source("model@abc", {"temperature": 1.0, "max_tokens": 64, "seed": 0})
PROMPT = "ab" * 32


def _draw(index=0, label: Label | None = 4, prompt=PROMPT, item_id="item", rationale="warm", **options):
    return Draw(item_id, prompt, index, label, rationale, **options)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "journal.sqlite"


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


def test_prompts_are_kept_as_hashes_only(path):
    with Journal(path) as journal:
        journal.record(SOURCE, [_draw()])
    with contextlib.closing(sqlite3.connect(path)) as database:
        (stored,) = database.execute("SELECT sha256 FROM prompts").fetchone()
    assert stored == bytes.fromhex(PROMPT)
