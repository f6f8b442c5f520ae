"""What comes back of draws, whole, in short and in bulk, is what was recorded, however it is looked up."""

import hashlib
import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.data import (
    Draw,
    Journal,
    Outcome,
    PromptOutline,
    Source,
)
from worlds.some_draws import PROMPT, SOURCE, a_draw

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
        journal.record(SOURCE, [a_draw(index, label=label) for index, label in enumerate(labels)])
        assert [type(one.label) for one in journal.draws(SOURCE, PROMPT)] == [int, float, str, int, float]
        (outline,) = journal.outlines(SOURCE)
    assert [type(outcome.label) for outcome in outline.outcomes] == [int, float, str, int, float]
    assert outline.outcomes[0] is outline.outcomes[3], "equal outcomes are one object"


def test_labels_that_never_repeat_all_come_back(path):
    labels = [number / 7 for number in range(20_100)]  # more than are remembered at a time
    with Journal(path) as journal:
        journal.record(SOURCE, [a_draw(index, label=label) for index, label in enumerate(labels)])
        (outline,) = journal.outlines(SOURCE)
    assert [outcome.label for outcome in outline.outcomes] == labels


def test_prompts_are_found_whether_they_are_indexed_yet_or_not(path):
    draws = [a_draw(prompt=_prompt(number), item_id=f"item {number}") for number in range(60_000)]
    with Journal(path) as journal:  # 50,000 prompts go into the index together, the rest stays out
        for start in range(0, len(draws), 7_000):
            journal.record(SOURCE, draws[start : start + 7_000])
    with Journal(path) as journal:
        journal.record(SOURCE, [*draws[100:102], *draws[-2:], a_draw(prompt=_prompt(-1))])
        assert len(journal) == 60_001
        prompts = [_prompt(number) for number in range(59_000, -2, -1_000)]
        assert [prompt for prompt, found in journal.draws_of(SOURCE, prompts) if len(found) != 1] == []
        assert [len(outline.numbers) for outline in journal.outlines(SOURCE, prompts)] == [1] * 60
        next(journal.outlines(SOURCE))  # left at once, while much is read ahead
        assert [outline.prompt for outline in journal.outlines(SOURCE)] == [draw.prompt for draw in draws] + [
            _prompt(-1)
        ]
        found = journal.outlines(SOURCE, (draw.prompt for draw in draws))
        assert [outline.prompt for outline in found if outline.numbers == (0,)] == [draw.prompt for draw in draws]


def test_draws_can_be_recorded_while_others_are_read(path):
    prompts = [_prompt(number) for number in range(5_000)]
    with Journal(path) as journal:
        journal.record(SOURCE, [a_draw(prompt=prompt) for prompt in prompts])
        seen = []
        for outline in journal.outlines(SOURCE):
            seen.append(outline.prompt)
            if len(seen) % 100 == 0:
                journal.record(SOURCE, [a_draw(1, prompt=outline.prompt)])
        for number, (prompt, found) in enumerate(journal.draws_of(SOURCE, prompts)):
            assert len(found) == (2 if number % 100 == 99 else 1)
            if number % 100 == 0:
                journal.record(SOURCE, [a_draw(2, prompt=prompt)])
        assert seen == prompts and len(journal) == 5_100
        next(journal.outlines(SOURCE))  # left at once
        next(journal.recorded(SOURCE))
        journal.record(SOURCE, [a_draw(3, prompt=prompts[0])])
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
        journal.record(SOURCE, [a_draw(prompt=PROMPT.upper())])
        assert journal.draws(SOURCE, PROMPT) == journal.draws(SOURCE, PROMPT.upper()) == [a_draw()]


def test_what_a_refused_batch_brought_is_forgotten(path):
    """A source, a prompt and an outcome that were new in it are new again in the next one."""
    new, first = Source("new", {}), a_draw(0, label="new", reason="new")
    with Journal(path) as journal:
        journal.record(SOURCE, [a_draw(prompt=_prompt(1))])
        for _ in range(2):
            with pytest.raises(ValueError, match="non-hexadecimal"):
                journal.record(new, [first, a_draw(1, prompt="not a hash")])
            with pytest.raises(UnicodeEncodeError):
                journal.record(new, [first, a_draw(1, text="half a character: \ud800")])
        assert journal.draws(new, PROMPT) == [] and list(journal.outlines(new)) == []
        journal.record(SOURCE, [a_draw(0, label=2)])
        journal.record(new, [first])
    with Journal(path) as journal:
        assert journal.draws(new, PROMPT) == [first]
        assert journal.draws(SOURCE, PROMPT) == [a_draw(0, label=2)]
        assert [outline.outcomes[0].label for outline in journal.outlines(SOURCE)] == [4, 2]
