"""Copies of training items, and what many items share and nobody owns."""

import pytest

from accord.optimizers.drafts.leak_guard import LeakGuard

TALE = "Once upon a time there lived a small king in a tall tower"
QUESTION = "How well does the answer explain the cause of it all?"


@pytest.mark.parametrize(
    ("text", "item"),
    [
        ("Once upon a time there lived a small", "tale"),  # 8 words in a row
        ("As they say: 'ONCE, upon a time - there lived a small king'.", "tale"),
        ("in which there lived a small king in a tall tower", "tale"),
        ("once upon a time there lived a", None),  # 7
        ("Once upon a time there lived a tiny king in a tall tower", None),  # no 8 in a row
        ("The message nice try my friend is rude", "short"),
        ("a nice try, friend", None),
        ("Well done", None),  # an item of two words is no copy of anybody
    ],
)
def test_eight_words_in_a_row_or_a_short_item_as_a_whole(text: str, item: str | None) -> None:
    guard = LeakGuard({"tale": TALE, "short": "Nice try, my friend!", "tiny": "Well done"}.items())
    assert guard.copied(text) == item


def test_what_most_items_repeat_may_be_quoted() -> None:
    def guard(count: int, sharing: int) -> LeakGuard:
        return LeakGuard(
            (f"i{number}", f"{QUESTION if number < sharing else 'Nothing.'} Number {number} says {'so ' * number}")
            for number in range(count)
        )

    text = "Ask how well does the answer explain the cause of it all, and rate that."
    assert guard(12, 7).copied(text) is None
    assert guard(12, 6).copied(text) == "i0"
    assert guard(9, 9).copied(text) == "i0", "too few items to tell"


def test_every_field_of_an_item_is_guarded() -> None:
    guard = LeakGuard([("one", "An answer of no interest at all"), ("one", TALE)])
    assert guard.copied(f"Say: {TALE}.") == "one"


def test_what_was_quoted_before_may_be_quoted_again() -> None:
    guard = LeakGuard([("tale", TALE)])
    assert guard.copied(TALE, known=f"Example: {TALE}.") is None
    assert guard.copied(TALE, known="Example: once upon a time there lived a small queen.") == "tale"
