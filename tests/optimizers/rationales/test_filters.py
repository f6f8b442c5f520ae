"""What may not stand for an item, and the reason that is counted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.data import SetupError
from accord.optimizers import DEFAULT_FILTERS, Copy, Degenerate, Duplicate, Empty, Filter, Length, OtherScript
from accord.optimizers.rationales.filters import refusal

ITEM = {
    "title": "A night to forget",
    "review": "We waited an hour for a table, the soup was cold and the waiter laughed when we asked for the bill.",
}
FINE = "Long waiting, cold food and rude staff leave little to like, so this is close to the lowest level."


def refused(filter: Filter, rationale: str, *earlier: str, **fields: str) -> str:
    return filter.refuses(rationale, fields or ITEM, earlier)


def test_a_plain_rationale_passes_all_filters() -> None:
    assert refusal(DEFAULT_FILTERS, FINE, ITEM, ["Another argument altogether, from an earlier draw."]) == ""


@pytest.mark.parametrize(
    ("rationale", "reason"),
    [
        ("", "empty"),
        ("  \n\t", "empty"),
        ("--- ** ... 👍", "empty"),
        ("Bad food.", "too_short"),
        (" ".join(f"word{number}" for number in range(4_001)), "too_long"),
        ("The same again. " * 40, "repeats"),
        (ITEM["review"], "copies_item"),
        ("Ужин был испорчен, и персонал вёл себя грубо.", "wrong_language"),
        (FINE.upper().replace(",", " -"), "duplicate"),
    ],
)
def test_each_default_filter_has_a_reason_of_its_own(rationale: str, reason: str) -> None:
    assert refusal(DEFAULT_FILTERS, rationale, ITEM, [FINE]) == reason


def test_length_counts_words_within_its_limits() -> None:
    assert refused(Length(2, 4), "one") == "too_short"
    assert refused(Length(2, 4), "one two") == refused(Length(2, 4), "one two three four") == ""
    assert refused(Length(2, 4), "one two three four five") == "too_long"
    # Six characters without a space are six words, not one.
    assert refused(Length(3, 10), "食物很冷不好") == ""


def test_a_copy_is_told_by_its_share_of_the_items_runs_of_words() -> None:
    # Nine words make six runs of four; the first seven are the item's: four runs of six, 67 %.
    mixed = "the soup was cold and the waiter smiled today"
    assert refused(Copy(share=0.6), mixed) == "copies_item"
    assert refused(Copy(share=0.8), mixed) == ""
    assert refused(Copy(), "The SOUP was cold -- and the waiter laughed!") == "copies_item"
    # A quotation within an argument of one's own is fine.
    assert refused(Copy(), f"“the soup was cold” is a plain fault, and the rest of it reads no better: {FINE}") == ""
    # Fewer words than a run are one run; words that never stand together in the item are no copy.
    assert refused(Copy(), "the soup was") == "copies_item"
    assert refused(Copy(), "soup bill table") == ""
    # Runs do not go from one field into the next.
    assert refused(Copy(), "to forget we waited") == ""
    assert refused(Copy(), "") == ""


def test_a_duplicate_has_the_same_words_as_an_earlier_one() -> None:
    assert refused(Duplicate(), FINE) == ""
    assert refused(Duplicate(), FINE + " Indeed.", FINE) == ""
    assert refused(Duplicate(), "cold food", "rude staff", "Cold food!") == "duplicate"


@pytest.mark.parametrize(
    ("rationale", "item"),
    [
        ("Le repas était froid et le serveur désagréable, donc la note est basse.", "cold soup"),  # no language test
        ("Ужин был испорчен, и персонал вёл себя грубо.", "Суп был холодный, официант смеялся."),  # the item's script
        ("The soup was cold, so this is low.", "Суп был холодный, официант смеялся."),  # the guideline's script
        ("食物很冷，服务很差，所以评分很低。", "スープが冷たくて、店員が笑った。"),  # Han and kana count as one
        ("5/5 👍👍👍 10:30 — 100 %", "cold soup"),  # no letters to judge by
        ("да", "cold soup"),  # too few letters
        ("The word “холодный” (cold) settles it.", "cold soup"),  # a quotation
        (
            "\uff34\uff48\uff45 \uff53\uff4f\uff55\uff50 \uff57\uff41\uff53 \uff43\uff4f\uff4c\uff44",
            "cold soup",
        ),  # full-width Latin
        ("𝐓𝐡𝐞 𝐬𝐨𝐮𝐩 𝐰𝐚𝐬 𝐜𝐨𝐥𝐝", "cold soup"),  # mathematical letters
        ("", "cold soup"),
    ],
)
def test_scripts_that_are_fine(rationale: str, item: str) -> None:
    assert refused(OtherScript(), rationale, text=item) == ""


@pytest.mark.parametrize(
    ("rationale", "item"),
    [
        ("食物很冷，服务很差，所以评分很低。", "cold soup"),
        ("食物很冷，服务很差，所以评分很低。", "Суп был холодный, официант смеялся."),
        ("الطعام بارد والخدمة سيئة جدا", "cold soup"),
        ("음식이 차갑고 직원이 무례했다", "スープが冷たくて、店員が笑った。"),
        (
            "食物很冷，服务很差 OK，所以评分很低，低低低低低",
            "cold soup from the 王 restaurant",
        ),  # one name is no script
    ],
)
def test_scripts_that_are_not(rationale: str, item: str) -> None:
    assert refused(OtherScript(), rationale, text=item) == "wrong_language"


def test_the_guidelines_script_is_given_by_name() -> None:
    assert refused(OtherScript(known=("CYRILLIC",)), FINE, text="食物很冷") == "wrong_language"
    assert refused(OtherScript(known=("CYRILLIC", "LATIN")), FINE, text="食物很冷") == ""


def test_a_phrase_over_and_over_is_told_from_prose() -> None:
    assert refused(Degenerate(), "no " * 6) == "repeats"
    assert refused(Degenerate(), "no no no no no") == "", "too short to tell"
    assert refused(Degenerate(), "很好" * 30) == "repeats"
    # Ten words of prose, then three words 40 times: 8 runs of three in the prose, 2 across, 3 in the loop; 13 of 128.
    stuck = "The plot is slow, and the end comes too soon." + " so it is" * 40
    assert refused(Degenerate(), stuck) == "repeats"
    # A list with the same opening in each line is no loop.
    assert refused(Degenerate(), " ".join(f"The {part} is {part}{part}." for part in "abcdefgh")) == ""


@pytest.mark.parametrize(
    "make",
    [lambda: Length(5, 4), lambda: Length(-1), lambda: Copy(share=0), lambda: Copy(share=1.1), lambda: Copy(run=0)],
)
def test_limits_that_make_no_sense_are_refused_at_once(make) -> None:
    with pytest.raises(SetupError):
        make()


@settings(deadline=None)
@given(st.text(max_size=60), st.text(max_size=60), st.lists(st.text(max_size=60), max_size=3))
def test_any_text_gets_an_answer_and_the_same_one_twice(rationale: str, item: str, earlier: list[str]) -> None:
    reasons = {"", "empty", "too_short", "too_long", "repeats", "copies_item", "wrong_language", "duplicate"}
    first = refusal(DEFAULT_FILTERS, rationale, {"text": item}, earlier)
    assert first in reasons
    assert refusal(DEFAULT_FILTERS, rationale, {"text": item}, earlier) == first
    assert isinstance(Empty().refuses(rationale, {"text": item}, earlier), str)
