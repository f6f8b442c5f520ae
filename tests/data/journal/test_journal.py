"""The journal: draws are found again by source, prompt and index, each as it was recorded first."""

import contextlib
import sqlite3

import pytest

from accord.data import (
    Journal,
    Source,
)
from worlds.some_draws import PROMPT, SOURCE, a_draw


def test_what_is_recorded_is_found_after_reopening(path):
    draws = [
        a_draw(0),
        a_draw(1, label=None, rationale="", reason="no_label", text="hm", thinking="…", finish_reason="length"),
        a_draw(2, label="very good", prompt_tokens=90, completion_tokens=7),
        a_draw(3, label=-2.5),
    ]
    other = a_draw(0, prompt="cd" * 32, item_id="other")
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
        journal.record(SOURCE, [a_draw(0, label=4), a_draw(0, label=5)])
        journal.record(SOURCE, [a_draw(0, label=1), a_draw(1, label=2)])
        assert [draw.label for draw in journal.draws(SOURCE, PROMPT)] == [4, 2]
        assert len(journal) == 2


def test_sources_are_kept_apart_by_model_and_sampling(path):
    colder = Source(SOURCE.model, {**SOURCE.sampling, "temperature": 0.0})
    reordered = Source(SOURCE.model, dict(sorted(SOURCE.sampling.items(), reverse=True)))
    with Journal(path) as journal:
        journal.record(SOURCE, [a_draw(label=1)])
        journal.record(colder, [a_draw(label=2)])
        journal.record(Source("other", SOURCE.sampling), [a_draw(label=3)])
        assert [draw.label for draw in journal.draws(reordered, PROMPT)] == [1]
        assert [draw.label for draw in journal.draws(colder, PROMPT)] == [2]
        assert {source.model for source in journal.sources()} == {"model@abc", "other"}


def test_a_batch_is_recorded_whole_or_not_at_all(path):
    with Journal(path) as journal:
        with pytest.raises(ValueError, match="non-hexadecimal"):
            journal.record(SOURCE, [a_draw(0), a_draw(1, prompt="not a hash")])
        assert len(journal) == 0 and journal.sources() == []
        journal.record(SOURCE, [a_draw(0)])
        assert journal.draws(SOURCE, PROMPT) == [a_draw(0)]


def test_prompts_are_kept_as_hashes_only(path):
    with Journal(path) as journal:
        journal.record(SOURCE, [a_draw()])
    with contextlib.closing(sqlite3.connect(path)) as database:
        (stored,) = database.execute("SELECT sha256 FROM prompts").fetchone()
    assert stored == bytes.fromhex(PROMPT)
