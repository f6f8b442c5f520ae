"""Levels weighed by the tokens of a reply: by hand, whatever the tokenizer, and not where the tokens leave it open."""

import math
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.data import Interval, Label, Nominal, Ordinal, Scale
from accord.programs import Alternative, LevelWeights, Token, level_weights, parse

FIVE = Ordinal(1, 5)
TEN = Ordinal(1, 10)
TASTE = Ordinal.of(["very bad", "bad", "good", "very good"])

Step = tuple[str, Mapping[str, float]]
"""A token of the reply, and the probabilities of what could stand there, itself among them."""


def tokens_of(steps: Sequence[str | Step]) -> tuple[Token, ...]:
    """Make tokens; a bare text is sure."""
    made: list[Token] = []
    for step in steps:
        text, shares = (step, {step: 1.0}) if isinstance(step, str) else step
        likely = [Alternative(other.encode(), math.log(share)) for other, share in shares.items()]
        made.append(Token(text.encode(), math.log(shares[text]), tuple(likely)))
    return tuple(made)


def weigh(steps: Sequence[str | Step], scale: Scale = FIVE, text: str | None = None):
    """Weigh the levels of a reply made of these tokens, as it is parsed."""
    tokens = tokens_of(steps)
    said = b"".join(token.bytes for token in tokens).decode() if text is None else text
    reply = parse(said, scale)
    assert isinstance(reply.label, int | float | str), reply
    return level_weights(said, tokens, reply.place, reply.label, scale)


def seen(found) -> dict[Label, float]:
    """Return the levels that got anything."""
    assert isinstance(found, LevelWeights), found
    return {level: weight for level, weight in found.weights.items() if weight}


def test_each_level_gets_what_its_token_has_and_what_went_elsewhere_is_not_counted():
    found = weigh(["Reason: Fine.", "\nLabel:", (" 4", {" 4": 0.5, " 5": 0.2, " 3": 0.1, " seven": 0.1, " 7": 0.05})])
    assert seen(found) == pytest.approx({3: 0.1, 4: 0.5, 5: 0.2})
    assert isinstance(found, LevelWeights)
    assert found.mass == pytest.approx(0.8)
    assert found.distribution == pytest.approx({1: 0, 2: 0, 3: 0.125, 4: 0.625, 5: 0.25})
    assert list(found.weights) == [1, 2, 3, 4, 5]


def test_two_spellings_of_a_level_add_up():
    found = weigh(["Label:", (" 4", {" 4": 0.5, "4": 0.1, " 5": 0.2, " **": 0.1, "\n": 0.05})])
    assert seen(found) == pytest.approx({4: 0.6, 5: 0.2})
    named = weigh(["Label:", (" good", {" good": 0.5, " Good": 0.2, " bad": 0.1})], TASTE)
    assert seen(named) == pytest.approx({"good": 0.7, "bad": 0.1})


@pytest.mark.parametrize(
    "steps",
    [
        ["Label", ":", " ", ("4", {"4": 0.5, "5": 0.2})],
        ["Label", (": 4", {": 4": 0.5, ": 5": 0.2, "- 3": 0.1})],
        ["Label: **", ("4", {"4": 0.5, "5": 0.2}), "**", "\n"],
        ["Label:", (" **4", {" **4": 0.5, " **5": 0.2}), "**"],
        ["Label:", (" 4\n", {" 4\n": 0.5, " 5.": 0.2})],
        ['{"label": ', ("4", {"4": 0.5, "5": 0.2}), ', "reason": "a 2"}'],
        [("4", {"4": 0.5, "5": 0.2})],
        ["Label:", (" 4", {" 4": 0.5, " 5": 0.2}), "\nReason: better than", (" 3", {" 3": 0.5, " 2": 0.5})],
    ],
)
def test_the_label_is_found_whatever_the_tokens_and_the_form(steps):
    assert seen(weigh(steps)) == pytest.approx({4: 0.5, 5: 0.2})


def test_a_token_of_half_a_character_does_not_hide_the_label():
    text = "Reason: 😀.\nLabel: 4"
    emoji = "😀".encode()
    rest = tokens_of([".", "\nLabel:", (" 4", {" 4": 0.6, " 2": 0.3})])
    whole = (*tokens_of(["Reason: "]), Token(emoji[:2], 0.0), Token(emoji[2:], 0.0), *rest)
    garbled = (*tokens_of(["Reason: "]), Token("\ufffd".encode(), 0.0), Token("\ufffd".encode(), 0.0), *rest)
    for tokens in (whole, garbled):
        assert seen(level_weights(text, tokens, text.index("4"), 4, FIVE)) == pytest.approx({4: 0.6, 2: 0.3})


def test_tokens_may_hold_thinking_and_the_end_of_the_turn_beside_the_reply():
    steps = ["<think>", "Label:", (" 4", {" 4": 0.9, " 1": 0.1}), "</think>", "\n\n", "Label:"]
    label: Step = (" 4", {" 4": 0.6, " 2": 0.3})
    found = weigh([*steps, label, "<|im_end|>"], text="Label: 4")
    assert seen(found) == pytest.approx({4: 0.6, 2: 0.3})


def test_probabilities_are_multiplied_along_the_reply_where_levels_begin_alike():
    # 0.6 begin with "very": of these 0.9 go on to "good" and 0.1 to "bad".
    steps: list[str | Step] = ["Label:", (" very", {" very": 0.6, " good": 0.3, " bad": 0.1})]
    found = weigh([*steps, (" good", {" good": 0.9, " bad": 0.1})], TASTE)
    assert seen(found) == pytest.approx({"very bad": 0.06, "bad": 0.1, "good": 0.3, "very good": 0.54})


def test_the_end_of_the_turn_tells_a_level_from_a_longer_one():
    one: Step = ("1", {"1": 0.8, "9": 0.2})
    for end in ("<|im_end|>", "", "\n"):
        ended = weigh(["Label: ", one, (end, {end: 0.75, "0": 0.25})], TEN)
        assert seen(ended) == pytest.approx({1: 0.6, 9: 0.2, 10: 0.2})
        sure = weigh(["Label: ", one, (end, {end: 0.75, " stars": 0.25})], TEN)
        assert seen(sure) == pytest.approx({1: 0.8, 9: 0.2})
    ten = weigh(["Label: ", one, ("0", {"0": 0.7, "<|im_end|>": 0.3}), "<|im_end|>"], TEN)
    assert seen(ten) == pytest.approx({1: 0.24, 9: 0.2, 10: 0.56})


def test_a_level_that_longer_ones_begin_with_is_itself_where_they_are_tokens_of_their_own():
    found = weigh(["Label:", (" 1", {" 1": 0.5, " 10": 0.3, " 9": 0.2})], TEN)
    assert seen(found) == pytest.approx({1: 0.5, 9: 0.2, 10: 0.3})


@pytest.mark.parametrize(
    ("steps", "scale"),
    [
        (["Label:", (" 9", {" 9": 0.6, " 1": 0.4})], TEN),  # 1 or 10
        (["Label:", (" 1", {" 1": 0.9, " 9": 0.1})], TEN),  # how likely was 0 to follow?
        (["Label:", (" good", {" good": 0.6, " very": 0.4})], TASTE),
        (["Label:", (" 4", {" 4": 0.9, " 5": 0.1}), ".", "0"], Interval(1, 5, 0.5)),  # 4.0 is not how 4 is written
    ],
)
def test_what_the_alternatives_leave_open_is_not_guessed(steps, scale):
    assert weigh(steps, scale) == "levels_unclear"


def test_a_little_that_is_unclear_is_left_out():
    found = weigh(["Label:", (" 9", {" 9": 0.8, " 8": 0.199, " 1": 0.001})], TEN)
    assert seen(found) == pytest.approx({9: 0.8, 8: 0.199})


def test_of_two_levels_that_a_reply_may_have_written_the_longer_one_counts():
    enough = Nominal(["good", "good enough", "bad"])
    steps: list[str | Step] = ["Label:", (" good", {" good": 0.8, " bad": 0.2})]
    further = weigh([*steps, (" enough", {" enough": 0.75, "\n": 0.25}), "\n"], enough)
    assert seen(further) == pytest.approx({"good": 0.2, "good enough": 0.6, "bad": 0.2})
    ended = weigh([*steps, ("\n", {"\n": 0.25, " enough": 0.75})], enough)
    assert seen(ended) == seen(further)


def test_a_log_probability_above_zero_is_no_more_than_sure():
    token = Token(b"4", 1e6, (Alternative(b"4", 1e6), Alternative(b"5", 1e6)))
    assert seen(level_weights("4", [token], 0, 4, FIVE)) == {4: 1.0, 5: 1.0}


def test_negative_and_halved_values_are_read_as_they_are_written():
    halves = Interval(-1, 1, 0.5)
    steps: list[str | Step] = ["Label:", (" 0", {" 0": 0.6, " 1": 0.4}), (".", {".": 0.5, "\n": 0.5})]
    assert seen(weigh([*steps, ("5", {"5": 1.0})], halves)) == pytest.approx({0.0: 0.3, 0.5: 0.3, 1.0: 0.4})
    minus: list[str | Step] = ["Label:", (" -", {" -": 0.7, " 1": 0.3}), ("1", {"1": 0.8, "0": 0.2})]
    assert seen(weigh(minus, Interval(-2, 2, 1))) == pytest.approx({-1.0: 0.56, 1.0: 0.3})


def test_names_are_weighed_as_numbers_are():
    found = weigh(["Label:", (" yes", {" yes": 0.7, " no": 0.2, " n": 0.1})], Nominal(["yes", "no"]))
    assert seen(found) == pytest.approx({"yes": 0.7, "no": 0.3})


def test_without_alternatives_or_a_place_there_is_a_reason():
    bare = tokens_of(["Label:", " 4"])
    assert level_weights("Label: 4", None, 7, 4, FIVE) == "no_logprobs"
    assert level_weights("Label: 4", (), 7, 4, FIVE) == "no_logprobs"
    assert level_weights("Label: 4", bare, 7, 4, FIVE) == "no_logprobs"
    two = tokens_of(["Label:", (" 4", {" 4": 0.6, " 2": 0.3})])
    assert level_weights("Label: 4", two, None, 4, FIVE) == "no_place"
    assert level_weights("Something else: 4", two, 16, 4, FIVE) == "no_place"
    assert level_weights("Label: 4", two, 7, 5, FIVE) == "levels_unclear"


@given(
    st.lists(st.floats(-9999.0, 0.0), min_size=5, max_size=5),
    st.integers(0, 4),
    st.sampled_from(["Label: ", "Reason: so it is.\nLabel: ", "**Rating:** "]),
)
def test_the_distribution_is_the_softmax_of_the_log_probabilities(logs, best, before):
    logs = [*logs[:best], -0.5, *logs[best + 1 :]]
    likely = tuple(Alternative(f"{level}".encode(), log) for level, log in enumerate(logs, start=1))
    tokens = (*tokens_of([before]), Token(f"{best + 1}".encode(), -0.5, likely))
    found = level_weights(f"{before}{best + 1}", tokens, len(before), best + 1, FIVE)
    assert isinstance(found, LevelWeights)
    top = max(logs)
    weights = [math.exp(log - top) for log in logs]
    softmax = [weight / math.fsum(weights) for weight in weights]
    assert list(found.distribution.values()) == pytest.approx(softmax, abs=1e-12)
    assert found.mass == pytest.approx(math.fsum(map(math.exp, logs)))


@given(st.binary(max_size=40), st.integers(0, 50), st.lists(st.binary(max_size=3), max_size=12))
def test_no_tokens_raise_and_weights_are_never_negative(noise, place, pieces):
    tokens = tuple(Token(piece, -0.1, (Alternative(piece, -0.1), Alternative(noise, -3.0))) for piece in pieces)
    text = b"".join(pieces).decode("utf-8", "replace")
    found = level_weights(text, tokens, min(place, len(text)), 1, TEN)
    assert isinstance(found, str) or min(found.weights.values()) >= 0
