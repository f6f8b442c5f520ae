"""How often people recognise their own reasoning: counted by hand, resampled by item, beside what chance would give."""

import random
from typing import Any

import pytest

from accord.data import InputError, Seen, recognition

ABC = frozenset("abc")


def test_shares_and_agreement_are_those_counted_by_hand() -> None:
    seen = [
        Seen("ana", "1", ABC, "a", "a"),
        Seen("ben", "1", ABC, "a", "a"),
        Seen("cy", "1", ABC, "", "a"),
        Seen("ana", "2", frozenset("ab"), "b", "a"),
        Seen("ben", "2", ABC, "b", "a"),  # saw other traces: no pair
        Seen("ana", "3", frozenset("a"), "a", "a"),  # one trace: that it stood says nothing
        Seen("ben", "4", ABC, "", "b"),
    ]
    found = recognition(seen, resamples=50)
    assert (found.choices, found.items, found.share.value) == (7, 4, pytest.approx(5 / 7))
    assert {name: one.value for name, one in found.by_person.items()} == {
        "ana": 1.0,
        "ben": pytest.approx(2 / 3),
        "cy": 0.0,
    }
    assert found.stood.value == pytest.approx(2 / 4)
    assert found.stood_by_chance == pytest.approx((1 / 3 + 1 / 3 + 1 / 2 + 1 / 3) / 4)
    assert (found.pairs, found.agreement.value) == (3, pytest.approx(1 / 3))
    assert found.by_chance == pytest.approx(1 / 4)


def test_an_interval_is_wider_where_people_speak_of_the_same_items() -> None:
    chance = random.Random(0)
    answers = [chance.choice(("a", "")) for _ in range(40)]
    apart = [Seen("ana", str(number), ABC, answers[number // 4]) for number in range(160)]
    together = [Seen(f"p{number % 4}", str(number // 4), ABC, answers[number // 4]) for number in range(160)]
    wide, narrow = recognition(together, resamples=500).share, recognition(apart, resamples=500).share
    assert wide.value == narrow.value
    assert wide.high is not None and wide.low is not None and narrow.high is not None and narrow.low is not None
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_where_nothing_was_chosen_it_is_said_why() -> None:
    found = recognition([])
    assert (found.choices, found.share.value, found.share.note) == (0, None, "nobody has chosen yet")
    alone = recognition([Seen("ana", "1", ABC, "a")], resamples=10)
    assert alone.agreement.value is None and "no two people" in alone.agreement.note and alone.by_chance is None
    assert alone.stood.value is None


@pytest.mark.parametrize(("how", "said"), [({"resamples": -1}, "resamples is -1"), ({"level": 1.0}, "level is 1.0")])
def test_a_bootstrap_that_makes_no_sense_is_refused(how: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        recognition([], **how)
